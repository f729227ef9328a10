import { join } from 'node:path';
import type { Clock, Logger } from '@fortfail/base';
import { replaceFile } from '../durable-file.ts';
import type { LinkState } from './agent-link.ts';
import type { Standing } from './wire.ts';

/** What `fortfail agent show` reads of a running agent: `<data>/agent/state.json`. No secret. */
export interface StoredState extends LinkState {
  readonly at: string;
  readonly pid: number;
  readonly version: string;
  readonly sentence: string;
}

const sentences: Readonly<Record<Standing, string>> = {
  pending: 'An admin has to approve this agent on the console; compare the six words.',
  held: 'This agent is held: a copy of it may exist. It gets no orders until an admin looked at it.',
  revoked: 'This agent was revoked. Enrol this host anew with `fortfail agent enrol --replace`.',
  unknown: 'The site does not know this agent. Enrol this host anew with `fortfail agent enrol --replace`.',
  'other-instance': 'Another process with the identity of this agent is connected. Stop it, or revoke the agent when it is none of yours.',
};

/** Tells how the link stands, as a sentence for people. */
export function stateSentence({ state, carrier, standing, reason }: LinkState): string {
  if (standing !== undefined) return sentences[standing];
  return state === 'connected' ? `Connected by ${carrier}.` : `Not connected (${reason ?? 'not yet'}); it tries again by itself.`;
}

/** Writes each change; a disk that refuses it costs nothing but the word. */
export function stateWriter(agentFolder: string, version: string, clock: Clock, logger: Logger): (state: LinkState) => void {
  let last = '';
  let writing = Promise.resolve();
  return (state) => {
    const sentence = stateSentence(state);
    if (`${state.state}${sentence}` === last) return;
    last = `${state.state}${sentence}`;
    const stored: StoredState = { ...state, at: clock.now().toISOString(), pid: process.pid, version, sentence };
    writing = writing
      .then(() => replaceFile(join(agentFolder, 'state.json'), `${JSON.stringify(stored)}\n`))
      .catch((err: unknown) => logger.warn({ component: 'link', err }, 'state not written'));
  };
}

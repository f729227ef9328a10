import { flag, list, text, value } from './option.ts';
import { localOptions } from './product-verbs.ts';
import { port, wholeNumber } from './value-parsers.ts';
import { defineVerb } from './verb.ts';

const hours = value('--hours <n>', 'how long the join string lasts (default 1; more than 24 with --for only)', wholeNumber);
const forHost = text('--for <host>', 'only the host of this name may use it');

export const exposeOptions = {
  ...localOptions,
  name: list('--name <host>', 'a name or address that other hosts reach this machine by; the first stands in join strings (repeatable)'),
  host: text('--host <address>', 'address to listen on (default: all of this machine)'),
  port: value('--port <number>', 'port to listen on (default: 8443)', port),
} as const;
export const joinOptions = { ...localOptions, for: forHost, hours } as const;
export const agentDecideOptions = { ...localOptions, yes: flag('--yes', 'do not ask') } as const;

const exits = [
  '0  done',
  '1  a bug',
  '2  wrong usage',
  '20  no such object',
  '21  the port is taken, other hosts cannot reach this site, or the decision does not fit',
  '24  FortFail is not up, or does not answer',
  '130  interrupted',
];

/** What a site does for its other hosts. */
export const siteVerbs = [
  defineVerb({
    name: 'expose',
    args: '',
    summary: 'Let agents of other hosts reach this site, over TLS',
    description:
      'Makes the authority and certificate of the site, listens with them now and after each start, and prints the line that makes another host an agent. Without --name it tells how the site is reached.',
    family: 'product',
    options: exposeOptions,
    exits,
    next: 'paste the printed line on the other host',
    load: () => import('../commands/expose.ts'),
  }),
  defineVerb({
    name: 'join',
    args: '',
    summary: 'Print the line that makes another host an agent of this site',
    description: 'It serves once. Compare the six words that the host prints with those of `fortfail agent list`.',
    family: 'product',
    options: joinOptions,
    exits,
    next: 'paste the printed line on the other host',
    load: () => import('../commands/join.ts'),
  }),
  defineVerb({
    name: 'agent list',
    args: '',
    summary: 'List the agents of this site, with their six words',
    family: 'product',
    options: localOptions,
    exits,
    next: 'fortfail agent decide AGENT approve',
    load: () => import('../commands/agent-list.ts'),
  }),
  defineVerb({
    name: 'agent decide',
    args: '<agent> [decision]',
    summary: 'Decide about an agent: approve, hold, keep, split, accept-rollback or revoke',
    description:
      'approve: let in one that waits. hold: no jobs until somebody looked. keep: the one that is there now is the true one, on another machine too. split: the one on the machine known so far is, and the copy enrols anew. accept-rollback: its machine was set back on purpose. revoke: over for good.',
    family: 'product',
    options: agentDecideOptions,
    exits,
    next: 'fortfail agent list',
    load: () => import('../commands/agent-decide.ts'),
  }),
];

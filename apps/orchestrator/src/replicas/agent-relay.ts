import { type Clock, FortFailError, fromErrorRecord, type Logger, toErrorRecord } from '@fortfail/base';
import { type AgentQuestion, sealedAnswer } from '@fortfail/protocol';
import { sealTo } from '@fortfail/trust';
import type { OutgoingFrame } from '../agents/agent-hub.ts';
import { randomHex } from '../ids.ts';
import type { Letter } from './relay.ts';
import type { Replicas } from './replicas.ts';

/** Longer than the other process waits for its agent, so that its answer says what was wrong. */
const askTimeoutMs = 25_000;

/** What a process does for others with the agents that are connected to it. */
export interface LocalAgents {
  askHere(agentId: string, question: AgentQuestion): Promise<unknown>;
  sendHere(agentId: string, frame: OutgoingFrame): boolean;
  broadcastHere(frame: OutgoingFrame): void;
}

export interface AgentRelayParts {
  readonly replicas: Replicas;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly local: LocalAgents;
}

interface Waiting {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

interface Ask {
  readonly id: string;
  readonly from: string;
  readonly agentId: string;
  readonly question: AgentQuestion;
}
interface Answer {
  readonly id: string;
  readonly ok: boolean;
  readonly result?: unknown;
  readonly error: Parameters<typeof fromErrorRecord>[0] | null;
}
interface Carried {
  /** Null: for all agents. */
  readonly agentId: string | null;
  readonly frame: OutgoingFrame;
}

/** Reaches agents that are connected to another process, through that process, and lets the others reach ours. */
export class AgentRelay {
  readonly #parts: AgentRelayParts;
  readonly #waiting = new Map<string, Waiting>();

  constructor(parts: AgentRelayParts) {
    this.#parts = parts;
    parts.replicas.relay?.onLetter((letter) => this.#read(letter));
  }

  /** Has another process ask its agent. Throws `unavailable` without such an agent or without an answer, or the agent's error. */
  async ask(agentId: string, question: AgentQuestion): Promise<unknown> {
    const { replicas, clock } = this.#parts;
    const to = await replicas.presence.replicaOf(agentId);
    if (to === undefined || replicas.relay === undefined) throw notConnected();
    if (question.method !== 'browse') throw notInPlain();
    const id = randomHex(16);
    const timer = new AbortController();
    const answer = new Promise<unknown>((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
    const timeout = clock.sleep(askTimeoutMs, timer.signal).then(
      () => Promise.reject(silent()),
      () => new Promise<never>(() => undefined),
    );
    try {
      const body: Ask = { id, from: replicas.id, agentId, question };
      await replicas.relay.post(to, { kind: 'ask', body });
      return await Promise.race([answer, timeout]);
    } finally {
      this.#waiting.delete(id);
      timer.abort();
    }
  }

  /** Has the process that the agent is connected to send a frame. Lost when there is none. */
  send(agentId: string, frame: OutgoingFrame): void {
    const { replicas } = this.#parts;
    if (replicas.relay === undefined) return;
    const sent = replicas.presence.replicaOf(agentId).then((to) => (to === undefined ? undefined : this.#carry(to, { agentId, frame })));
    sent.catch((err: unknown) => this.#failed(err));
  }

  /** Has all other processes send a frame to all their agents. */
  broadcast(frame: OutgoingFrame): void {
    for (const to of this.#parts.replicas.others()) this.#carry(to, { agentId: null, frame }).catch((err: unknown) => this.#failed(err));
  }

  async #carry(to: string, body: Carried): Promise<void> {
    await this.#parts.replicas.relay?.post(to, { kind: 'frame', body });
  }

  #read({ kind, body }: Letter): void {
    if (kind === 'ask') this.#answer(body as Ask).catch((err: unknown) => this.#failed(err));
    else if (kind === 'answer') this.#answered(body as Answer);
    else if (kind === 'frame') {
      const { agentId, frame } = body as Carried;
      if (agentId === null) this.#parts.local.broadcastHere(frame);
      else this.#parts.local.sendHere(agentId, frame);
    }
  }

  async #answer({ id, from, agentId, question }: Ask): Promise<void> {
    const { local, replicas } = this.#parts;
    const answered = local.askHere(agentId, question).then((result) => closed(question, result));
    const body: Answer = await answered.then(
      (result) => ({ id, ok: true, result, error: null }),
      (error: unknown) => ({ id, ok: false, error: toErrorRecord(error) }),
    );
    await replicas.relay?.post(from, { kind: 'answer', body });
  }

  #answered({ id, ok, result, error }: Answer): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (ok) waiting?.resolve(result);
    else waiting?.reject(error === null ? silent() : fromErrorRecord(error));
  }

  #failed(err: unknown): void {
    this.#parts.logger.warn({ component: 'replicas', err }, 'reaching an agent through another process failed');
  }
}

/**
 * What a host lets out in plain, since it shares the machine with this process, goes to no other machine and into no table
 * in plain: it is sealed to the tab that asks. Throws `denied` when that gave no key; the console then asks with one.
 */
async function closed(question: AgentQuestion, result: unknown): Promise<unknown> {
  if (question.method !== 'browse') throw notInPlain();
  const answer = sealedAnswer.safeParse(result);
  if (!answer.success || answer.data.form === 'sealed') return result;
  const { recipient } = question.session;
  if (recipient === '') throw notInPlain();
  const plain = new TextEncoder().encode(JSON.stringify({ v: 1, question: question.question, value: answer.data.value }));
  return { form: 'sealed', age: await sealTo([recipient], plain) };
}

function notInPlain(): FortFailError {
  return new FortFailError({
    kind: 'denied',
    code: 'approval-needed',
    message: 'unable to show this in plain, the agent is beside another orchestrator than the one that was asked',
    hint: 'Look in the console, where the answer is sealed to the tab, or ask the orchestrator beside that agent.',
  });
}

function silent(): FortFailError {
  return new FortFailError({ kind: 'unavailable', code: 'agent-silent', message: 'the agent did not answer in time' });
}

/** The agent is connected to no process that could be asked. */
export function notConnected(): FortFailError {
  return new FortFailError({
    kind: 'unavailable',
    code: 'agent-not-connected',
    message: 'unable to reach the agent, it is not connected',
    hint: 'Start it with `fortfail start` or `fortfail agent`.',
  });
}

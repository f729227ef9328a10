import { type Clock, FortFailError, fromErrorRecord, isFortFailError, type Logger } from '@fortfail/base';
import type { AgentQuestion, OrchestratorFrame } from '@fortfail/protocol';
import type { CatalogCopies } from '../catalog-copy/catalog-copies.ts';
import type { Changes } from '../changes/changes.ts';
import type { EventFeed } from '../changes/event-feed.ts';
import type { Database } from '../database/database.ts';
import type { JobLog } from '../jobs/job-log.ts';
import type { JobProgressBoard } from '../jobs/job-progress.ts';
import type { JobHold, JobQueue } from '../jobs/job-queue.ts';
import { type JobRow, jobPayloadOf } from '../jobs/job-rows.ts';
import { AgentRelay } from '../replicas/agent-relay.ts';
import type { Replicas } from '../replicas/replicas.ts';
import type { SiteMessage } from '../replicas/site-bus.ts';
import { AgentSession, type Wire } from './agent-session.ts';
import { CopyDelivery } from './copy-delivery.ts';

const askTimeoutMs = 20_000;
const pumpEveryMs = 1000;

export interface AgentHubParts {
  readonly database: Database;
  readonly changes: Changes;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly queue: JobQueue;
  readonly log: JobLog;
  readonly progress: JobProgressBoard;
  readonly feed: EventFeed;
  readonly site: string;
  /** Where the database is outside the data folder: copies of it for the agent. */
  readonly copies?: CatalogCopies | undefined;
  readonly replicas: Replicas;
}

type Question<T> = T & { readonly id: string };
interface Waiting {
  readonly agentId: string;
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/** The agents that are connected to this process: carries leases, stops and questions to them, and to others by theirs. */
export class AgentHub {
  readonly parts: AgentHubParts;
  readonly #relay: AgentRelay;
  readonly #sessions = new Map<string, AgentSession>();
  readonly #waiting = new Map<string, Waiting>();
  readonly #pumping = new Map<string, Promise<void>>();
  readonly #again = new Set<string>();
  readonly #seen = new Set<string>();
  /** Stops that were sent on the present connection, as `agent job fence`. */
  readonly #stopped = new Set<string>();
  readonly #delivery: CopyDelivery | undefined;
  #questions = 0;
  #isStopping = false;

  constructor(parts: AgentHubParts) {
    this.parts = parts;
    const { copies, replicas } = parts;
    this.#delivery = copies === undefined ? undefined : new CopyDelivery({ ...parts, copies });
    parts.queue.deliverTo(
      (agentId) => {
        void this.pump(agentId);
        if (!this.#sessions.has(agentId)) replicas.bus.publish({ type: 'queued', agentId });
      },
      (agentId, hold, reason) => {
        if (!this.#cancel(agentId, hold, reason)) replicas.bus.publish({ type: 'cancel', agentId, hold, reason });
      },
    );
    this.#relay = new AgentRelay({ ...parts, local: this });
    replicas.bus.subscribe((message) => this.#hear(message));
    replicas.presence.onMoved((agentId, key) => {
      const session = this.#sessions.get(agentId);
      if (session?.key === key) session.close(4410, 'this agent is connected to another orchestrator now');
    });
  }

  #hear(message: SiteMessage): void {
    if (message.type === 'queued') void this.pump(message.agentId);
    else if (message.type === 'cancel') this.#cancel(message.agentId, message.hold, message.reason);
  }

  /** Tells a connected agent once to stop; false when it is not connected here. */
  #cancel(agentId: string, { jobId, fence }: JobHold, reason: string): boolean {
    const session = this.#sessions.get(agentId);
    if (session === undefined) return false;
    const key = `${agentId} ${jobId} ${fence}`;
    if (this.#stopped.has(key) || !session.isReady) return true;
    this.#stopped.add(key);
    session.send({ type: 'cancel', jobId, fence, reason });
    return true;
  }

  /** Takes over a connection that has not said hello yet. Call `receive` and `closed` of what it answers. */
  accept(wire: Wire): AgentSession {
    return new AgentSession(this, wire);
  }

  /** Whether the agent is connected to any process of the site. */
  isConnected(agentId: string): boolean {
    return this.#sessions.has(agentId) || this.parts.replicas.presence.isElsewhere(agentId);
  }

  /** False when another live instance of the agent is connected, here or to another process: the newer one is refused. */
  async join(agentId: string, session: AgentSession, instance: string): Promise<boolean> {
    if (this.#isStopping || this.#sessions.has(agentId)) return false;
    // Held from here on, so that of two that come at once the second one waits for nothing.
    this.#sessions.set(agentId, session);
    const isOurs = await this.parts.replicas.presence.claim(agentId, { instance, session: session.key }).catch((error: unknown) => {
      this.#sessions.delete(agentId);
      throw error;
    });
    if (isOurs) this.#seen.add(agentId);
    else this.#sessions.delete(agentId);
    return isOurs;
  }

  leave(agentId: string, session: AgentSession): void {
    if (this.#sessions.get(agentId) !== session) return;
    this.#sessions.delete(agentId);
    for (const key of this.#stopped) if (key.startsWith(`${agentId} `)) this.#stopped.delete(key);
    this.parts.replicas.presence.release(agentId, session.key).catch((err: unknown) => {
      this.parts.logger.warn({ component: 'agents', agentId, err }, 'telling that an agent left failed; its place runs out by itself');
    });
    for (const [id, waiting] of this.#waiting) {
      if (waiting.agentId !== agentId) continue;
      this.#waiting.delete(id);
      waiting.reject(notConnected());
    }
  }

  /** Leases to a connected agent what it may begin. Calls while one is under way are joined into one more round. */
  pump(agentId: string): Promise<void> {
    const current = this.#pumping.get(agentId);
    if (current !== undefined) {
      this.#again.add(agentId);
      return current;
    }
    const round = this.#pumpRounds(agentId).finally(() => this.#pumping.delete(agentId));
    this.#pumping.set(agentId, round);
    return round;
  }

  async #pumpRounds(agentId: string): Promise<void> {
    do {
      this.#again.delete(agentId);
      const session = this.#sessions.get(agentId);
      if (this.#isStopping || session === undefined || !session.isReady) return;
      try {
        for (const job of await this.parts.queue.lease(agentId)) this.#deliver(agentId, job);
      } catch (error) {
        this.parts.logger.error({ component: 'agents', agentId, err: error }, 'leasing failed');
      }
    } while (this.#again.has(agentId));
  }

  #deliver(agentId: string, job: JobRow): void {
    const payload = jobPayloadOf(job);
    const until = job.lease_until ?? this.parts.clock.now().toISOString();
    const lease = { type: 'lease', jobId: job.id, fence: job.fence, attempt: job.attempt, kind: payload.kind, until } as const;
    const send = (frame: OutgoingFrame): void => this.#sessions.get(agentId)?.send(frame);
    if (this.#delivery === undefined || payload.kind !== 'backup' || payload.source.kind !== 'config') send({ ...lease, payload });
    else this.#delivery.begin(agentId, job, (catalogCopy) => send({ ...lease, payload: { ...payload, catalogCopy } }));
  }

  /** Delivers retries whose time has come and takes back lost leases, until the signal. */
  async tick(signal: AbortSignal, firstSweepMs: number): Promise<void> {
    const { clock, queue, logger } = this.parts;
    let begun = clock.monotonicMs();
    while (!signal.aborted) {
      try {
        // After a restart agents get a lease's time to come back before their work is given away; who is back has said
        // what it has in hand.
        const isSettled = clock.monotonicMs() - begun >= firstSweepMs;
        await queue.sweep((agentId) => isSettled || this.#seen.has(agentId));
        for (const stop of await queue.stops([...this.#sessions.keys()])) this.#cancel(stop.agentId, stop.hold, stop.reason);
        for (const agentId of this.#sessions.keys()) await this.pump(agentId);
      } catch (error) {
        // While the database was away nobody could extend a lease, so all get the time that they get after a start.
        if (isFortFailError(error, 'unavailable')) {
          begun = clock.monotonicMs();
          this.#seen.clear();
        }
        logger.error({ component: 'jobs', err: error }, 'sweeping leases failed');
      }
      await clock.sleep(pumpEveryMs, signal).catch(() => undefined);
    }
  }

  /** Asks an agent, wherever it is connected, and waits. Throws `unavailable` without an agent or an answer, or the agent's own error. */
  async ask(agentId: string, question: AgentQuestion): Promise<unknown> {
    return this.#sessions.has(agentId) ? this.askHere(agentId, question) : this.#relay.ask(agentId, question);
  }

  /** Asks an agent that is connected to this process. */
  async askHere(agentId: string, question: AgentQuestion): Promise<unknown> {
    const session = this.#sessions.get(agentId);
    if (session === undefined) throw notConnected();
    this.#questions += 1;
    const id = `ask-${this.#questions}`;
    const timer = new AbortController();
    const answer = new Promise<unknown>((resolve, reject) => this.#waiting.set(id, { agentId, resolve, reject }));
    const timeout = this.parts.clock.sleep(askTimeoutMs, timer.signal).then(
      () => Promise.reject(new FortFailError({ kind: 'unavailable', code: 'agent-silent', message: 'the agent did not answer in time' })),
      () => new Promise<never>(() => undefined),
    );
    session.send({ type: 'ask', id, question });
    try {
      return await Promise.race([answer, timeout]);
    } finally {
      this.#waiting.delete(id);
      timer.abort();
    }
  }

  answered(agentId: string, answer: Question<{ ok: boolean; result?: unknown; error: unknown }>): void {
    const waiting = this.#waiting.get(answer.id);
    if (waiting === undefined || waiting.agentId !== agentId) return;
    this.#waiting.delete(answer.id);
    if (answer.ok) waiting.resolve(answer.result);
    else
      waiting.reject(
        fromErrorRecord(
          (answer.error ?? { kind: 'bug', code: 'no-error', message: 'the agent refused without a reason' }) as Parameters<
            typeof fromErrorRecord
          >[0],
        ),
      );
  }

  /** Sends a frame to an agent of this process. False when it is not connected here or not welcomed yet. */
  sendHere(agentId: string, frame: OutgoingFrame): boolean {
    const session = this.#sessions.get(agentId);
    if (session === undefined || !session.isReady) return false;
    session.send(frame);
    return true;
  }

  /** Sends a frame to all agents of this process. */
  broadcastHere(frame: OutgoingFrame): void {
    for (const agentId of this.#sessions.keys()) this.sendHere(agentId, frame);
  }

  /** Sends a frame to an agent wherever it is connected. One that is nowhere gets what it needs with its next welcome. */
  send(agentId: string, frame: OutgoingFrame): void {
    if (!this.sendHere(agentId, frame)) this.#relay.send(agentId, frame);
  }

  /** Sends a frame to every agent that is connected to any process. */
  broadcast(frame: OutgoingFrame): void {
    this.broadcastHere(frame);
    this.#relay.broadcast(frame);
  }

  revoke(agentId: string, hold: JobHold): void {
    this.#sessions.get(agentId)?.send({ type: 'revoked', ...hold });
  }

  /** No more leases from here on; connections are closed. Agents go on and come back. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await Promise.allSettled(this.#pumping.values());
    await this.#delivery?.stop();
    for (const session of [...this.#sessions.values()]) session.close(1001, 'the orchestrator stops');
  }
}

export function notConnected(): FortFailError {
  return new FortFailError({
    kind: 'unavailable',
    code: 'agent-not-connected',
    message: 'unable to reach the agent, it is not connected',
    hint: 'Start it with `fortfail start` or `fortfail agent`.',
  });
}

export type OutgoingFrame = OrchestratorFrame extends infer F ? (F extends OrchestratorFrame ? Omit<F, 'v' | 'seq'> : never) : never;

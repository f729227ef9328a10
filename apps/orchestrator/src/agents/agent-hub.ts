import { type Clock, FortFailError, fromErrorRecord, isFortFailError, type Logger } from '@fortfail/base';
import type { AgentQuestion, OrchestratorFrame } from '@fortfail/protocol';
import type { CatalogCopies } from '../catalog-copy/catalog-copies.ts';
import type { Changes } from '../changes/changes.ts';
import type { EventFeed } from '../changes/event-feed.ts';
import type { Database } from '../database/database.ts';
import type { JobLog } from '../jobs/job-log.ts';
import type { JobProgressBoard } from '../jobs/job-progress.ts';
import type { JobHold, JobQueue } from '../jobs/job-queue.ts';
import type { SiteKeys } from '../keys/site-keys.ts';
import { AgentRelay, notConnected } from '../replicas/agent-relay.ts';
import type { Replicas } from '../replicas/replicas.ts';
import type { SiteMessage } from '../replicas/site-bus.ts';
import { AgentSession, type Wire } from './agent-session.ts';
import { type AgentNews, AgentWatch } from './agent-watch.ts';
import { type Door, localDoor } from './door.ts';
import { InstanceClashes } from './instance-clashes.ts';
import { LeaseDelivery } from './lease-delivery.ts';
import { Orders } from './orders.ts';
import { closeCodeOf, recordClone } from './standing.ts';

const askTimeoutMs = 20_000;
const pumpEveryMs = 1000;
/** A connected agent says something every 5 s; one that is silent for longer than a lease is not there any more. */
const silentMs = 30_000;

export interface AgentHubParts {
  readonly database: Database;
  readonly changes: Changes;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly queue: JobQueue;
  readonly log: JobLog;
  readonly progress: JobProgressBoard;
  readonly feed: EventFeed;
  readonly site: { readonly id: string; readonly name: string };
  readonly keys: SiteKeys;
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
  readonly #delivery: LeaseDelivery;
  readonly #clashes: InstanceClashes;
  readonly #orders: Orders;
  readonly #watch: AgentWatch;
  #questions = 0;
  #isStopping = false;

  constructor(parts: AgentHubParts) {
    this.parts = parts;
    const { replicas } = parts;
    this.#clashes = new InstanceClashes(parts.clock);
    this.#orders = new Orders({ ...parts, siteId: parts.site.id, linkKey: parts.keys.link });
    this.#delivery = new LeaseDelivery({
      ...parts,
      orders: this.#orders,
      send: (agentId, frame) => this.#sessions.get(agentId)?.send(frame),
    });
    this.#watch = new AgentWatch({ ...parts, isNeeded: () => this.#sessions.size > 0, tell: (news) => this.#tell(news) });
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
    else if (message.type === 'clash') {
      const present = this.#sessions.get(message.agentId);
      if (present !== undefined && present.instance !== message.instance) this.#clashes.mayReplace(message.agentId, message.instance);
    }
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
  accept(wire: Wire, door: Door = localDoor(this.parts)): AgentSession {
    return new AgentSession(this, wire, door);
  }

  /** Whether the agent is connected to any process of the site. */
  isConnected(agentId: string): boolean {
    return this.#sessions.has(agentId) || this.parts.replicas.presence.isElsewhere(agentId);
  }

  /** False when another live instance of the agent is connected, here or to another process: the newer one is refused. */
  async join(agentId: string, session: AgentSession, instance: string): Promise<boolean> {
    if (this.#isStopping) return false;
    const present = this.#sessions.get(agentId);
    if (present !== undefined) {
      const isOver = present.instance === instance || (!session.isLocal && this.#clashes.mayReplace(agentId, instance));
      if (!isOver) return false;
      present.close(4408, 'a newer connection took its place');
      present.closed();
    }
    // Held from here on, so that of two that come at once the second one waits for nothing.
    this.#sessions.set(agentId, session);
    const { presence, bus } = this.parts.replicas;
    let isOurs = false;
    try {
      isOurs = await presence.claim(agentId, { instance, session: session.key });
    } finally {
      if (!isOurs && this.#sessions.get(agentId) === session) this.#sessions.delete(agentId);
    }
    if (!isOurs) {
      // Whether the first one still lives is known where it is connected.
      if (!session.isLocal) bus.publish({ type: 'clash', agentId, instance });
      return false;
    }
    this.#seen.add(agentId);
    return this.#sessions.get(agentId) === session;
  }

  leave(agentId: string, session: AgentSession): void {
    if (this.#sessions.get(agentId) !== session) return;
    this.#sessions.delete(agentId);
    this.#clashes.left(agentId);
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
        await this.#delivery.round(agentId);
      } catch (error) {
        this.parts.logger.error({ component: 'agents', agentId, err: error }, 'leasing failed');
      }
    } while (this.#again.has(agentId));
  }

  /** The agent said something. When a second process of it turned up meanwhile there are two of it, which goes on record. */
  async heard(agentId: string): Promise<void> {
    const other = this.#clashes.heard(agentId);
    if (other !== undefined) await recordClone(this.parts.changes, agentId, other);
  }

  /** Sends the agent its plans of this moment, signed, unless it has them from this connection. */
  async sendPlans(agentId: string, session: AgentSession): Promise<void> {
    const { order, digest } = await this.#orders.plans(agentId);
    if (session.plansDigest === digest) return;
    session.plansDigest = digest;
    session.send({ type: 'plans', order });
  }

  async #tell(news: AgentNews): Promise<void> {
    for (const [agentId, session] of [...this.#sessions]) {
      if (news.agents === 'all' || news.agents.has(agentId)) await this.#checkStanding(agentId, session);
      if (news.plans && session.isReady) await this.sendPlans(agentId, session);
    }
  }

  /** An agent that may not be here any more is sent away at once. */
  async #checkStanding(agentId: string, session: AgentSession): Promise<void> {
    const row = await this.parts.database.read.selectFrom('agent').select('status').where('id', '=', agentId).executeTakeFirst();
    if (row === undefined || row.status === 'active') return;
    session.close(closeCodeOf(`agent-${row.status}`), `this agent is ${row.status}`);
    session.closed();
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
        this.#endSilent();
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

  #endSilent(): void {
    const now = this.parts.clock.monotonicMs();
    for (const session of [...this.#sessions.values()]) {
      if (session.isLocal || now - session.heardAtMs < silentMs) continue;
      session.close(4408, 'nothing was heard for too long');
      session.closed();
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
    await this.#watch[Symbol.asyncDispose]();
    await Promise.allSettled(this.#pumping.values());
    await this.#delivery.stop();
    for (const session of [...this.#sessions.values()]) session.close(1001, 'the orchestrator stops');
  }
}

export type OutgoingFrame = OrchestratorFrame extends infer F ? (F extends OrchestratorFrame ? Omit<F, 'v' | 'seq'> : never) : never;

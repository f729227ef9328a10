import {
  asFortFailError,
  type ErrorKind,
  type ErrorRecord,
  type FortFailError,
  fromErrorRecord,
  isFortFailError,
  toErrorRecord,
} from '@fortfail/base';
import { type AgentFrame, agentFrame, linkVersion } from '@fortfail/protocol';
import { newestHeads } from '../audit/signed-heads.ts';
import { recordWitness } from '../audit/witnesses.ts';
import { takeLetter } from '../catalog/self-run.ts';
import { randomHex } from '../ids.ts';
import { leaseSeconds } from '../jobs/job-queue.ts';
import { currentRoster } from '../kit/recovery-kit.ts';
import { notePolicy } from './agent-facts.ts';
import type { AgentHub, OutgoingFrame } from './agent-hub.ts';
import type { Door } from './door.ts';
import { closeCodeOf } from './standing.ts';

/** A connection's two ends as this side needs them. */
export interface Wire {
  send(text: string): void;
  close(code: number, reason: string): void;
}

type Frame<T extends AgentFrame['type']> = Extract<AgentFrame, { type: T }>;

/** One agent's conversation: hello first, then frames in order, each handled to its end before the next. */
export class AgentSession {
  /** Names this connection among all of the site. */
  readonly key = randomHex(8);
  readonly #hub: AgentHub;
  readonly #wire: Wire;
  readonly #door: Door;
  /** The agent's process. */
  instance: string | undefined;
  /** When it said something last, by the monotonic clock. */
  heardAtMs: number;
  /** What it was sent of its plans on this connection. */
  plansDigest: string | undefined;
  #agentId: string | undefined;
  #isWelcomed = false;
  #isClosed = false;
  #sequence = 0;
  #handling: Promise<void> = Promise.resolve();

  constructor(hub: AgentHub, wire: Wire, door: Door) {
    this.#hub = hub;
    this.#wire = wire;
    this.#door = door;
    this.heardAtMs = hub.parts.clock.monotonicMs();
  }

  /** True for the resident agent, whose connection cannot end without a word. */
  get isLocal(): boolean {
    return this.#door.via === 'local-socket';
  }

  /** True once the agent was welcomed and leases may be sent. */
  get isReady(): boolean {
    return this.#isWelcomed;
  }

  send(frame: OutgoingFrame): void {
    this.#sequence += 1;
    this.#wire.send(JSON.stringify({ v: linkVersion, seq: this.#sequence, ...frame }));
  }

  close(code: number, reason: string): void {
    this.#wire.close(code, reason);
  }

  /** Resolves when the frame was handled. A frame that makes no sense ends the conversation. */
  receive(text: string): Promise<void> {
    const handled = this.#handling.then(() => this.#receive(text));
    this.#handling = handled;
    return handled;
  }

  closed(): void {
    this.#isClosed = true;
    if (this.#agentId === undefined) return;
    const agentId = this.#agentId;
    this.#agentId = undefined;
    this.#hub.leave(agentId, this);
    this.#hub.parts.logger.info({ component: 'agents', agentId }, 'agent disconnected');
  }

  async #receive(text: string): Promise<void> {
    const { logger } = this.#hub.parts;
    try {
      const frame = agentFrame.safeParse(JSON.parse(text));
      if (!frame.success) {
        logger.warn(
          { component: 'agents', agentId: this.#agentId, issues: frame.error.issues.slice(0, 5).map((issue) => issue.path.join('.')) },
          'agent frame refused',
        );
        return this.close(4400, 'frame not understood');
      }
      if (frame.data.type === 'hello') return await this.#hello(frame.data);
      if (this.#agentId === undefined) return this.close(4401, 'hello expected');
      this.heardAtMs = this.#hub.parts.clock.monotonicMs();
      await this.#hub.heard(this.#agentId);
      await this.#handle(this.#agentId, frame.data);
    } catch (error) {
      if (error instanceof SyntaxError) return this.close(4400, 'frame not understood');
      if (isFortFailError(error, 'denied')) return this.#refuse(error);
      logger.error({ component: 'agents', agentId: this.#agentId, errKind: asFortFailError(error).kind, err: error }, 'agent frame failed');
      this.close(1011, 'frame not handled, come again');
    }
  }

  async #hello(frame: Frame<'hello'>): Promise<void> {
    const { parts } = this.#hub;
    if (this.#agentId !== undefined) return this.close(4400, 'a second hello');
    const agentId = await this.#door.enter(frame);
    this.instance = frame.instance;
    if (!(await this.#hub.join(agentId, this, frame.instance))) return this.close(4409, 'another live instance of this agent is connected');
    this.#agentId = agentId;
    if (this.#isClosed) return this.closed();
    const revoked = await parts.queue.reclaim(agentId, frame.jobs);
    const roster = await currentRoster(parts.database.read);
    const linkKeys = this.isLocal ? { linkKeys: parts.keys.linkLines() } : {};
    this.send({ type: 'welcome', agentId, site: parts.site.name, leaseSeconds, revoked, roster, ...linkKeys });
    this.#isWelcomed = true;
    await this.#hub.sendPlans(agentId, this);
    for (const head of await newestHeads(parts.database.read)) this.send({ type: 'head', head });
    parts.logger.info({ component: 'agents', agentId, version: frame.version }, 'agent connected');
    // The first heartbeat pumps: outcomes that wait in the agent's outbox come before it and count before new leases.
    if (frame.jobs.length === 0) void this.#hub.pump(agentId);
  }

  #refuse({ code, message }: FortFailError): void {
    this.#hub.parts.logger.info({ component: 'agents', code }, 'agent not let in');
    // A close has room for 123 bytes of reason.
    this.close(closeCodeOf(code), Buffer.from(message).subarray(0, 120).toString().replaceAll('\uFFFD', ''));
  }

  async #handle(agentId: string, frame: Exclude<AgentFrame, Frame<'hello'>>): Promise<void> {
    switch (frame.type) {
      case 'heartbeat':
        return this.#heartbeat(agentId, frame);
      case 'started':
        if (!(await this.#hub.parts.queue.start(agentId, frame))) this.send({ type: 'revoked', jobId: frame.jobId, fence: frame.fence });
        return;
      case 'progress':
        return this.#hub.parts.progress.set(frame.jobId, this.#now(), frame.progress);
      case 'log':
        return this.#log(agentId, frame);
      case 'outcome':
        return this.#outcome(agentId, frame);
      case 'self-run':
      case 'alarm':
        return this.#letter(agentId, frame);
      case 'policy':
        return this.#policy(agentId, frame);
      case 'witness':
        return this.#witness(agentId, frame);
      case 'answer':
        return this.#hub.answered(agentId, frame);
    }
  }

  async #heartbeat(agentId: string, frame: Frame<'heartbeat'>): Promise<void> {
    const { database, queue, replicas } = this.#hub.parts;
    replicas.presence.seen(agentId);
    await database.transaction((tx) => tx.updateTable('agent').set({ last_seen_at: this.#now() }).where('id', '=', agentId).execute());
    for (const hold of await queue.extend(agentId, frame.jobs)) this.send({ type: 'revoked', ...hold });
    void this.#hub.pump(agentId);
  }

  async #log(agentId: string, frame: Frame<'log'>): Promise<void> {
    const { database, log } = this.#hub.parts;
    const job = await database.read.selectFrom('job').select(['agent_id', 'fence']).where('id', '=', frame.jobId).executeTakeFirst();
    if (job?.agent_id === agentId && job.fence === frame.fence) await log.append(frame.jobId, this.#now(), frame.lines);
  }

  async #policy(agentId: string, frame: Frame<'policy'>): Promise<void> {
    const context = { actor: { id: agentId, kind: 'agent', via: 'agent-link' }, request: 'none' } as const;
    const { database, changes } = this.#hub.parts;
    // A host that names its owner just now could not judge the roster that came with the welcome.
    const roster = frame.hasOwner ? await currentRoster(database.read) : null;
    await changes.run(context, (change) => notePolicy(change, agentId, frame));
    if (roster !== null) this.send({ type: 'roster', roster });
  }

  async #witness(agentId: string, frame: Frame<'witness'>): Promise<void> {
    const context = { actor: { id: agentId, kind: 'agent', via: 'agent-link' }, request: 'none' } as const;
    await this.#hub.parts.changes.run(context, (change) => recordWitness(change, agentId, frame));
  }

  /** The acknowledgement follows the commit, so an outcome is never lost between the two. */
  async #outcome(agentId: string, frame: Frame<'outcome'>): Promise<void> {
    const { queue, progress, logger } = this.#hub.parts;
    const error = frame.error === null ? null : toKnownError(frame.error);
    const taken = await queue.settle(agentId, frame, { status: frame.status, result: frame.result, error, summary: frame.summary });
    progress.clear(frame.jobId);
    logger.info({ component: 'jobs', agentId, jobId: frame.jobId, fence: frame.fence, status: frame.status, taken }, 'job outcome');
    this.send({ type: 'ack', outboxId: frame.outboxId });
  }

  /** What the agent did or saw by itself; acknowledged after the commit, as outcomes are. */
  async #letter(agentId: string, frame: Frame<'self-run'> | Frame<'alarm'>): Promise<void> {
    const context = { actor: { id: agentId, kind: 'agent', via: 'agent-link' }, request: 'none' } as const;
    await this.#hub.parts.changes.run(context, (change) => takeLetter(change, agentId, frame));
    this.send({ type: 'ack', outboxId: frame.outboxId });
  }

  #now(): string {
    return this.#hub.parts.clock.now().toISOString();
  }
}

/** An agent newer than we are may know kinds that we do not. */
function toKnownError(error: NonNullable<Frame<'outcome'>['error']>): ErrorRecord {
  return toErrorRecord(fromErrorRecord({ ...error, kind: error.kind as ErrorKind }));
}

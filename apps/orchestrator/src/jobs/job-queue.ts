import { type Clock, FortFailError, type Logger } from '@fortfail/base';
import { assertMove, decideLostLease, decideRetry, type JobStatus } from '@fortfail/policy';
import type { Job, JobPayload } from '@fortfail/protocol';
import { type Change, type ChangeContext, type Changes, systemContext } from '../changes/changes.ts';
import type { Database, Tx } from '../database/database.ts';
import { newId } from '../ids.ts';
import { chooseJobs } from './choose-jobs.ts';
import { type JobOutcome, leaseLost } from './job-outcome.ts';
import { activeStatuses, type JobRow, openStatuses } from './job-rows.ts';
import { takeOrderNumbers } from './order-counter.ts';

/** How long a lease holds without a heartbeat. */
export const leaseSeconds = 30;
/** How long a returned agent has to send the outcome of a job that it no longer works on. */
const outboxGraceMs = 5000;

export interface JobOrder {
  readonly kind: Job['kind'];
  readonly agentId: string;
  readonly repositoryId: string;
  readonly payload: JobPayload;
  readonly cause: Job['cause'];
  readonly planId?: string;
  readonly planName?: string;
  readonly restorePointId?: string;
  readonly restoreId?: string;
  readonly drillId?: string;
  /** 3 when not given. */
  readonly maxAttempts?: number;
}

/** Which attempt of which job: what an agent must show with all it says about a job. */
export interface JobHold {
  readonly jobId: string;
  readonly fence: number;
}

/** A job that was just leased, and the number under which its agent is ordered to do it. */
export type LeasedJob = JobRow & { readonly order: number };

/** What follows from a job's change of state, done in the same transaction: catalog, slots, restores. */
export interface JobEffects {
  started(change: Change, job: JobRow): Promise<void>;
  /** `job` as it is now; `outcome` with the result that the catalog takes in. */
  ended(change: Change, job: JobRow, outcome: JobOutcome): Promise<void>;
  /**
   * An attempt that no longer counts ended all the same. Takes in what it left in the repository, nothing of the job; false
   * when that changes nothing.
   */
  late(change: Change, job: JobRow, outcome: JobOutcome): Promise<boolean>;
}

export interface JobQueueParts {
  readonly database: Database;
  readonly changes: Changes;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly effects: JobEffects;
}

/**
 * The only writer of a job's state. Delivery is at least once: a lost lease goes back to the queue with one attempt more,
 * an outcome counts once per fence, and an ended job never changes again.
 */
export class JobQueue {
  readonly #parts: JobQueueParts;
  #onQueued: (agentId: string) => void = () => undefined;
  #onCancel: (agentId: string, hold: JobHold, reason: string) => void = () => undefined;

  constructor(parts: JobQueueParts) {
    this.#parts = parts;
  }

  /** Who carries queued jobs and stops to agents; told after the commit. */
  deliverTo(onQueued: (agentId: string) => void, onCancel: (agentId: string, hold: JobHold, reason: string) => void): void {
    this.#onQueued = onQueued;
    this.#onCancel = onCancel;
  }

  /** Queues a job as part of `change`. */
  async enqueue(change: Change, order: JobOrder): Promise<JobRow> {
    const row: JobRow = {
      id: newId('job'),
      kind: order.kind,
      status: 'queued',
      plan_id: order.planId ?? null,
      plan_name: order.planName ?? null,
      agent_id: order.agentId,
      restore_point_id: order.restorePointId ?? null,
      restore_id: order.restoreId ?? null,
      drill_id: order.drillId ?? null,
      repository_id: order.repositoryId,
      cause: order.cause,
      attempt: 0,
      max_attempts: order.maxAttempts ?? 3,
      fence: 0,
      settled_fence: 0,
      queued_at: change.now,
      not_before: change.now,
      started_at: null,
      ended_at: null,
      lease_until: null,
      cancel_reason: null,
      payload: JSON.stringify(order.payload),
      outcome: null,
      result: null,
      error: null,
    };
    await change.tx.insertInto('job').values(row).execute();
    record(change, 'job.queue', row, { kind: row.kind, cause: row.cause });
    change.afterCommit(() => this.#onQueued(row.agent_id));
    return row;
  }

  /**
   * Leases whatever the agent may begin now. Each lease has a fence of its own. On PostgreSQL jobs that another transaction
   * has in hand, such as one that is being stopped, are passed over and not waited for. Agents that are not active get none.
   */
  async lease(agentId: string): Promise<LeasedJob[]> {
    const { database, changes, clock } = this.#parts;
    const isWorth = chooseJobs(await openJobs(database.read, agentId), clock.now().toISOString()).length > 0;
    if (!isWorth) return [];
    return changes.run(agentContext(agentId), async (change) => {
      // Takes the agent's row, so that two orchestrators lease for one agent one after the other.
      const agent = change.tx
        .updateTable('agent')
        .set({ last_seen_at: change.now })
        .where('id', '=', agentId)
        .where('status', '=', 'active');
      if ((await agent.executeTakeFirst()).numUpdatedRows === 0n) return change.nothing([]);
      const leased: JobRow[] = [];
      const open = database.engine === 'postgres' ? await freeJobs(change.tx, agentId) : await openJobs(change.tx, agentId);
      for (const job of chooseJobs(open, change.now)) leased.push(await this.#leaseOne(change, job));
      if (leased.length === 0) return change.nothing([]);
      const first = await takeOrderNumbers(change.tx, agentId, leased.length);
      return leased.map((job, index) => ({ ...job, order: first + index }));
    });
  }

  async #leaseOne(change: Change, job: JobRow): Promise<JobRow> {
    const row = await update(change.tx, job.id, {
      status: 'leased',
      fence: job.fence + 1,
      attempt: job.attempt + 1,
      lease_until: this.#leaseEnd(),
    });
    record(change, 'job.lease', row, { attempt: row.attempt, fence: row.fence });
    return row;
  }

  /** The agent began. False when the hold is not, or no longer, the agent's. */
  async start(agentId: string, hold: JobHold): Promise<boolean> {
    return this.#parts.changes.run(agentContext(agentId), async (change) => {
      const job = await locked(change.tx, hold.jobId);
      if (job === undefined || !isHeldBy(job, agentId, hold)) return change.nothing(false);
      if (job.status === 'running') return change.nothing(true);
      const row = await update(change.tx, job.id, {
        status: 'running',
        started_at: job.started_at ?? change.now,
        lease_until: this.#leaseEnd(),
      });
      await this.#parts.effects.started(change, row);
      record(change, 'job.start', row, { attempt: row.attempt });
      return true;
    });
  }

  /** Extends the leases of what the agent has in hand; answers what is no longer its own. */
  async extend(agentId: string, holds: readonly JobHold[]): Promise<JobHold[]> {
    const lost: JobHold[] = [];
    await this.#parts.database.transaction(async (tx) => {
      lost.length = 0;
      for (const hold of holds) {
        const result = await tx
          .updateTable('job')
          .set({ lease_until: this.#leaseEnd() })
          .where('id', '=', hold.jobId)
          .where('fence', '=', hold.fence)
          .where('agent_id', '=', agentId)
          .where('status', 'in', activeStatuses)
          .executeTakeFirst();
        if (result.numUpdatedRows === 0n) lost.push(hold);
      }
    });
    return lost;
  }

  /**
   * An agent is back with what it has in hand. Leases of jobs it does not name end soon: their outcomes may still be on the
   * way, then the sweep takes them. Answers the holds that are no longer its own.
   */
  async reclaim(agentId: string, holds: readonly JobHold[]): Promise<JobHold[]> {
    const { database, clock } = this.#parts;
    const soon = new Date(clock.now().getTime() + outboxGraceMs).toISOString();
    const held = holds.map((hold) => hold.jobId);
    await database.transaction(async (tx) => {
      const dropped = tx
        .updateTable('job')
        .set({ lease_until: soon })
        .where('agent_id', '=', agentId)
        .where('status', 'in', activeStatuses)
        .where('lease_until', '>', soon);
      await (held.length === 0 ? dropped : dropped.where('id', 'not in', held)).execute();
    });
    return this.extend(agentId, holds);
  }

  /**
   * Takes in how an attempt ended. Repetition, a fence that was overtaken and a job that ended meanwhile change nothing
   * about the job; a snapshot that such an attempt made is listed, so that none lies in a repository unknown.
   * A failure whose kind allows it, and with attempts left, goes back to the queue.
   */
  async settle(agentId: string, hold: JobHold, outcome: JobOutcome): Promise<'settled' | 'requeued' | 'ignored'> {
    return this.#parts.changes.run(agentContext(agentId), async (change) => {
      const job = await locked(change.tx, hold.jobId);
      if (job === undefined || job.agent_id !== agentId || job.fence < hold.fence) return change.nothing('ignored' as const);
      if (!isOpen(job) || job.fence !== hold.fence || job.settled_fence >= hold.fence) {
        if (!(await this.#parts.effects.late(change, job, outcome))) change.nothing();
        return 'ignored' as const;
      }
      // A lost lease sent it back to the queue, but nobody took it since: the agent that had it is taken at its word.
      const held = job.status === 'queued' ? await update(change.tx, job.id, { status: 'leased' }) : job;
      const delaySeconds = retryDelay(held, outcome);
      if (delaySeconds !== undefined) {
        await this.#requeue(change, held, delaySeconds, outcome.error?.code ?? 'failed');
        return 'requeued' as const;
      }
      const isStopped = held.cancel_reason !== null && outcome.status === 'failed';
      await this.#end(change, held, isStopped ? { ...outcome, status: 'cancelled' } : outcome);
      return 'settled' as const;
    });
  }

  /** Why this attempt was told to stop; null while it may go on. */
  async stopReason(hold: JobHold): Promise<string | null> {
    const job = await this.#parts.database.read
      .selectFrom('job')
      .select('cancel_reason')
      .where('id', '=', hold.jobId)
      .where('fence', '=', hold.fence)
      .executeTakeFirst();
    return job?.cancel_reason ?? null;
  }

  /** What these agents have in hand and were, or should have been, told to stop. */
  async stops(agentIds: readonly string[]): Promise<{ agentId: string; hold: JobHold; reason: string }[]> {
    if (agentIds.length === 0) return [];
    const rows = await this.#parts.database.read
      .selectFrom('job')
      .select(['id', 'fence', 'agent_id', 'cancel_reason'])
      .where('status', 'in', activeStatuses)
      .where('cancel_reason', 'is not', null)
      .execute();
    const asked = new Set(agentIds);
    return rows
      .filter((row) => asked.has(row.agent_id))
      .map((row) => ({ agentId: row.agent_id, hold: { jobId: row.id, fence: row.fence }, reason: row.cancel_reason ?? '' }));
  }

  /** Stops a job: one that waits ends at once, one that is worked on when its agent says so or its lease ends. */
  async cancel(context: ChangeContext, jobId: string, reason: string): Promise<JobRow> {
    return this.#parts.changes.run(context, async (change) => {
      const job = await locked(change.tx, jobId);
      if (job === undefined) throw new FortFailError({ kind: 'not-found', code: 'no-such-job', message: `unable to find job '${jobId}'` });
      if (!isOpen(job)) {
        throw new FortFailError({
          kind: 'conflict',
          code: 'job-ended',
          message: `unable to stop job '${jobId}', it has ended as ${job.status}`,
        });
      }
      if (job.status === 'queued') return this.#end(change, job, { status: 'cancelled', result: null, error: null, summary: reason });
      const row = await update(change.tx, jobId, { cancel_reason: reason });
      record(change, 'job.cancel', row, { reason });
      change.afterCommit(() => this.#onCancel(row.agent_id, { jobId: row.id, fence: row.fence }, reason));
      return row;
    });
  }

  /** Takes back leases that ran out, of the agents that `mayLose` names. Answers how many. */
  async sweep(mayLose: (agentId: string) => boolean = () => true): Promise<number> {
    const { database, changes, clock } = this.#parts;
    const lost = await database.read
      .selectFrom('job')
      .select(['id', 'agent_id'])
      .where('status', 'in', activeStatuses)
      .where('lease_until', '<', clock.now().toISOString())
      .execute();
    const taken = lost.filter((job) => mayLose(job.agent_id));
    for (const { id } of taken) await changes.run(systemContext, (change) => this.#takeBack(change, id));
    return taken.length;
  }

  async #takeBack(change: Change, jobId: string): Promise<void> {
    const job = await locked(change.tx, jobId);
    const isLost = job !== undefined && isActive(job) && job.lease_until !== null && job.lease_until < change.now;
    if (!isLost) return change.nothing();
    if (job.cancel_reason !== null) {
      await this.#end(change, job, { status: 'cancelled', result: null, error: null, summary: job.cancel_reason });
    } else if (decideLostLease({ attempt: job.attempt, maxAttempts: job.max_attempts }).shouldRetry) {
      await this.#requeue(change, job, 0, leaseLost.code);
    } else {
      await this.#end(change, job, { status: 'failed', result: null, error: leaseLost, summary: leaseLost.message });
    }
  }

  async #requeue(change: Change, job: JobRow, delaySeconds: number, reason: string): Promise<void> {
    const notBefore = new Date(Date.parse(change.now) + delaySeconds * 1000).toISOString();
    // A lost lease leaves the fence open: its outcome may still arrive and counts until the next lease is given.
    const settled = reason === leaseLost.code ? job.settled_fence : job.fence;
    assertMove(job.status as JobStatus, 'queued');
    const row = await update(change.tx, job.id, { status: 'queued', not_before: notBefore, lease_until: null, settled_fence: settled });
    record(change, 'job.requeue', row, { reason, attempt: row.attempt, notBefore });
    change.afterCommit(() => this.#onQueued(row.agent_id));
  }

  async #end(change: Change, job: JobRow, outcome: JobOutcome): Promise<JobRow> {
    assertMove(job.status as JobStatus, outcome.status);
    const row = await update(change.tx, job.id, {
      status: outcome.status,
      started_at: job.started_at ?? (job.status === 'queued' ? null : change.now),
      ended_at: change.now,
      lease_until: null,
      settled_fence: job.fence,
      outcome: outcome.summary,
      result: outcome.result === null ? null : JSON.stringify(outcome.result),
      error: outcome.error === null ? null : JSON.stringify(outcome.error),
    });
    await this.#parts.effects.ended(change, row, outcome);
    record(change, 'job.settle', row, { status: row.status, error: outcome.error?.code });
    change.afterCommit(() => this.#onQueued(row.agent_id));
    return row;
  }

  #leaseEnd(): string {
    return new Date(this.#parts.clock.now().getTime() + leaseSeconds * 1000).toISOString();
  }
}

function agentContext(agentId: string): ChangeContext {
  return { actor: { id: agentId, kind: 'agent', via: 'agent-link' }, request: 'none' };
}

function record(change: Change, action: string, row: JobRow, detail: Record<string, string | number | undefined>): void {
  change.audit({ action, object: { kind: 'job', id: row.id }, detail });
  change.event('job', row.id, row.plan_id);
}

function isOpen(job: JobRow): boolean {
  return openStatuses.some((status) => status === job.status);
}

function isActive(job: JobRow): boolean {
  return activeStatuses.some((status) => status === job.status);
}

/** Seconds until the next attempt after a failed one; undefined when there is none. The error's kind decides. */
function retryDelay(job: JobRow, outcome: JobOutcome): number | undefined {
  if (outcome.status !== 'failed' || outcome.error === null || job.cancel_reason !== null) return undefined;
  // A person waits for a restore's answer and decides about it. One whose agent died has none and is done again: a target
  // is empty or whole, and the agent refuses one that is not empty.
  if (job.kind === 'apply-restore') return undefined;
  const decision = decideRetry({ kind: outcome.error.kind, attempt: job.attempt, maxAttempts: job.max_attempts });
  return decision.shouldRetry ? decision.delaySeconds : undefined;
}

function isHeldBy(job: JobRow, agentId: string, hold: JobHold): boolean {
  return job.agent_id === agentId && job.fence === hold.fence && isActive(job);
}

function openJobs(reader: Pick<Tx, 'selectFrom'>, agentId: string): Promise<JobRow[]> {
  return reader.selectFrom('job').selectAll().where('agent_id', '=', agentId).where('status', 'in', openStatuses).execute();
}

/** The agent's open jobs; of those that wait only the ones that nobody else has in hand, and nobody gets them now. */
async function freeJobs(tx: Tx, agentId: string): Promise<JobRow[]> {
  const jobs = tx.selectFrom('job').selectAll().where('agent_id', '=', agentId);
  // Read after the locks were taken: what another process leased just before has moved from one list to the other.
  const waiting = await jobs.where('status', '=', 'queued').forUpdate().skipLocked().execute();
  const active = await jobs.where('status', 'in', activeStatuses).execute();
  return [...active, ...waiting];
}

/** Reads a row and keeps others from changing it until the transaction ends: an empty update does that on both engines. */
async function locked(tx: Tx, jobId: string): Promise<JobRow | undefined> {
  return tx
    .updateTable('job')
    .set((eb) => ({ fence: eb.ref('fence') }))
    .where('id', '=', jobId)
    .returningAll()
    .executeTakeFirst();
}

async function update(tx: Tx, jobId: string, values: Partial<JobRow>): Promise<JobRow> {
  return tx.updateTable('job').set(values).where('id', '=', jobId).returningAll().executeTakeFirstOrThrow();
}

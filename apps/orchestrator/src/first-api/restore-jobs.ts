import { isFortFailError } from '@fortfail/base';
import type { Json } from '../audit/canonical-json.ts';
import type { Change, ChangeContext, Changes } from '../changes/changes.ts';
import type { Database } from '../database/database.ts';
import type { LegacyJobTable } from '../database/tables.ts';
import { type Caller, makerOf } from './caller.ts';
import { claimId, findClaim, markSeen } from './claims.ts';
import { extendLeases } from './commands.ts';
import { momentId } from './ids.ts';
import { recordOf } from './records.ts';
import { refuse } from './refusal.ts';
import { checkMayBe, checkRestore, type RightsRules } from './rights.ts';
import type { Snapshots } from './snapshots.ts';

export type JobStatus = 'pending' | 'in_progress' | 'completed' | 'failed';

/** What an event makes of its job; others change nothing. An ended job stays as it ended. */
const effects: Readonly<Record<string, JobStatus>> = {
  restore_started: 'in_progress',
  restore_in_progress: 'in_progress',
  restore_completed: 'completed',
  restore_success: 'completed',
  restore_failed: 'failed',
  error: 'failed',
};
const maxLogEntries = 1000;

export interface EventDraft {
  readonly jobId: string | null;
  readonly snapshotId: string | null;
  readonly eventType: string;
  readonly message: string;
  readonly metadata: Json;
}

export interface RestoreJobParts {
  readonly database: Database;
  readonly changes: Changes;
  readonly snapshots: Snapshots;
  readonly rules: RightsRules;
}

/** Restores of the first API: one job, one command for the agent that does it, and what that agent reports. */
export class RestoreJobs {
  readonly #parts: RestoreJobParts;

  constructor(parts: RestoreJobParts) {
    this.#parts = parts;
  }

  /** Throws 404. */
  async load(id: string): Promise<LegacyJobTable> {
    const row = await this.#parts.database.read.selectFrom('legacy_job').selectAll().where('id', '=', id).executeTakeFirst();
    if (row === undefined) throw noSuchJob();
    return row;
  }

  /** Queues a restore. Throws 404 for an unknown snapshot, 403, 409 while there is no verified object to restore. */
  async create(caller: Caller, snapshotId: string, target: string, context: ChangeContext): Promise<LegacyJobTable> {
    const { database, snapshots, changes, rules } = this.#parts;
    const snapshot = await snapshots.load(snapshotId);
    await checkRestore(database.read, caller, snapshot, target, rules);
    await snapshots.settle(snapshot).catch((error: unknown) => {
      if (isFortFailError(error, 'not-found')) throw refuse(409, 'no-such-object', 'Snapshot has no object yet, so it cannot be restored');
      throw error;
    });
    for (let tries = 1; ; tries += 1) {
      try {
        return await changes.run(context, (change) => insertJob(change, snapshotId, target, makerOf(caller)));
      } catch (error) {
        // Two jobs of one moment that drew the same digits.
        if (!isFortFailError(error, 'conflict') || tries >= 3) throw error;
      }
    }
  }

  /** Takes in what an agent reports. Throws 403 for another agent's queue or job. */
  async report(caller: Caller, agentId: string, draft: EventDraft, context: ChangeContext): Promise<void> {
    const { database, changes } = this.#parts;
    await checkMayBe(database.read, caller, agentId);
    await changes.run(context, async (change) => {
      const known = await findClaim(change.tx, agentId);
      const claim =
        known ??
        (caller.kind === 'newcomer'
          ? await claimId(change, agentId, { claim: 'native', agentId: caller.agentId, address: null })
          : undefined);
      // First, so that whatever one agent does at once is done one after the other: its row is the first lock of all.
      if (claim !== undefined) await markSeen(change, claim);
      const fields = {
        agent_id: agentId,
        job_id: draft.jobId,
        snapshot_id: draft.snapshotId,
        event_type: draft.eventType,
        message: draft.message,
        metadata: draft.metadata,
      };
      const isOwnJob = draft.jobId !== null && (await applyToJob(change, agentId, draft.jobId, draft));
      if (isOwnJob && claim !== undefined) await extendLeases(change, agentId);
      change.audit(recordOf('agent_event', { kind: 'agent', id: claim?.agent_id ?? agentId }, fields));
      change.event('agent', claim?.agent_id ?? 'pool');
    });
  }
}

async function insertJob(change: Change, snapshotId: string, target: string, maker: string): Promise<LegacyJobTable> {
  const now = new Date(change.now);
  const stamps = { created_at: change.now, updated_at: change.now };
  const row: LegacyJobTable = { id: momentId('job', now), snapshot_id: snapshotId, target, made_by: maker, status: 'pending', ...stamps };
  await change.tx.insertInto('legacy_job').values(row).execute();
  await change.tx
    .insertInto('legacy_command')
    .values({
      id: momentId('cmd', now),
      legacy_id: target,
      job_id: row.id,
      command_type: 'restore',
      payload: JSON.stringify({ snapshot_id: snapshotId, job_id: row.id }),
      status: 'pending',
      lease_until: null,
      deliveries: 0,
      ...stamps,
    })
    .execute();
  const fields = { job_id: row.id, snapshot_id: snapshotId, target_agent_id: target };
  change.audit(recordOf('restore_job_created', { kind: 'restore', id: row.id }, fields));
  const claim = await findClaim(change.tx, target);
  change.event('agent', claim?.agent_id ?? 'pool');
  return row;
}

/** True when it was a job of that agent. */
async function applyToJob(change: Change, agentId: string, jobId: string, draft: EventDraft): Promise<boolean> {
  // Takes the job's row, so that of two events at once each has its own line of the log.
  const job = await change.tx
    .updateTable('legacy_job')
    .set((eb) => ({ updated_at: eb.ref('updated_at') }))
    .where('id', '=', jobId)
    .returningAll()
    .executeTakeFirst();
  // An event may name a job that we never knew; it is kept as an event and changes nothing.
  if (job === undefined) return false;
  if (job.target !== agentId) throw refuse(403, 'other-agents-job', 'That job is another agent’s');
  await appendLog(change, agentId, jobId, draft);
  const next = effects[draft.eventType];
  if (next === undefined) return true;
  const moved = await change.tx
    .updateTable('legacy_job')
    .set({ status: next, updated_at: change.now })
    .where('id', '=', jobId)
    .where('status', 'in', ['pending', 'in_progress'])
    .returning('id')
    .executeTakeFirst();
  if (moved === undefined || next === 'in_progress') return true;
  await change.tx
    .updateTable('legacy_command')
    .set({ status: next, lease_until: null, updated_at: change.now })
    .where('job_id', '=', jobId)
    .execute();
  return true;
}

async function appendLog(change: Change, agentId: string, jobId: string, draft: EventDraft): Promise<void> {
  const last = await change.tx
    .selectFrom('legacy_job_log')
    .select((eb) => eb.fn.max('n').as('n'))
    .where('job_id', '=', jobId)
    .executeTakeFirst();
  const n = (last?.n ?? 0) + 1;
  if (n > maxLogEntries) return;
  const entry = JSON.stringify({
    timestamp: change.now,
    agent_id: agentId,
    event_type: draft.eventType,
    message: draft.message,
    metadata: draft.metadata,
  });
  await change.tx.insertInto('legacy_job_log').values({ job_id: jobId, n, entry }).execute();
}

/** The refusal for a job that is not there, or not the caller's to see. */
export function noSuchJob(): Error {
  return refuse(404, 'no-such-job', 'Job not found');
}

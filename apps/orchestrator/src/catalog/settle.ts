import type { Drill, JobPayload } from '@fortfail/protocol';
import { endAlert } from '../alerts/alerts.ts';
import type { Change } from '../changes/changes.ts';
import { type EvidenceSigner, signEvidence } from '../evidence/sign-evidence.ts';
import { endGrant } from '../grants/repository-grants.ts';
import { newId } from '../ids.ts';
import type { JobOutcome } from '../jobs/job-outcome.ts';
import type { JobEffects } from '../jobs/job-queue.ts';
import type { JobRow } from '../jobs/job-rows.ts';
import { recordEscrow } from '../kit/escrows.ts';
import type { BackupFigures, BackupJobResult, CheckJobResult, DrillJobResult, ForgetJobResult } from './catalog-types.ts';
import { resultColumns } from './restore-point-rows.ts';

/** What a job's end means for restore points, drills, restores, repositories and slots; in the job's own transaction. */
export function catalogEffects(signer: EvidenceSigner): JobEffects {
  return {
    async started(change, job) {
      await markSlot(change, job, 'running', null);
      if (job.kind === 'apply-restore' && job.restore_id !== null) await setRestore(change, job.restore_id, { status: 'applying' });
    },
    async ended(change, job, outcome) {
      const result = outcome.result;
      if (job.kind === 'initialise') await endInitialise(change, job, outcome);
      else if (job.kind === 'propose-restore' || job.kind === 'apply-restore') await endRestore(change, job, outcome);
      else if (job.kind === 'grant-slot' || job.kind === 'accept-slot') await endGrant(change, job, outcome);
      else if (result?.kind === 'backup') await endBackup(change, job, outcome, result);
      else if (result?.kind === 'drill') await recordDrill(change, signer, job, result);
      else if (result?.kind === 'check') await recordCheck(change, job, outcome, result);
      else if (result?.kind === 'forget') await recordForget(change, job, result);
      else if (result?.kind === 'escrow') await recordEscrow(change, job, result);
      await markSlot(change, job, slotStatus(job, outcome), outcome.status === 'succeeded' ? null : outcome.summary);
    },
    async late(change, job, outcome) {
      if (outcome.result?.kind !== 'backup' || !isKept(outcome)) return false;
      return (await recordPoint(change, job, outcome.result, pointGrade(outcome, outcome.result))) !== undefined;
    },
  };
}

function slotStatus(job: JobRow, outcome: JobOutcome): string {
  if (job.kind === 'drill' && outcome.result?.kind === 'drill' && outcome.result.outcome === 'failed') return 'failed';
  if (outcome.status === 'succeeded') return 'complete';
  return outcome.status === 'partial' ? 'partial' : 'failed';
}

async function markSlot(change: Change, job: JobRow, status: string, reason: string | null): Promise<void> {
  if (job.plan_id === null) return;
  const rows = await change.tx
    .updateTable('slot')
    .set({ status, reason })
    .where('job_id', '=', job.id)
    .returning(['kind', 'due_at'])
    .execute();
  for (const row of rows) change.event('slot', `${job.plan_id}/${row.kind}/${row.due_at}`, job.plan_id);
}

async function endInitialise(change: Change, job: JobRow, outcome: JobOutcome): Promise<void> {
  if (job.repository_id === null) return;
  const made =
    outcome.status === 'succeeded' && outcome.result?.kind === 'initialise'
      ? { status: 'ready', restic_id: outcome.result.resticId, password_file: outcome.result.passwordFile }
      : { status: 'failed' };
  await change.tx.updateTable('repository').set(made).where('id', '=', job.repository_id).where('status', '!=', 'ready').execute();
  change.event('repository', job.repository_id);
}

async function endRestore(change: Change, job: JobRow, outcome: JobOutcome): Promise<void> {
  if (job.restore_id === null) return;
  const error = outcome.error === null ? null : JSON.stringify(outcome.error);
  if (outcome.status === 'succeeded' && outcome.result?.kind === 'propose-restore') {
    return setRestore(change, job.restore_id, { status: 'proposed', proposal: JSON.stringify(outcome.result.proposal), error: null });
  }
  // Somebody on the host has to say yes first: the proposal stands, and may be applied again.
  if (job.kind === 'apply-restore' && outcome.error?.code === 'consent-needed')
    return setRestore(change, job.restore_id, { status: 'proposed', error });
  const report = outcome.result?.kind === 'apply-restore' ? JSON.stringify(outcome.result.report) : null;
  // A proposal without a proposal in it has not succeeded, whatever was said.
  const status = job.kind === 'propose-restore' && outcome.status !== 'cancelled' ? 'failed' : outcome.status;
  return setRestore(change, job.restore_id, { status, report, error, ended_at: change.now });
}

type RestoreValues = { status: string; proposal?: string; report?: string | null; error?: string | null; ended_at?: string };

async function setRestore(change: Change, restoreId: string, values: RestoreValues): Promise<void> {
  await change.tx.updateTable('restore').set(values).where('id', '=', restoreId).execute();
  change.event('restore', restoreId);
}

function isKept({ status }: JobOutcome): boolean {
  return status === 'succeeded' || status === 'partial';
}

function pointGrade(outcome: JobOutcome, result: BackupJobResult): 'partial' | 'complete' {
  return outcome.status === 'partial' || result.errors > 0 ? 'partial' : 'complete';
}

/** Lists what a backup made. One that was ordered shows that the host hears of its plans again. */
export async function endBackup(change: Change, job: JobRow, outcome: JobOutcome, result: BackupJobResult): Promise<void> {
  if (!isKept(outcome)) return;
  if (job.cause !== 'self-run' && job.plan_id !== null)
    await endAlert(change, { kind: 'self-run', object: { kind: 'plan', id: job.plan_id } });
  // Nobody knows any more what an attempt that fell silent had to leave out, so no more than `partial` is claimed of it.
  for (const figures of result.found ?? []) await recordPoint(change, job, figures, 'partial');
  const id = await recordPoint(change, job, result, pointGrade(outcome, result));
  if (id !== undefined) await change.tx.updateTable('job').set({ restore_point_id: id }).where('id', '=', job.id).execute();
}

/** Lists a snapshot as a restore point; undefined when it is listed already. */
async function recordPoint(
  change: Change,
  job: JobRow,
  figures: BackupFigures,
  grade: 'partial' | 'complete',
): Promise<string | undefined> {
  if (job.plan_id === null || job.repository_id === null) return undefined;
  const plan = await change.tx.selectFrom('plan').select('name').where('id', '=', job.plan_id).executeTakeFirstOrThrow();
  // The plan may protect something else by now; what was backed up is what the job was told to.
  const { source } = JSON.parse(job.payload) as Extract<JobPayload, { kind: 'backup' }>;
  const stored = await change.tx
    .insertInto('restore_point')
    .values({
      id: newId('rpt'),
      plan_id: job.plan_id,
      plan_name: plan.name,
      repository_id: job.repository_id,
      job_id: job.id,
      kind: source.kind,
      grade,
      received_at: change.now,
      forgotten_at: null,
      last_drill_id: null,
      ...resultColumns(figures),
    })
    .onConflict((conflict) => conflict.columns(['repository_id', 'snapshot']).doNothing())
    .returning('id')
    .executeTakeFirst();
  if (stored === undefined) return undefined;
  change.audit({
    action: 'restore-point.record',
    object: { kind: 'restore-point', id: stored.id },
    detail: { snapshot: figures.snapshot, partial: grade === 'partial' },
  });
  change.event('restore-point', stored.id, job.plan_id);
  change.event('repository', job.repository_id);
  change.event('plan', job.plan_id, job.plan_id);
  return stored.id;
}

async function recordDrill(change: Change, signer: EvidenceSigner, job: JobRow, result: DrillJobResult): Promise<void> {
  if (job.drill_id === null || job.restore_point_id === null || job.plan_id === null) return;
  const point = await change.tx.selectFrom('restore_point').selectAll().where('id', '=', job.restore_point_id).executeTakeFirstOrThrow();
  const plan = await change.tx.selectFrom('plan').select('promise').where('id', '=', job.plan_id).executeTakeFirstOrThrow();
  const { kind: _kind, signed: _signed, ...found } = result;
  const evidence: Drill = {
    ...found,
    // A drill that found a difference has not passed, whatever was said of it.
    outcome: result.differenceCount > 0 ? 'failed' : result.outcome,
    id: job.drill_id,
    restorePointId: point.id,
    planId: job.plan_id,
    planName: job.plan_name ?? point.plan_name,
    jobId: job.id,
    snapshot: point.snapshot,
    promisedRtoSeconds: (JSON.parse(plan.promise) as { rtoSeconds: number }).rtoSeconds,
    rpoSeconds: Math.max(0, (Date.parse(result.startedAt) - Date.parse(point.time)) / 1000),
  };
  await change.tx
    .insertInto('drill')
    .values({
      id: evidence.id,
      restore_point_id: point.id,
      plan_id: job.plan_id,
      outcome: evidence.outcome,
      rto_seconds: evidence.rtoSeconds,
      ended_at: new Date(evidence.endedAt).toISOString(),
      evidence: JSON.stringify(evidence),
    })
    .execute();
  await signEvidence(change, signer, job, evidence, result);
  await change.tx
    .updateTable('restore_point')
    .set({ last_drill_id: evidence.id, grade: gradeAfterDrill(point.grade, evidence.outcome) })
    .where('id', '=', point.id)
    .execute();
  change.audit({
    action: 'drill.record',
    object: { kind: 'drill', id: evidence.id },
    detail: { restorePoint: point.id, outcome: evidence.outcome, differences: evidence.differenceCount },
  });
  change.event('drill', evidence.id, job.plan_id);
  change.event('restore-point', point.id, job.plan_id);
  change.event('plan', job.plan_id, job.plan_id);
}

/** A partial point stays partial whatever was proven of it; a failed drill takes back what was claimed before. */
function gradeAfterDrill(grade: string, outcome: Drill['outcome']): string {
  if (grade === 'partial') return 'partial';
  return outcome === 'passed' ? 'drilled' : 'complete';
}

async function recordCheck(change: Change, job: JobRow, outcome: JobOutcome, result: CheckJobResult): Promise<void> {
  if (job.repository_id === null || outcome.status !== 'succeeded' || result.errors.length > 0) return;
  await change.tx.updateTable('repository').set({ checked_at: change.now }).where('id', '=', job.repository_id).execute();
  change.event('repository', job.repository_id);
  const payload = JSON.parse(job.payload) as { readData?: boolean };
  if (payload.readData !== true || result.snapshots.length === 0) return;
  const graded = await change.tx
    .updateTable('restore_point')
    .set({ grade: 'checked' })
    .where('repository_id', '=', job.repository_id)
    .where('grade', '=', 'complete')
    .where('snapshot', 'in', result.snapshots)
    .returning(['id', 'plan_id'])
    .execute();
  for (const point of graded) change.event('restore-point', point.id, point.plan_id);
}

async function recordForget(change: Change, job: JobRow, result: ForgetJobResult): Promise<void> {
  if (job.repository_id === null || result.forgotten.length === 0) return;
  const forgotten = await change.tx
    .updateTable('restore_point')
    .set({ forgotten_at: change.now })
    .where('repository_id', '=', job.repository_id)
    .where('snapshot', 'in', result.forgotten)
    .where('forgotten_at', 'is', null)
    .returning(['id', 'plan_id'])
    .execute();
  for (const point of forgotten) {
    change.audit({ action: 'restore-point.forget', object: { kind: 'restore-point', id: point.id } });
    change.event('restore-point', point.id, point.plan_id);
  }
}

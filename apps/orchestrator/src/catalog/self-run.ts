import { createHash } from 'node:crypto';
import { type ErrorKind, fromErrorRecord, toErrorRecord } from '@fortfail/base';
import { lastSlot } from '@fortfail/policy';
import type { AgentFrame, Alert, JobPayload } from '@fortfail/protocol';
import { raiseAlert } from '../alerts/alerts.ts';
import type { Change } from '../changes/changes.ts';
import type { PlanTable } from '../database/tables.ts';
import type { JobOutcome } from '../jobs/job-outcome.ts';
import type { JobRow } from '../jobs/job-rows.ts';
import { repositoryReference } from '../jobs/order-job.ts';
import { endBackup } from './settle.ts';

type SelfRun = Extract<AgentFrame, { type: 'self-run' }>;
type Alarm = Extract<AgentFrame, { type: 'alarm' }>;

/** Takes in what an agent kept for us, once however often it is told: its outbox tells it again until we acknowledge. */
export async function takeLetter(change: Change, agentId: string, letter: SelfRun | Alarm): Promise<void> {
  const isNew = await change.tx
    .insertInto('idempotency')
    .values({
      principal: `outbox:${agentId}`,
      key: letter.outboxId.slice(0, 200),
      request_hash: '',
      status: 200,
      answer: '{}',
      created_at: change.now,
    })
    .onConflict((conflict) => conflict.columns(['principal', 'key']).doNothing())
    .returning('key')
    .executeTakeFirst();
  if (isNew === undefined) return change.nothing();
  if (letter.type === 'alarm') await recordAlarm(change, agentId, letter);
  else await recordSelfRun(change, agentId, letter);
}

/** A backup that an agent made since no order came: a job that has ended, its restore point, and an alert of the plan. */
async function recordSelfRun(change: Change, agentId: string, run: SelfRun): Promise<void> {
  const plan = await change.tx
    .selectFrom('plan')
    .selectAll()
    .where('id', '=', run.planId)
    .where('agent_id', '=', agentId)
    .executeTakeFirst();
  if (plan === undefined) {
    change.audit({ action: 'self-run.refuse', object: { kind: 'agent', id: agentId }, outcome: 'refused', detail: { plan: run.planId } });
    return;
  }
  const job = await insertJob(change, agentId, plan, run);
  if (job === undefined) return change.nothing();
  change.audit({
    action: 'self-run.record',
    object: { kind: 'job', id: job.id },
    detail: { plan: plan.id, dueAt: run.dueAt, status: run.status },
  });
  change.event('job', job.id, plan.id);
  const outcome: JobOutcome = { status: run.status, result: run.result, error: knownError(run), summary: run.summary };
  if (run.result !== null) await endBackup(change, job, outcome, run.result);
  await markSlot(change, plan, job.id, run);
  await raiseAlert(change, {
    kind: 'self-run',
    severity: run.status === 'succeeded' ? 'at-risk' : 'broken',
    object: { kind: 'plan', id: plan.id },
    agentId,
    sentence: `No order for plan '${plan.name}' reached its host in time, so that ran it by itself (due ${run.dueAt}): ${run.summary} Look why orders do not come through.`,
  });
}

/** The job's id follows from the letter, so that two processes that take it in at once make one job. */
async function insertJob(change: Change, agentId: string, plan: PlanTable, run: SelfRun): Promise<JobRow | undefined> {
  const repository = await change.tx.selectFrom('repository').selectAll().where('id', '=', plan.repository_id).executeTakeFirstOrThrow();
  const id = `job_${createHash('sha256').update(`self-run\n${agentId}\n${run.outboxId}`).digest('hex').slice(0, 16)}`;
  const payload: JobPayload = {
    kind: 'backup',
    repository: repositoryReference(repository),
    planId: plan.id,
    planName: plan.name,
    source: JSON.parse(plan.source) as Extract<JobPayload, { kind: 'backup' }>['source'],
    tags: [`plan=${plan.name}`],
  };
  const error = knownError(run);
  const row: JobRow = {
    id,
    kind: 'backup',
    status: run.status,
    plan_id: plan.id,
    plan_name: plan.name,
    agent_id: agentId,
    restore_point_id: null,
    restore_id: null,
    drill_id: null,
    repository_id: repository.id,
    cause: 'self-run',
    attempt: 1,
    max_attempts: 1,
    fence: 1,
    settled_fence: 1,
    queued_at: change.now,
    not_before: change.now,
    started_at: change.now,
    ended_at: change.now,
    lease_until: null,
    cancel_reason: null,
    payload: JSON.stringify(payload),
    outcome: run.summary,
    result: run.result === null ? null : JSON.stringify(run.result),
    error: error === null ? null : JSON.stringify(error),
  };
  return await change.tx
    .insertInto('job')
    .values(row)
    .onConflict((conflict) => conflict.column('id').doNothing())
    .returningAll()
    .executeTakeFirst();
}

/** The due moment has its record: what came of it, unless it was worked off in another way. */
async function markSlot(change: Change, plan: PlanTable, jobId: string, run: SelfRun): Promise<void> {
  const dueAt = new Date(run.dueAt).toISOString();
  const schedule = JSON.parse(plan.schedule) as { readonly cron: string; readonly zone: string };
  // An agent says when it was due; whether there is such a moment is for us to know.
  if (dueAt > change.now || lastSlot(schedule, new Date(dueAt))?.toISOString() !== dueAt) return;
  const status = run.status === 'succeeded' ? 'complete' : run.status;
  const marked = { status, job_id: jobId, reason: 'its host ran it by itself' };
  await change.tx
    .insertInto('slot')
    .values({ plan_id: plan.id, kind: 'backup', due_at: dueAt, ...marked })
    .onConflict((conflict) =>
      conflict.columns(['plan_id', 'kind', 'due_at']).doUpdateSet(marked).where('slot.status', 'in', ['missed', 'skipped', 'failed']),
    )
    .execute();
  change.event('slot', `${plan.id}/backup/${dueAt}`, plan.id);
}

/** An agent newer than we are may know kinds that we do not. */
function knownError({ error }: SelfRun): JobOutcome['error'] {
  return error === null ? null : toErrorRecord(fromErrorRecord({ ...error, kind: error.kind as ErrorKind }));
}

const severities: Readonly<Record<string, Alert['severity']>> = {
  'order-forged': 'broken',
  'plans-forged': 'broken',
  'roster-refused': 'broken',
  'witness-differs': 'broken',
  'policy-unreadable': 'broken',
  'machine-changed': 'broken',
  'order-refused': 'at-risk',
  'plan-shrunk': 'at-risk',
  'policy-changed': 'at-risk',
  'consent-needed': 'info',
};

/** What a host alarms of. It is the host's own word: it is shown as such, whatever it says. */
async function recordAlarm(change: Change, agentId: string, alarm: Alarm): Promise<void> {
  change.audit({
    action: 'agent.alarm',
    object: { kind: 'agent', id: agentId },
    detail: { kind: alarm.kind.slice(0, 64), at: alarm.at, job: alarm.jobId ?? undefined },
  });
  change.event('agent', agentId);
  // Told of by the run's own letter, with what came of it.
  if (alarm.kind === 'self-run') return;
  const severity = severities[alarm.kind];
  await raiseAlert(change, {
    kind: severity === undefined ? 'agent-alarm' : alarm.kind,
    severity: severity ?? 'at-risk',
    object: { kind: 'agent', id: agentId },
    sentence: alarm.sentence,
  });
}

import { FortFailError } from '@fortfail/base';
import type { Job, JobPayload } from '@fortfail/protocol';
import type { Change } from '../changes/changes.ts';
import type { PlanTable, RepositoryTable, RestorePointTable } from '../database/tables.ts';
import { newId } from '../ids.ts';
import type { JobQueue } from './job-queue.ts';
import { type JobRow, openStatuses } from './job-rows.ts';

type Reference = Extract<JobPayload, { kind: 'backup' }>['repository'];

export function repositoryReference(row: RepositoryTable): Reference {
  return { id: row.id, name: row.name, location: row.location };
}

async function repositoryOf(change: Change, id: string): Promise<RepositoryTable> {
  return change.tx.selectFrom('repository').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
}

/** The plan's open job of that kind: a second one would only queue behind it. */
export async function openJobOf(change: Change, planId: string, kind: Job['kind']): Promise<JobRow | undefined> {
  return change.tx
    .selectFrom('job')
    .selectAll()
    .where('plan_id', '=', planId)
    .where('kind', '=', kind)
    .where('status', 'in', openStatuses)
    .executeTakeFirst();
}

/** Queues a backup of the plan. Throws `conflict` while one is open. */
export async function orderBackup(queue: JobQueue, change: Change, plan: PlanTable, cause: Job['cause']): Promise<JobRow> {
  await refuseSecond(change, plan, 'backup');
  const repository = await repositoryOf(change, plan.repository_id);
  const newest = await change.tx
    .selectFrom('restore_point')
    .select((eb) => eb.fn.max('time').as('time'))
    .where('plan_id', '=', plan.id)
    .where('repository_id', '=', repository.id)
    .executeTakeFirst();
  return queue.enqueue(change, {
    kind: 'backup',
    agentId: plan.agent_id,
    repositoryId: repository.id,
    planId: plan.id,
    planName: plan.name,
    cause,
    payload: {
      kind: 'backup',
      repository: repositoryReference(repository),
      planId: plan.id,
      planName: plan.name,
      source: JSON.parse(plan.source) as Extract<JobPayload, { kind: 'backup' }>['source'],
      tags: [`plan=${plan.name}`],
      since: newest?.time ?? plan.created_at,
    },
  });
}

/** Queues a drill of a restore point. Throws `conflict` while a drill of its plan is open or when it is forgotten. */
export async function orderDrill(queue: JobQueue, change: Change, point: RestorePointTable, cause: Job['cause']): Promise<JobRow> {
  if (point.forgotten_at !== null) throw forgotten(point);
  const plan = await change.tx.selectFrom('plan').selectAll().where('id', '=', point.plan_id).executeTakeFirstOrThrow();
  await refuseSecond(change, plan, 'drill');
  const repository = await repositoryOf(change, point.repository_id);
  const drillId = newId('drl');
  return queue.enqueue(change, {
    kind: 'drill',
    agentId: repository.agent_id,
    repositoryId: repository.id,
    planId: plan.id,
    planName: plan.name,
    restorePointId: point.id,
    drillId,
    cause,
    payload: { kind: 'drill', repository: repositoryReference(repository), drillId, restorePointId: point.id, snapshot: point.snapshot },
  });
}

/** The newest point of a plan that a drill can prove: complete or better, not forgotten. */
export async function newestDrillable(change: Pick<Change, 'tx'>, planId: string): Promise<RestorePointTable | undefined> {
  return change.tx
    .selectFrom('restore_point')
    .selectAll()
    .where('plan_id', '=', planId)
    .where('forgotten_at', 'is', null)
    .where('grade', '!=', 'partial')
    .orderBy('received_at', 'desc')
    .orderBy('id', 'desc')
    .executeTakeFirst();
}

export function forgotten(point: RestorePointTable): FortFailError {
  return new FortFailError({
    kind: 'conflict',
    code: 'point-forgotten',
    message: `unable to use restore point '${point.id}', it was forgotten`,
  });
}

async function refuseSecond(change: Change, plan: PlanTable, kind: 'backup' | 'drill'): Promise<void> {
  // Takes the plan's row, so that of two requests at once one sees the other's job.
  await change.tx.updateTable('plan').set({ name: plan.name }).where('id', '=', plan.id).execute();
  const open = await openJobOf(change, plan.id, kind);
  if (open === undefined) return;
  throw new FortFailError({
    kind: 'conflict',
    code: `${kind}-under-way`,
    message: `unable to start a ${kind} of plan '${plan.name}', one ${open.status === 'queued' ? 'waits already' : 'runs already'}`,
    hint: `Follow or cancel job ${open.id}.`,
    context: { jobId: open.id },
  });
}

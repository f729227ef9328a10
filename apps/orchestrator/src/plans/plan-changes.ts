import { FortFailError, isFortFailError } from '@fortfail/base';
import { checkSchedule } from '@fortfail/policy';
import type { PlanDraft } from '@fortfail/protocol';
import type { Change } from '../changes/changes.ts';
import type { PlanTable, RepositoryTable } from '../database/tables.ts';
import { type FieldFault, HttpRefusal, InvalidFields } from '../http/problems.ts';
import { newId } from '../ids.ts';
import { openStatuses } from '../jobs/job-rows.ts';
import { draftColumns } from './plan-rows.ts';

/** Refuses schedules that cannot be read and zones that do not exist. Throws `invalid-input`. */
export function checkDraft(draft: PlanDraft): void {
  const faults = [
    ...faultsOf('schedule', draft.schedule),
    ...(draft.drillSchedule === null ? [] : faultsOf('drillSchedule', draft.drillSchedule)),
  ];
  if (faults.length > 0) throw new InvalidFields('body', faults);
}

function faultsOf(field: string, schedule: PlanDraft['schedule']): FieldFault[] {
  try {
    checkSchedule(schedule);
    return [];
  } catch (error) {
    if (!isFortFailError(error, 'invalid-input')) throw error;
    return [{ field, message: `is an ${error.message}${error.hint === undefined ? '' : `: ${error.hint}`}` }];
  }
}

export async function createPlan(change: Change, draft: PlanDraft, repository: RepositoryTable): Promise<PlanTable> {
  const row: PlanTable = {
    id: newId('pln'),
    agent_id: repository.agent_id,
    ...draftColumns(draft),
    version: 1,
    created_at: change.now,
    updated_at: change.now,
    deleted_at: null,
  };
  await unique(draft.name, () => change.tx.insertInto('plan').values(row).execute());
  await setMarks(change, row.id, ['backup', 'drill']);
  change.audit({ action: 'plan.create', object: { kind: 'plan', id: row.id }, detail: auditOf(row) });
  change.event('plan', row.id, row.id);
  return row;
}

/** Replaces a plan when it still has the version that was seen. Throws 412 when it has not. */
export async function editPlan(
  change: Change,
  plan: PlanTable,
  version: number,
  draft: PlanDraft,
  repository: RepositoryTable,
): Promise<PlanTable> {
  const next = { ...draftColumns(draft), agent_id: repository.agent_id, version: version + 1, updated_at: change.now };
  const row = await unique(draft.name, () =>
    change.tx
      .updateTable('plan')
      .set(next)
      .where('id', '=', plan.id)
      .where('version', '=', version)
      .where('deleted_at', 'is', null)
      .returningAll()
      .executeTakeFirst(),
  );
  if (row === undefined) throw changedMeanwhile(plan);
  // What fell due under the old schedule has its record; a new one, or a plan switched on again, counts from now.
  const wasOff = plan.enabled === 0 && row.enabled === 1;
  if (wasOff || plan.schedule !== row.schedule) await setMarks(change, plan.id, ['backup']);
  if (wasOff || plan.drill_schedule !== row.drill_schedule) await setMarks(change, plan.id, ['drill']);
  change.audit({ action: 'plan.edit', object: { kind: 'plan', id: row.id }, detail: { ...auditOf(row), version: row.version } });
  change.event('plan', row.id, row.id);
  return row;
}

/** Deletes a plan without open jobs. Its restore points and its name in them stay. */
export async function deletePlan(change: Change, plan: PlanTable, version: number): Promise<void> {
  const row = await change.tx
    .updateTable('plan')
    .set({ deleted_at: change.now, enabled: 0, version: version + 1 })
    .where('id', '=', plan.id)
    .where('version', '=', version)
    .where('deleted_at', 'is', null)
    .returning('id')
    .executeTakeFirst();
  if (row === undefined) throw changedMeanwhile(plan);
  const open = await change.tx
    .selectFrom('job')
    .select('id')
    .where('plan_id', '=', plan.id)
    .where('status', 'in', openStatuses)
    .executeTakeFirst();
  if (open !== undefined) {
    throw new FortFailError({
      kind: 'conflict',
      code: 'plan-busy',
      message: `unable to delete plan '${plan.name}', its job ${open.id} has not ended`,
      hint: 'Cancel the job first.',
    });
  }
  change.audit({ action: 'plan.delete', object: { kind: 'plan', id: plan.id }, detail: { name: plan.name } });
  change.event('plan', plan.id, plan.id);
}

async function setMarks(change: Change, planId: string, kinds: readonly ('backup' | 'drill')[]): Promise<void> {
  for (const kind of kinds) {
    await change.tx
      .insertInto('schedule_mark')
      .values({ plan_id: planId, kind, at: change.now })
      .onConflict((conflict) => conflict.columns(['plan_id', 'kind']).doUpdateSet({ at: change.now }))
      .execute();
  }
}

function auditOf(row: PlanTable) {
  const { name, repository_id: repository, enabled, source, schedule, keep, promise, drill_schedule: drillSchedule } = row;
  return { name, repository, enabled, source, schedule, keep, promise, drillSchedule };
}

async function unique<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isFortFailError(error, 'conflict')) throw error;
    throw new FortFailError({
      kind: 'conflict',
      code: 'plan-name-taken',
      message: `unable to name the plan '${name}', another plan has that name`,
      cause: error,
    });
  }
}

function changedMeanwhile(plan: PlanTable): HttpRefusal {
  return new HttpRefusal(412, {
    kind: 'conflict',
    code: 'plan-changed',
    message: `unable to change plan '${plan.name}', it was changed by someone else`,
    hint: 'Read it again and repeat your change.',
  });
}

import type { Plan, PlanDraft, Slot } from '@fortfail/protocol';
import type { PlanTable, SlotTable } from '../database/tables.ts';

/** The plan as the API tells it. */
export function toPlan(row: PlanTable): Plan {
  return {
    id: row.id,
    name: row.name,
    agentId: row.agent_id,
    repositoryId: row.repository_id,
    source: JSON.parse(row.source) as Plan['source'],
    schedule: JSON.parse(row.schedule) as Plan['schedule'],
    keep: JSON.parse(row.keep) as Plan['keep'],
    promise: JSON.parse(row.promise) as Plan['promise'],
    drillSchedule: row.drill_schedule === null ? null : (JSON.parse(row.drill_schedule) as Plan['schedule']),
    enabled: row.enabled === 1,
    version: row.version,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

/** What a draft says, as columns. */
export function draftColumns(draft: PlanDraft) {
  return {
    name: draft.name,
    repository_id: draft.repositoryId,
    source: JSON.stringify(draft.source),
    schedule: JSON.stringify(draft.schedule),
    keep: JSON.stringify(draft.keep),
    promise: JSON.stringify(draft.promise),
    drill_schedule: draft.drillSchedule === null ? null : JSON.stringify(draft.drillSchedule),
    enabled: draft.enabled ? 1 : 0,
  };
}

export function toSlot(row: SlotTable): Slot {
  return {
    planId: row.plan_id,
    dueAt: row.due_at,
    kind: row.kind as Slot['kind'],
    status: row.status as Slot['status'],
    jobId: row.job_id,
    reason: row.reason,
  };
}

import type { Job, JobPayload, JobProgress } from '@fortfail/protocol';
import type { JobTable } from '../database/tables.ts';

export type JobRow = JobTable;

export const openStatuses = ['queued', 'leased', 'running'] as const;
export const activeStatuses = ['leased', 'running'] as const;

/** The job as the API tells it. */
export function toJob(row: JobRow, progress: JobProgress | undefined): Job {
  return {
    id: row.id,
    kind: row.kind as Job['kind'],
    status: row.status as Job['status'],
    planId: row.plan_id,
    planName: row.plan_name,
    agentId: row.agent_id,
    restorePointId: row.restore_point_id,
    restoreId: row.restore_id,
    drillId: row.drill_id,
    repositoryId: row.repository_id,
    cause: row.cause as Job['cause'],
    attempt: row.attempt,
    maxAttempts: row.max_attempts,
    queuedAt: row.queued_at,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    leaseUntil: row.lease_until,
    progress: row.ended_at === null ? (progress ?? null) : null,
    outcome: row.outcome,
    result: row.result === null ? null : (JSON.parse(row.result) as Record<string, unknown>),
    error: row.error === null ? null : (JSON.parse(row.error) as Job['error']),
  };
}

export function jobPayloadOf(row: JobRow): JobPayload {
  return JSON.parse(row.payload) as JobPayload;
}

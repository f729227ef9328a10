import type { Restore } from '@fortfail/protocol';
import type { RestoreTable } from '../database/tables.ts';

/** The restore as the API tells it. */
export function toRestore(row: RestoreTable): Restore {
  const parse = <T>(text: string | null): T | null => (text === null ? null : (JSON.parse(text) as T));
  return {
    id: row.id,
    restorePointId: row.restore_point_id,
    planName: row.plan_name,
    include: JSON.parse(row.include) as string[],
    target: row.target,
    agentId: row.agent_id,
    status: row.status as Restore['status'],
    proposal: parse<Restore['proposal']>(row.proposal),
    report: parse<Restore['report']>(row.report),
    error: parse<Restore['error']>(row.error),
    jobId: row.job_id,
    createdAt: row.created_at,
    endedAt: row.ended_at,
  };
}

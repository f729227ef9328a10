import type { Approval, Restore } from '@fortfail/protocol';
import { z } from 'zod';
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
    approvals: approvalsOf(row),
    proposal: parse<Restore['proposal']>(row.proposal),
    report: parse<Restore['report']>(row.report),
    error: parse<Restore['error']>(row.error),
    jobId: row.job_id,
    createdAt: row.created_at,
    endedAt: row.ended_at,
  };
}

const said = z.object({ by: z.string(), made: z.string() });

/** Who says to have consented. Whether it holds is judged by the agent that restores. */
function approvalsOf(row: RestoreTable): NonNullable<Restore['approvals']> {
  const approvals = JSON.parse(row.approvals ?? '[]') as Approval[];
  return approvals.flatMap((approval) => {
    const { success, data } = said.safeParse(parseJson(approval.by === 'ssh' ? approval.signed.text : approval.text));
    return success ? [{ by: approval.by, name: data.by, at: data.made }] : [];
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Nobody's consent: the agent will refuse it as well.
    return undefined;
  }
}

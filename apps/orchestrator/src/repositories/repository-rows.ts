import type { Repository } from '@fortfail/protocol';
import { sql } from 'kysely';
import type { Reader } from '../database/database.ts';
import type { RepositoryTable } from '../database/tables.ts';

/** What the catalog adds up to about a repository. */
export interface RepositoryTotals {
  readonly points: number;
  readonly storedBytes: number | null;
}

export function toRepository(row: RepositoryTable, totals: RepositoryTotals): Repository {
  return {
    id: row.id,
    name: row.name,
    agentId: row.agent_id,
    location: row.location,
    resticId: row.restic_id,
    passwordFile: row.password_file,
    status: row.status as Repository['status'],
    points: totals.points,
    storedBytes: totals.storedBytes,
    createdAt: row.created_at,
    checkedAt: row.checked_at,
  };
}

/** Points that are not forgotten, and the bytes that all backups together added. Nothing is freed before pruning. */
export async function repositoryTotals(reader: Reader): Promise<(repositoryId: string) => RepositoryTotals> {
  const rows = await reader
    .selectFrom('restore_point')
    .select([
      'repository_id',
      sql<number>`sum(case when forgotten_at is null then 1 else 0 end)`.as('points'),
      sql<number>`sum(stored_bytes)`.as('stored'),
    ])
    .groupBy('repository_id')
    .execute();
  const totals = new Map(rows.map((row) => [row.repository_id, { points: Number(row.points), storedBytes: Number(row.stored) }]));
  return (repositoryId) => totals.get(repositoryId) ?? { points: 0, storedBytes: null };
}

import { FortFailError } from '@fortfail/base';
import type { Reader } from '../database/database.ts';
import type { DrillTable, PlanTable, RepositoryTable, RestorePointTable, RestoreTable } from '../database/tables.ts';
import type { JobRow } from '../jobs/job-rows.ts';

/** Loaders by id, each throwing `not-found` with the object's own code. Forgotten and deleted things are found, too. */

export async function loadPlan(reader: Reader, id: string): Promise<PlanTable> {
  const row = await reader.selectFrom('plan').selectAll().where('id', '=', id).where('deleted_at', 'is', null).executeTakeFirst();
  return row ?? missing('plan', id);
}

export async function loadJob(reader: Reader, id: string): Promise<JobRow> {
  return (await reader.selectFrom('job').selectAll().where('id', '=', id).executeTakeFirst()) ?? missing('job', id);
}

export async function loadRepository(reader: Reader, id: string): Promise<RepositoryTable> {
  return (await reader.selectFrom('repository').selectAll().where('id', '=', id).executeTakeFirst()) ?? missing('repository', id);
}

export async function loadRestorePoint(reader: Reader, id: string): Promise<RestorePointTable> {
  return (await reader.selectFrom('restore_point').selectAll().where('id', '=', id).executeTakeFirst()) ?? missing('restore-point', id);
}

export async function loadRestore(reader: Reader, id: string): Promise<RestoreTable> {
  return (await reader.selectFrom('restore').selectAll().where('id', '=', id).executeTakeFirst()) ?? missing('restore', id);
}

export async function loadDrill(reader: Reader, id: string): Promise<DrillTable & { agent_id: string }> {
  return (await drillsWithAgent(reader).where('drill.id', '=', id).executeTakeFirst()) ?? missing('drill', id);
}

/** Drills, each with the agent of the repository it came from: scope is judged by it. */
export function drillsWithAgent(reader: Reader) {
  return reader
    .selectFrom('drill')
    .innerJoin('restore_point', 'restore_point.id', 'drill.restore_point_id')
    .innerJoin('repository', 'repository.id', 'restore_point.repository_id')
    .selectAll('drill')
    .select('repository.agent_id');
}

function missing(kind: string, id: string): never {
  throw new FortFailError({
    kind: 'not-found',
    code: `no-such-${kind}`,
    message: `unable to find ${kind.replace('-', ' ')} '${id.slice(0, 64)}'`,
  });
}

import { FortFailError } from '@fortfail/base';
import { fileListing, grade as gradeSchema } from '@fortfail/protocol';
import { loadRepository, loadRestorePoint } from '../../catalog/load.ts';
import { toRestorePoint } from '../../catalog/restore-point-rows.ts';
import type { RepositoryTable, RestorePointTable } from '../../database/tables.ts';
import { toJob } from '../../jobs/job-rows.ts';
import { forgotten, orderDrill, repositoryReference } from '../../jobs/order-job.ts';
import type { Services } from '../../services.ts';
import type { Call, Handlers } from '../call.ts';
import { decodeCursor, olderThan, toPage } from '../cursors.ts';

type PointRoutes = 'listRestorePoints' | 'getRestorePoint' | 'listFiles' | 'drillRestorePoint';

export function restorePointHandlers(services: Services): Pick<Handlers, PointRoutes> {
  const { changes, queue } = services;
  return {
    listRestorePoints: (call) => listRestorePoints(services, call),
    getRestorePoint: async (call) => ({ body: toRestorePoint((await loadPoint(services, call)).point) }),
    listFiles: (call) => listFiles(services, call),
    drillRestorePoint: async (call) => {
      const { point } = await loadPoint(services, call);
      const job = await changes.run(call.context, (change) => orderDrill(queue, change, point, 'person'));
      return { body: { job: toJob(job, undefined) } };
    },
  };
}

/** Loads the point that the path names and judges it. */
async function loadPoint(
  services: Services,
  call: Call<'getRestorePoint' | 'listFiles' | 'drillRestorePoint'>,
): Promise<{ point: RestorePointTable; repository: RepositoryTable }> {
  const point = await loadRestorePoint(services.database.read, call.id('restorePointId'));
  const repository = await loadRepository(services.database.read, point.repository_id);
  call.check({ kind: 'restore-point', planId: point.plan_id, agentId: repository.agent_id });
  return { point, repository };
}

async function listRestorePoints(services: Services, call: Call<'listRestorePoints'>): ReturnType<Handlers['listRestorePoints']> {
  const { planId, grade, limit } = call.query;
  const position = decodeCursor(call.query.cursor);
  let query = services.database.read
    .selectFrom('restore_point')
    .innerJoin('repository', 'repository.id', 'restore_point.repository_id')
    .selectAll('restore_point')
    .select('repository.agent_id')
    .where('forgotten_at', 'is', null)
    .orderBy('received_at', 'desc')
    .orderBy('restore_point.id', 'desc')
    .limit(limit + 1);
  if (planId !== undefined) query = query.where('plan_id', '=', planId);
  if (grade !== undefined) query = query.where('grade', 'in', gradesOf(grade));
  if (position !== undefined) {
    query = query.where(olderThan('received_at', 'restore_point.id', position));
  }
  const rows = await query.execute();
  const sees = (row: (typeof rows)[number]) => call.sees({ kind: 'restore-point', planId: row.plan_id, agentId: row.agent_id });
  return { body: toPage(rows, limit, (row) => ({ at: row.received_at, id: row.id }), sees, toRestorePoint) };
}

/** One grade or several with commas between. */
function gradesOf(text: string): string[] {
  const grades = text.split(',');
  const unknown = grades.find((grade) => !gradeSchema.safeParse(grade).success);
  if (unknown === undefined) return grades;
  throw new FortFailError({
    kind: 'invalid-input',
    code: 'bad-grade',
    message: `unable to accept the query: grade '${unknown.slice(0, 32)}' is none of ${gradeSchema.options.join(', ')}`,
  });
}

/** Names of files are not in the catalog: the agent that has the key is asked, and that it was is on record. */
async function listFiles(services: Services, call: Call<'listFiles'>): ReturnType<Handlers['listFiles']> {
  const { point, repository } = await loadPoint(services, call);
  if (point.forgotten_at !== null) throw forgotten(point);
  const { path, cursor, limit } = call.query;
  await services.changes.run(call.context, async (change) =>
    change.audit({ chain: 'access', action: 'restore-point.browse', object: { kind: 'restore-point', id: point.id }, personal: { path } }),
  );
  const answer = await services.hub.ask(repository.agent_id, {
    method: 'list-files',
    repository: repositoryReference(repository),
    snapshot: point.snapshot,
    path,
    cursor: cursor ?? null,
    limit,
  });
  const listing = fileListing.safeParse({ ...(answer as object), restorePointId: point.id });
  if (!listing.success)
    throw new FortFailError({ kind: 'unavailable', code: 'agent-answer', message: 'unable to understand the answer of the agent' });
  return { body: listing.data };
}

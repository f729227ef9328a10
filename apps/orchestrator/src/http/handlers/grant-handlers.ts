import { loadRepository } from '../../catalog/load.ts';
import { askGrant, toGrant } from '../../grants/repository-grants.ts';
import type { Services } from '../../services.ts';
import type { Handlers } from '../call.ts';
import { decodeCursor, olderThan, toPage } from '../cursors.ts';

/** Key slots that one host gives to another. */
export function grantHandlers(services: Services): Pick<Handlers, 'listGrants' | 'createGrant'> {
  const { database, changes } = services;
  return {
    listGrants: async (call) => {
      const { limit } = call.query;
      const position = decodeCursor(call.query.cursor);
      let query = database.read
        .selectFrom('repository_grant')
        .innerJoin('repository', 'repository.id', 'repository_grant.repository_id')
        .selectAll('repository_grant')
        .select('repository.name')
        .orderBy('repository_grant.created_at', 'desc')
        .orderBy('repository_grant.id', 'desc')
        .limit(limit + 1);
      if (position !== undefined) query = query.where(olderThan('repository_grant.created_at', 'repository_grant.id', position));
      const rows = await query.execute();
      return {
        body: toPage(
          rows,
          limit,
          (row) => ({ at: row.created_at, id: row.id }),
          (row) => call.sees({ kind: 'grant', agentId: row.from_agent_id }) || call.sees({ kind: 'grant', agentId: row.to_agent_id }),
          (row) => toGrant(row, row.name),
        ),
      };
    },
    createGrant: async (call) => {
      const repository = await loadRepository(database.read, call.body.repositoryId);
      call.check({ kind: 'grant', agentId: repository.agent_id });
      const row = await changes.run(call.context, (change) => askGrant(services, change, call.body, repository));
      return { body: toGrant(row, repository.name) };
    },
  };
}

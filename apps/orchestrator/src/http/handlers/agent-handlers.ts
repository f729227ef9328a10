import { FortFailError } from '@fortfail/base';
import { agentFacts, toAgent } from '../../agents/agent-rows.ts';
import type { AgentTable } from '../../database/tables.ts';
import type { Services } from '../../services.ts';
import type { Call, Handlers } from '../call.ts';
import { decodeCursor, toPage } from '../cursors.ts';

type AgentRoutes = 'listAgents' | 'getAgent';

export function agentHandlers(services: Services): Pick<Handlers, AgentRoutes> {
  return {
    listAgents: (call) => listAgents(services, call),
    getAgent: async (call) => {
      const row = await loadAgent(services, call.id('agentId'));
      call.check({ kind: 'agent', agentId: row.id });
      return { body: toAgent(row, (await factsOf(services))(row.id)) };
    },
  };
}

async function listAgents(services: Services, call: Call<'listAgents'>): ReturnType<Handlers['listAgents']> {
  const { limit } = call.query;
  const position = decodeCursor(call.query.cursor);
  let query = services.database.read
    .selectFrom('agent')
    .selectAll()
    .orderBy('created_at')
    .orderBy('id')
    .limit(limit + 1);
  if (position !== undefined)
    query = query.where((eb) =>
      eb.or([eb('created_at', '>', position.at), eb.and([eb('created_at', '=', position.at), eb('id', '>', position.id)])]),
    );
  const rows = await query.execute();
  const facts = await factsOf(services);
  return {
    body: toPage(
      rows,
      limit,
      (row) => ({ at: row.created_at, id: row.id }),
      (row) => call.sees({ kind: 'agent', agentId: row.id }),
      (row) => toAgent(row, facts(row.id)),
    ),
  };
}

function factsOf({ database, hub }: Services): ReturnType<typeof agentFacts> {
  return agentFacts(database.read, (agentId) => hub.isConnected(agentId));
}

/** Throws `not-found`. */
async function loadAgent({ database }: Services, id: string): Promise<AgentTable> {
  const row = await database.read.selectFrom('agent').selectAll().where('id', '=', id).executeTakeFirst();
  if (row !== undefined) return row;
  throw new FortFailError({ kind: 'not-found', code: 'no-such-agent', message: `unable to find agent '${id}'` });
}

import { FortFailError, isFortFailError } from '@fortfail/base';
import type { Drill } from '@fortfail/protocol';
import { drillsWithAgent, loadDrill, loadRepository } from '../../catalog/load.ts';
import { loadOverview } from '../../catalog/overview.ts';
import type { Change } from '../../changes/changes.ts';
import type { AgentTable, RepositoryTable } from '../../database/tables.ts';
import { newId } from '../../ids.ts';
import { toJob } from '../../jobs/job-rows.ts';
import { repositoryReference } from '../../jobs/order-job.ts';
import { repositoryTotals, toRepository } from '../../repositories/repository-rows.ts';
import type { Services } from '../../services.ts';
import type { Call, Handlers } from '../call.ts';
import { decodeCursor, olderThan, toPage } from '../cursors.ts';

type SiteRoutes =
  | 'overview'
  | 'listDrills'
  | 'getDrill'
  | 'listRepositories'
  | 'createRepository'
  | 'getRepository'
  | 'checkRepository'
  | 'listEvents';

export function siteHandlers(services: Services): Pick<Handlers, SiteRoutes> {
  const { database, feed } = services;
  return {
    overview: async (call) => ({ body: await loadOverview(services, call.sees) }),
    listDrills: (call) => listDrills(services, call),
    getDrill: async (call) => {
      const row = await loadDrill(database.read, call.id('drillId'));
      call.check({ kind: 'drill', planId: row.plan_id, agentId: row.agent_id });
      return { body: JSON.parse(row.evidence) as Drill };
    },
    listRepositories: async (call) => {
      const { limit } = call.query;
      const position = decodeCursor(call.query.cursor);
      let query = database.read
        .selectFrom('repository')
        .selectAll()
        .orderBy('name')
        .limit(limit + 1);
      if (position !== undefined) query = query.where('name', '>', position.at);
      const rows = await query.execute();
      const totals = await repositoryTotals(database.read);
      const sees = (row: RepositoryTable) => call.sees({ kind: 'repository', agentId: row.agent_id });
      return {
        body: toPage(
          rows,
          limit,
          (row) => ({ at: row.name, id: row.id }),
          sees,
          (row) => toRepository(row, totals(row.id)),
        ),
      };
    },
    createRepository: (call) => createRepository(services, call),
    getRepository: async (call) => {
      const row = await ownRepository(services, call);
      return { body: toRepository(row, (await repositoryTotals(database.read))(row.id)) };
    },
    checkRepository: async (call) => {
      const row = await ownRepository(services, call);
      const job = await services.changes.run(call.context, (change) =>
        services.queue.enqueue(change, {
          kind: 'check',
          agentId: row.agent_id,
          repositoryId: row.id,
          cause: 'person',
          payload: { kind: 'check', repository: repositoryReference(row), readData: true },
        }),
      );
      return { body: { job: toJob(job, undefined) } };
    },
    listEvents: async (call) => {
      const { items } = await feed.after(call.query.after, call.query.limit);
      // The number goes up to the last one read, also when the caller may not see it, so that reading goes on behind it.
      const seq = items.at(-1)?.seq ?? (await feed.head());
      return { body: { items: items.filter((event) => call.sees({ kind: 'event', planId: event.planId })), seq } };
    },
  };
}

async function listDrills(services: Services, call: Call<'listDrills'>): ReturnType<Handlers['listDrills']> {
  const { limit, planId } = call.query;
  const position = decodeCursor(call.query.cursor);
  let query = drillsWithAgent(services.database.read)
    .orderBy('drill.ended_at', 'desc')
    .orderBy('drill.id', 'desc')
    .limit(limit + 1);
  if (planId !== undefined) query = query.where('drill.plan_id', '=', planId);
  if (position !== undefined) query = query.where(olderThan('drill.ended_at', 'drill.id', position));
  const rows = await query.execute();
  const sees = (row: (typeof rows)[number]) => call.sees({ kind: 'drill', planId: row.plan_id, agentId: row.agent_id });
  return {
    body: toPage(
      rows,
      limit,
      (row) => ({ at: row.ended_at, id: row.id }),
      sees,
      (row) => JSON.parse(row.evidence) as Drill,
    ),
  };
}

async function ownRepository(services: Services, call: Call<'getRepository' | 'checkRepository'>): Promise<RepositoryTable> {
  const row = await loadRepository(services.database.read, call.id('repositoryId'));
  call.check({ kind: 'repository', agentId: row.agent_id });
  return row;
}

/** The agent that is named, else the resident agent. Undefined when there is none yet. */
async function keeperOf(services: Services, agentId: string | null): Promise<AgentTable | undefined> {
  const agents = services.database.read.selectFrom('agent').selectAll().orderBy('created_at');
  if (agentId === null) {
    const residents = await agents.where('kind', '=', 'resident').execute();
    // Of several orchestrators each has a resident agent of its own; who asks this one means the one beside it.
    return residents.find(({ home }) => home === services.replicas.home) ?? residents[0];
  }
  const named = await agents.where('id', '=', agentId).where('kind', '!=', 'legacy').executeTakeFirst();
  if (named !== undefined) return named;
  throw new FortFailError({ kind: 'not-found', code: 'no-such-agent', message: `unable to find agent '${agentId}'` });
}

/** Has an agent make the repository, or adopt it when it exists there and the agent knows its password. */
async function createRepository(services: Services, call: Call<'createRepository'>): ReturnType<Handlers['createRepository']> {
  const agent = await keeperOf(services, call.body.agentId);
  if (agent === undefined) {
    throw new FortFailError({
      kind: 'unavailable',
      code: 'no-agent',
      message: 'unable to make a repository, no agent has come yet',
      hint: 'Start it with `fortfail start` or `fortfail agent`.',
    });
  }
  const { name, path } = call.body;
  try {
    const made = await services.changes.run(call.context, async (change) => {
      const row: RepositoryTable = {
        id: newId('rep'),
        name,
        agent_id: agent.id,
        location: path,
        restic_id: null,
        password_file: null,
        status: 'creating',
        created_at: change.now,
        checked_at: null,
      };
      await retryFailed(change, name, path, agent.id);
      await change.tx.insertInto('repository').values(row).execute();
      change.audit({ action: 'repository.create', object: { kind: 'repository', id: row.id }, detail: { name, path } });
      change.event('repository', row.id);
      const job = await services.queue.enqueue(change, {
        kind: 'initialise',
        agentId: agent.id,
        repositoryId: row.id,
        cause: 'person',
        payload: { kind: 'initialise', repository: repositoryReference(row) },
      });
      return { row, job };
    });
    return { body: { repository: toRepository(made.row, { points: 0, storedBytes: null }), job: toJob(made.job, undefined) } };
  } catch (error) {
    if (!isFortFailError(error, 'conflict')) throw error;
    throw new FortFailError({
      kind: 'conflict',
      code: 'repository-known',
      message: `unable to make repository '${name}', its name or its place is taken`,
      cause: error,
    });
  }
}

/** One that could not be made stands in nobody's way: nothing refers to it but jobs that have ended. */
async function retryFailed(change: Change, name: string, path: string, agentId: string): Promise<void> {
  const failed = await change.tx
    .selectFrom('repository')
    .select('id')
    .where('status', '=', 'failed')
    .where('agent_id', '=', agentId)
    .where((eb) => eb.or([eb('name', '=', name), eb('location', '=', path)]))
    .where((eb) => eb.not(eb.exists(eb.selectFrom('plan').select('plan.id').whereRef('plan.repository_id', '=', 'repository.id'))))
    .execute();
  for (const { id } of failed) await change.tx.deleteFrom('repository').where('id', '=', id).execute();
}

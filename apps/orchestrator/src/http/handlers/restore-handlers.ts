import { FortFailError } from '@fortfail/base';
import { loadRepository, loadRestore, loadRestorePoint } from '../../catalog/load.ts';
import { toRestore } from '../../catalog/restore-rows.ts';
import type { RestoreTable } from '../../database/tables.ts';
import { newId } from '../../ids.ts';
import { forgotten, repositoryReference } from '../../jobs/order-job.ts';
import type { Services } from '../../services.ts';
import type { Call, Handlers } from '../call.ts';
import { decodeCursor, toPage } from '../cursors.ts';

type RestoreRoutes = 'listRestores' | 'proposeRestore' | 'getRestore' | 'applyRestore';

export function restoreHandlers(services: Services): Pick<Handlers, RestoreRoutes> {
  return {
    listRestores: async (call) => {
      const { limit } = call.query;
      const position = decodeCursor(call.query.cursor);
      let query = services.database.read
        .selectFrom('restore')
        .selectAll()
        .orderBy('created_at', 'desc')
        .orderBy('id', 'desc')
        .limit(limit + 1);
      if (position !== undefined)
        query = query.where((eb) =>
          eb.or([eb('created_at', '<', position.at), eb.and([eb('created_at', '=', position.at), eb('id', '<', position.id)])]),
        );
      const rows = await query.execute();
      const sees = (row: RestoreTable) => call.sees({ kind: 'restore', planId: row.plan_id, agentId: row.agent_id });
      return { body: toPage(rows, limit, (row) => ({ at: row.created_at, id: row.id }), sees, toRestore) };
    },
    proposeRestore: async (call) => ({ body: toRestore(await propose(services, call)) }),
    getRestore: async (call) => ({ body: toRestore(await load(services, call)) }),
    applyRestore: async (call) => ({ body: toRestore(await apply(services, call)) }),
  };
}

async function load(services: Services, call: Call<'getRestore' | 'applyRestore'>): Promise<RestoreTable> {
  const row = await loadRestore(services.database.read, call.id('restoreId'));
  call.check({ kind: 'restore', planId: row.plan_id, agentId: row.agent_id });
  return row;
}

async function propose(services: Services, call: Call<'proposeRestore'>): Promise<RestoreTable> {
  const { restorePointId, include, target } = call.body;
  const point = await loadRestorePoint(services.database.read, restorePointId);
  const repository = await loadRepository(services.database.read, point.repository_id);
  call.check({ kind: 'restore', planId: point.plan_id, agentId: repository.agent_id });
  if (point.forgotten_at !== null) throw forgotten(point);
  const id = newId('rst');
  return services.changes.run(call.context, async (change) => {
    const job = await services.queue.enqueue(change, {
      kind: 'propose-restore',
      agentId: repository.agent_id,
      repositoryId: repository.id,
      planId: point.plan_id,
      planName: point.plan_name,
      restorePointId: point.id,
      restoreId: id,
      cause: 'person',
      payload: {
        kind: 'propose-restore',
        repository: repositoryReference(repository),
        restoreId: id,
        snapshot: point.snapshot,
        include,
        target,
      },
    });
    const row: RestoreTable = {
      id,
      restore_point_id: point.id,
      plan_id: point.plan_id,
      plan_name: point.plan_name,
      agent_id: repository.agent_id,
      include: JSON.stringify(include),
      target,
      status: 'proposing',
      proposal: null,
      report: null,
      error: null,
      job_id: job.id,
      created_at: change.now,
      ended_at: null,
    };
    await change.tx.insertInto('restore').values(row).execute();
    change.audit({
      action: 'restore.propose',
      object: { kind: 'restore', id },
      detail: { restorePoint: point.id, included: include.length, hasTarget: target !== null },
    });
    change.event('restore', id, point.plan_id);
    return row;
  });
}

/** Does what was shown: the digest must be the proposal's, which the agent computes once more before it writes. */
async function apply(services: Services, call: Call<'applyRestore'>): Promise<RestoreTable> {
  const seen = await load(services, call);
  const point = await loadRestorePoint(services.database.read, seen.restore_point_id);
  const repository = await loadRepository(services.database.read, point.repository_id);
  return services.changes.run(call.context, async (change) => {
    const claimed = await change.tx
      .updateTable('restore')
      .set({ status: 'applying' })
      .where('id', '=', seen.id)
      .where('status', '=', 'proposed')
      .returningAll()
      .executeTakeFirst();
    const { proposal } = toRestore(claimed ?? seen);
    if (claimed === undefined || proposal === null) {
      throw new FortFailError({
        kind: 'conflict',
        code: 'restore-not-proposed',
        message: `unable to apply restore '${seen.id}', it is ${seen.status}`,
        hint: 'Ask for a new proposal.',
      });
    }
    if (proposal.digest !== call.body.digest) {
      throw new FortFailError({
        kind: 'conflict',
        code: 'proposal-changed',
        message: 'unable to apply another proposal than the one that was shown',
        hint: 'Look at the proposal again.',
      });
    }
    const job = await services.queue.enqueue(change, {
      kind: 'apply-restore',
      agentId: repository.agent_id,
      repositoryId: repository.id,
      planId: point.plan_id,
      planName: point.plan_name,
      restorePointId: point.id,
      restoreId: seen.id,
      cause: 'person',
      payload: {
        kind: 'apply-restore',
        repository: repositoryReference(repository),
        restoreId: seen.id,
        snapshot: point.snapshot,
        include: JSON.parse(seen.include) as string[],
        target: proposal.target,
        digest: proposal.digest,
      },
    });
    change.audit({
      action: 'restore.apply',
      object: { kind: 'restore', id: seen.id },
      detail: { restorePoint: point.id, digest: proposal.digest },
    });
    change.event('restore', seen.id, point.plan_id);
    return change.tx.updateTable('restore').set({ job_id: job.id }).where('id', '=', seen.id).returningAll().executeTakeFirstOrThrow();
  });
}

import { FortFailError } from '@fortfail/base';
import type { Approval } from '@fortfail/protocol';
import { loadRepository, loadRestore, loadRestorePoint } from '../../catalog/load.ts';
import { toRestore } from '../../catalog/restore-rows.ts';
import type { RepositoryTable, RestoreTable } from '../../database/tables.ts';
import { newId } from '../../ids.ts';
import { forgotten, repositoryReference } from '../../jobs/order-job.ts';
import type { Services } from '../../services.ts';
import type { Call, Handlers } from '../call.ts';
import { decodeCursor, olderThan, toPage } from '../cursors.ts';

type RestoreRoutes = 'listRestores' | 'proposeRestore' | 'getRestore' | 'applyRestore' | 'approveRestore';
/** Enough for every admin of a small company; the agent counts persons, not papers. */
const mostApprovals = 8;

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
      if (position !== undefined) query = query.where(olderThan('created_at', 'id', position));
      const rows = await query.execute();
      const sees = (row: RestoreTable) => call.sees({ kind: 'restore', planId: row.plan_id, agentId: row.agent_id });
      return { body: toPage(rows, limit, (row) => ({ at: row.created_at, id: row.id }), sees, toRestore) };
    },
    proposeRestore: async (call) => ({ body: toRestore(await propose(services, call)) }),
    getRestore: async (call) => ({ body: toRestore(await load(services, call)) }),
    applyRestore: async (call) => ({ body: toRestore(await apply(services, call)) }),
    approveRestore: async (call) => ({ body: toRestore(await approve(services, call)) }),
  };
}

async function load(services: Services, call: Call<'getRestore' | 'applyRestore' | 'approveRestore'>): Promise<RestoreTable> {
  const row = await loadRestore(services.database.read, call.id('restoreId'));
  call.check({ kind: 'restore', planId: row.plan_id, agentId: row.agent_id });
  return row;
}

/** On which agent: the point's own, or another that has a key slot of its repository, for whoever may restore on both. */
async function targetAgent(services: Services, call: Call<'proposeRestore'>, repository: RepositoryTable): Promise<string> {
  const { targetAgentId } = call.body;
  if (targetAgentId === null || targetAgentId === repository.agent_id) return repository.agent_id;
  call.check({ kind: 'restore', agentId: targetAgentId });
  const { read } = services.database;
  const agent = await read.selectFrom('agent').select(['hostname', 'status']).where('id', '=', targetAgentId).executeTakeFirst();
  if (agent === undefined)
    throw new FortFailError({ kind: 'not-found', code: 'no-such-agent', message: `unable to find agent '${targetAgentId}'` });
  if (agent.status !== 'active')
    throw new FortFailError({
      kind: 'conflict',
      code: 'agent-not-active',
      message: `unable to restore on '${agent.hostname}', it is ${agent.status}`,
    });
  const grant = await read
    .selectFrom('repository_grant')
    .select('status')
    .where('repository_id', '=', repository.id)
    .where('to_agent_id', '=', targetAgentId)
    .executeTakeFirst();
  if (grant?.status === 'accepted') return targetAgentId;
  throw new FortFailError({
    kind: 'conflict',
    code: 'no-grant',
    message: `unable to restore on '${agent.hostname}', it has no key slot of repository '${repository.name}'`,
    hint: `Grant it one: fortfail repo grant ${repository.name} --to ${targetAgentId}`,
  });
}

/** Keeps a signed consent with its proposal; the agent that restores judges it, nobody here could. */
async function approve(services: Services, call: Call<'approveRestore'>): Promise<RestoreTable> {
  const seen = await load(services, call);
  return services.changes.run(call.context, async (change) => {
    const row = await change.tx.selectFrom('restore').selectAll().where('id', '=', seen.id).executeTakeFirstOrThrow();
    const approvals = [...(JSON.parse(row.approvals ?? '[]') as Approval[]), call.body];
    if (row.status !== 'proposed' || approvals.length > mostApprovals) {
      throw new FortFailError({
        kind: 'conflict',
        code: 'restore-not-proposed',
        message: `unable to add a consent to restore '${seen.id}', it is ${row.status} and has ${approvals.length - 1}`,
      });
    }
    change.audit({ action: 'restore.approve', object: { kind: 'restore', id: seen.id }, detail: { by: call.body.by } });
    change.event('restore', seen.id, row.plan_id);
    return change.tx
      .updateTable('restore')
      .set({ approvals: JSON.stringify(approvals) })
      .where('id', '=', seen.id)
      .returningAll()
      .executeTakeFirstOrThrow();
  });
}

async function propose(services: Services, call: Call<'proposeRestore'>): Promise<RestoreTable> {
  const { restorePointId, include, target } = call.body;
  const point = await loadRestorePoint(services.database.read, restorePointId);
  const repository = await loadRepository(services.database.read, point.repository_id);
  call.check({ kind: 'restore', planId: point.plan_id, agentId: repository.agent_id });
  if (point.forgotten_at !== null) throw forgotten(point);
  const agentId = await targetAgent(services, call, repository);
  const id = newId('rst');
  return services.changes.run(call.context, async (change) => {
    const job = await services.queue.enqueue(change, {
      kind: 'propose-restore',
      agentId,
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
      agent_id: agentId,
      include: JSON.stringify(include),
      target,
      approvals: null,
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
      detail: { restorePoint: point.id, included: include.length, hasTarget: target !== null, on: agentId },
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
      agentId: seen.agent_id,
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
        ...(seen.agent_id === repository.agent_id ? {} : { origin: repository.agent_id }),
        ...(seen.approvals === null ? {} : { approvals: JSON.parse(seen.approvals) as Approval[] }),
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

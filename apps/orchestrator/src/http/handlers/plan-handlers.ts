import { FortFailError } from '@fortfail/base';
import type { RouteName } from '@fortfail/protocol';
import { loadPlan, loadRepository } from '../../catalog/load.ts';
import { loadPlanStates } from '../../catalog/plan-states.ts';
import { previewRetention } from '../../catalog/retention-preview.ts';
import type { PlanTable, RepositoryTable } from '../../database/tables.ts';
import { toJob } from '../../jobs/job-rows.ts';
import { newestDrillable, orderBackup, orderDrill, repositoryReference } from '../../jobs/order-job.ts';
import { checkDraft, createPlan, deletePlan, editPlan } from '../../plans/plan-changes.ts';
import { toPlan, toSlot } from '../../plans/plan-rows.ts';
import type { Services } from '../../services.ts';
import type { Call, Handlers } from '../call.ts';
import { decodeCursor, toPage } from '../cursors.ts';

type PlanRoutes =
  | 'listPlans'
  | 'createPlan'
  | 'getPlan'
  | 'editPlan'
  | 'deletePlan'
  | 'listSlots'
  | 'previewRetention'
  | 'backUp'
  | 'drillPlan'
  | 'forget';

/** Plans: what a person intends, its slots, and what to do with it now. */
export function planHandlers(services: Services): Pick<Handlers, PlanRoutes> {
  const { database, changes, queue } = services;
  const load = async <N extends RouteName>(call: Call<N>): Promise<PlanTable> => {
    const plan = await loadPlan(database.read, call.id('planId'));
    call.check({ kind: 'plan', planId: plan.id, agentId: plan.agent_id });
    return plan;
  };
  return {
    listPlans: (call) => listPlans(services, call),
    createPlan: async (call) => {
      checkDraft(call.body);
      const repository = await repositoryFor(services, call, call.body.repositoryId);
      call.check({ kind: 'plan', agentId: repository.agent_id, planId: null });
      const plan = await changes.run(call.context, (change) => createPlan(change, call.body, repository));
      return { body: toPlan(plan), version: plan.version };
    },
    getPlan: async (call) => {
      const plan = await load(call);
      const [state] = await loadPlanStates(services, [plan]);
      if (state === undefined) throw new Error('a loaded plan has a state');
      return { body: state, version: plan.version };
    },
    editPlan: async (call) => {
      const plan = await load(call);
      checkDraft(call.body);
      const repository = await repositoryFor(services, call, call.body.repositoryId);
      call.check({ kind: 'plan', agentId: repository.agent_id, planId: plan.id });
      const edited = await changes.run(call.context, (change) => editPlan(change, plan, call.ifMatch(), call.body, repository));
      return { body: toPlan(edited), version: edited.version };
    },
    deletePlan: async (call) => {
      const plan = await load(call);
      const version = call.ifMatch();
      await changes.run(call.context, (change) => deletePlan(change, plan, version));
      return { body: {} };
    },
    listSlots: async (call) => listSlots(services, call, await load(call)),
    previewRetention: async (call) => ({ body: await previewRetention(services, await load(call)) }),
    backUp: async (call) => {
      const plan = await load(call);
      const job = await changes.run(call.context, async (change) => {
        const earlier = await change.tx.selectFrom('restore_point').select('id').where('plan_id', '=', plan.id).executeTakeFirst();
        const isFirst = call.principal.kind === 'local-socket' && earlier === undefined;
        return orderBackup(queue, change, plan, isFirst ? 'first-start' : 'person');
      });
      return { body: { job: toJob(job, undefined) } };
    },
    drillPlan: async (call) => {
      const plan = await load(call);
      const job = await changes.run(call.context, async (change) => {
        const point = await newestDrillable(change, plan.id);
        if (point !== undefined) return orderDrill(queue, change, point, 'person');
        throw new FortFailError({
          kind: 'conflict',
          code: 'no-complete-point',
          message: `unable to drill plan '${plan.name}', it has no complete restore point`,
          hint: 'Back it up first.',
        });
      });
      return { body: { job: toJob(job, undefined) } };
    },
    forget: async (call) => forget(services, call, await load(call)),
  };
}

async function repositoryFor(services: Services, call: Call<'createPlan' | 'editPlan'>, id: string): Promise<RepositoryTable> {
  const repository = await services.database.read.selectFrom('repository').selectAll().where('id', '=', id).executeTakeFirst();
  if (repository !== undefined && call.sees({ kind: 'repository', agentId: repository.agent_id })) return repository;
  throw new FortFailError({
    kind: 'invalid-input',
    code: 'no-such-repository',
    message: `unable to accept the body: repositoryId names no repository: '${id}'`,
  });
}

async function listPlans(services: Services, call: Call<'listPlans'>): ReturnType<Handlers['listPlans']> {
  const rows = await services.database.read.selectFrom('plan').selectAll().where('deleted_at', 'is', null).execute();
  const visible = rows.filter((row) => call.sees({ kind: 'plan', planId: row.id, agentId: row.agent_id }));
  // Worst first cannot be asked of the database: the judgement is policy's, over all plans.
  const states = await loadPlanStates(services, visible);
  const position = decodeCursor(call.query.cursor);
  const begin = position === undefined ? 0 : states.findIndex((state) => state.plan.id === position.id) + 1;
  const rest = states.slice(begin, begin + call.query.limit + 1);
  return {
    body: toPage(
      rest,
      call.query.limit,
      (state) => ({ at: '', id: state.plan.id }),
      () => true,
      (state) => state,
    ),
  };
}

async function listSlots(services: Services, call: Call<'listSlots'>, plan: PlanTable): ReturnType<Handlers['listSlots']> {
  const { cursor, limit, since } = call.query;
  const position = decodeCursor(cursor);
  let query = services.database.read
    .selectFrom('slot')
    .selectAll()
    .where('plan_id', '=', plan.id)
    .orderBy('due_at', 'desc')
    .orderBy('kind')
    .limit(limit + 1);
  if (since !== undefined) query = query.where('due_at', '>=', toInstant(since));
  if (position !== undefined) {
    query = query.where((eb) =>
      eb.or([eb('due_at', '<', position.at), eb.and([eb('due_at', '=', position.at), eb('kind', '>', position.id)])]),
    );
  }
  const rows = await query.execute();
  return {
    body: toPage(
      rows,
      limit,
      (row) => ({ at: row.due_at, id: row.kind }),
      () => true,
      toSlot,
    ),
  };
}

function toInstant(text: string): string {
  const ms = Date.parse(text);
  if (Number.isNaN(ms))
    throw new FortFailError({
      kind: 'invalid-input',
      code: 'bad-since',
      message: 'unable to accept the query: since must be a moment like 2026-11-21T09:00:00Z',
    });
  return new Date(ms).toISOString();
}

/** Only a person forgets; into the trash, and never the last point that could still be restored whole. */
async function forget(services: Services, call: Call<'forget'>, plan: PlanTable): ReturnType<Handlers['forget']> {
  const ids = [...new Set(call.body.restorePointIds)];
  const repository = await loadRepository(services.database.read, plan.repository_id);
  const job = await services.changes.run(call.context, async (change) => {
    const points = await change.tx
      .selectFrom('restore_point')
      .selectAll()
      .where('plan_id', '=', plan.id)
      .where('forgotten_at', 'is', null)
      .execute();
    const chosen = points.filter((point) => ids.includes(point.id) && point.repository_id === repository.id);
    const unknown = ids.filter((id) => !chosen.some((point) => point.id === id));
    if (unknown.length > 0) {
      throw new FortFailError({
        kind: 'invalid-input',
        code: 'no-such-restore-point',
        message: `unable to accept the body: restorePointIds names no point of plan '${plan.name}': '${unknown[0]}'`,
      });
    }
    const stays = points.some((point) => point.grade !== 'partial' && !ids.includes(point.id));
    if (!stays && chosen.some((point) => point.grade !== 'partial')) {
      throw new FortFailError({
        kind: 'conflict',
        code: 'last-good-point',
        message: `unable to forget the last complete restore point of plan '${plan.name}'`,
        hint: 'Keep one, or make a new backup first.',
      });
    }
    return services.queue.enqueue(change, {
      kind: 'forget',
      agentId: repository.agent_id,
      repositoryId: repository.id,
      planId: plan.id,
      planName: plan.name,
      cause: 'person',
      payload: {
        kind: 'forget',
        repository: repositoryReference(repository),
        planId: plan.id,
        snapshots: chosen.map((point) => point.snapshot),
        keep: null,
      },
    });
  });
  return { body: { job: toJob(job, undefined) } };
}

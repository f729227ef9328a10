import { formatBytes } from '@fortfail/base';
import { formatAge, formatCount, formatMeasured, summariseVerdicts } from '@fortfail/policy';
import type { Overview, PlanState } from '@fortfail/protocol';
import type { ObjectReference } from '../access/may.ts';
import { activeStatuses, toJob } from '../jobs/job-rows.ts';
import { repositoryTotals, toRepository } from '../repositories/repository-rows.ts';
import type { Services } from '../services.ts';
import { judgePlans } from './plan-states.ts';

type Sees = (object: ObjectReference) => boolean;

/** "Are we safe?" for what the caller may see. */
export async function loadOverview(services: Services, sees: Sees): Promise<Overview> {
  const { database, clock, site, progress } = services;
  const rows = await database.read.selectFrom('plan').selectAll().where('deleted_at', 'is', null).execute();
  const judged = await judgePlans(
    services,
    rows.filter((row) => sees({ kind: 'plan', planId: row.id, agentId: row.agent_id })),
  );
  const plans = judged.map(({ state }) => state);
  const { title, counts } = summariseVerdicts(judged.map(({ judgement }) => judgement));
  const jobs = await database.read.selectFrom('job').selectAll().where('status', 'in', activeStatuses).orderBy('queued_at').execute();
  const repositories = await loadRepositories(services, sees);
  const head = await database.read.selectFrom('audit_head').selectAll().where('chain', '=', 'main').executeTakeFirstOrThrow();
  return {
    now: clock.now().toISOString(),
    site: site.name,
    version: site.version,
    title,
    subtitle: subtitle(plans),
    counts,
    facts: facts(plans, repositories),
    plans,
    running: jobs
      .filter((job) => sees({ kind: 'job', planId: job.plan_id, agentId: job.agent_id }))
      .map((job) => toJob(job, progress.get(job.id))),
    repositories,
    alerts: await countAlerts(services, sees),
    audit: { seq: head.seq, hash: head.hash },
  };
}

async function countAlerts(services: Services, sees: Sees): Promise<Overview['alerts']> {
  const rows = await services.database.read
    .selectFrom('alert')
    .select(['plan_id', 'agent_id', 'acknowledged_at'])
    .where('ended_at', 'is', null)
    .execute();
  const open = rows.filter((row) => sees({ kind: 'alert', planId: row.plan_id, agentId: row.agent_id }));
  return { open: open.length, unacknowledged: open.filter((row) => row.acknowledged_at === null).length };
}

async function loadRepositories(services: Services, sees: Sees): Promise<Overview['repositories']> {
  const totals = await repositoryTotals(services.database.read);
  const rows = await services.database.read.selectFrom('repository').selectAll().orderBy('name').execute();
  return rows
    .filter((row) => sees({ kind: 'repository', agentId: row.agent_id }))
    .map((row) => toRepository(row, totals(row.id)))
    .map(({ id, name, location, storedBytes, points }) => ({ id, name, location, storedBytes, points }));
}

/** The one thing to look at first. */
function subtitle(plans: readonly PlanState[]): string {
  const worst =
    plans.find((plan) => plan.verdict === 'broken' || plan.verdict === 'at-risk') ?? plans.find((plan) => plan.verdict === 'unknown');
  if (worst !== undefined) return worst.sentence;
  return plans.length === 0
    ? 'Make a plan, then back it up.'
    : 'Every plan has a new enough point and came back in time when it was last drilled.';
}

function facts(plans: readonly PlanState[], repositories: Overview['repositories']): Overview['facts'] {
  const points = plans.reduce((sum, { points: own }) => sum + own.partial + own.complete + own.checked + own.drilled, 0);
  const drilled = plans.reduce((sum, plan) => sum + plan.points.drilled, 0);
  const stored = repositories.reduce((sum, repository) => sum + (repository.storedBytes ?? 0), 0);
  const oldest = plans
    .flatMap((plan) => (plan.newestPoint === null ? [] : [plan]))
    .sort((a, b) => (b.newestPoint?.ageSeconds ?? 0) - (a.newestPoint?.ageSeconds ?? 0))[0];
  const slowest = plans
    .flatMap((plan) => (plan.lastDrill === null ? [] : [plan]))
    .sort((a, b) => (b.lastDrill?.rtoSeconds ?? 0) - (a.lastDrill?.rtoSeconds ?? 0))[0];
  return [
    {
      label: 'Restore points',
      value: formatCount(points),
      detail: drilled === points && points > 0 ? 'all drilled' : `of them ${formatCount(drilled)} drilled`,
    },
    {
      label: 'Stored',
      value: formatBytes(stored),
      detail: `in ${repositories.length} ${repositories.length === 1 ? 'repository' : 'repositories'}`,
    },
    {
      label: 'Most you would lose',
      value: oldest?.newestPoint ? formatAge(oldest.newestPoint.ageSeconds) : 'unknown',
      detail: oldest === undefined ? 'no point yet' : `${oldest.plan.name}, of ${formatAge(oldest.plan.promise.rpoSeconds)}`,
    },
    {
      label: 'Slowest to return',
      value: slowest?.lastDrill ? formatMeasured(slowest.lastDrill.rtoSeconds) : 'unknown',
      detail: slowest === undefined ? 'nothing drilled yet' : `${slowest.plan.name}, of ${formatAge(slowest.plan.promise.rtoSeconds)}`,
    },
  ];
}

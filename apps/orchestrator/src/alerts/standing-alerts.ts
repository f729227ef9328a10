import { formatMoment } from '@fortfail/policy';
import { type JudgedPlan, judgePlans } from '../catalog/plan-states.ts';
import type { Reader } from '../database/database.ts';
import type { JobTable, PlanTable } from '../database/tables.ts';
import type { Services } from '../services.ts';
import { type AlertDraft, maxSentence } from './alerts.ts';

/** Kinds that are worked out anew each time from what the catalog knows, and end when it no longer says so. */
export const standingKinds = ['promise', 'drill-failed', 'backup-failed', 'backup-partial', 'agent-silent'] as const;

/** Heartbeats come every five seconds; so many may be missing before work that waits is worth an alert. */
const missingHeartbeats = 24;
export const silentAfterMs = missingHeartbeats * 5000;

type Needs = Pick<Services, 'database' | 'clock' | 'hub'>;

/** Everything that is wrong by now, by plans, their drills and backups, and agents that are waited for. */
export async function standingAlerts(services: Needs): Promise<AlertDraft[]> {
  const rows = await services.database.read
    .selectFrom('plan')
    .selectAll()
    .where('deleted_at', 'is', null)
    .where('enabled', '=', 1)
    .execute();
  const agentOf = new Map(rows.map((row) => [row.id, row.agent_id]));
  const drafts: AlertDraft[] = [];
  for (const judged of await judgePlans(services, rows)) drafts.push(...ofPromise(judged), ...ofDrill(judged, services.clock.now()));
  for (const row of rows) drafts.push(...(await ofBackup(services, row)));
  drafts.push(...(await ofAgents(services)));
  return drafts.map((draft) => ({
    ...draft,
    sentence: draft.sentence.slice(0, maxSentence),
    agentId: draft.agentId ?? agentOf.get(draft.planId ?? '') ?? null,
  }));
}

function ofPlan(plan: { readonly id: string }): Pick<AlertDraft, 'object' | 'planId'> {
  return { object: { kind: 'plan', id: plan.id }, planId: plan.id };
}

function ofPromise({ state, judgement }: JudgedPlan): AlertDraft[] {
  const { plan, verdict, sentence, lastDrill } = state;
  if (verdict !== 'broken' && verdict !== 'at-risk') return [];
  // A failed drill has an alert of its own; here it would only say the same.
  const isOld = judgement.ageSeconds === null || judgement.ageSeconds > plan.promise.rpoSeconds;
  if (lastDrill?.outcome === 'failed' && !isOld) return [];
  return [{ ...ofPlan(plan), kind: 'promise', severity: verdict, sentence }];
}

function ofDrill({ state: { plan, lastDrill } }: JudgedPlan, now: Date): AlertDraft[] {
  if (lastDrill?.outcome !== 'failed') return [];
  const when = formatMoment(new Date(lastDrill.at), now);
  const sentence = `The drill of ${plan.name} on ${when} failed: what came back was not what was stored. See what differs in ${lastDrill.id}.`;
  return [{ ...ofPlan(plan), kind: 'drill-failed', severity: 'broken', sentence }];
}

/** How the newest backup that came to an end went; retries that are still to come are no end. */
async function ofBackup(services: Needs, plan: PlanTable): Promise<AlertDraft[]> {
  const job = await newestBackup(services.database.read, plan.id);
  if (job === undefined || job.status === 'succeeded' || job.ended_at === null) return [];
  const when = formatMoment(new Date(job.ended_at), services.clock.now());
  const isPartial = job.status === 'partial';
  const what = isPartial ? 'left something out' : 'failed';
  const why = job.outcome === null ? '' : `: ${job.outcome}`;
  return [
    {
      ...ofPlan(plan),
      kind: isPartial ? 'backup-partial' : 'backup-failed',
      severity: 'at-risk',
      sentence: `The backup of ${plan.name} on ${when} ${what}${why}. Look at ${job.id}.`,
    },
  ];
}

async function newestBackup(reader: Reader, planId: string): Promise<JobTable | undefined> {
  return reader
    .selectFrom('job')
    .selectAll()
    .where('plan_id', '=', planId)
    .where('kind', '=', 'backup')
    .where('status', 'in', ['succeeded', 'partial', 'failed'])
    .orderBy('queued_at', 'desc')
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
}

/** Agents that have not been heard of for a while although work of a plan is due. A laptop without work may sleep. */
async function ofAgents({ database, clock, hub }: Needs): Promise<AlertDraft[]> {
  const now = clock.now();
  const waiting = await database.read
    .selectFrom('job')
    .innerJoin('agent', 'agent.id', 'job.agent_id')
    .select(['agent.id', 'agent.hostname', 'agent.last_seen_at', 'agent.created_at'])
    .select((eb) => eb.fn.countAll<number>().as('jobs'))
    .where('job.status', '=', 'queued')
    .where('job.plan_id', 'is not', null)
    .where('agent.status', '!=', 'revoked')
    .where('job.not_before', '<=', now.toISOString())
    .groupBy(['agent.id', 'agent.hostname', 'agent.last_seen_at', 'agent.created_at'])
    .execute();
  return waiting.flatMap((agent) => {
    const since = new Date(agent.last_seen_at ?? agent.created_at);
    if (hub.isConnected(agent.id) || now.getTime() - since.getTime() <= silentAfterMs) return [];
    const jobs = Number(agent.jobs) === 1 ? 'a job waits' : `${agent.jobs} jobs wait`;
    const sentence = `${agent.hostname} has not called since ${formatMoment(since, now)} and ${jobs} for it. Start its agent, or look at its network.`;
    return [{ kind: 'agent-silent', severity: 'at-risk', object: { kind: 'agent', id: agent.id }, sentence }];
  });
}

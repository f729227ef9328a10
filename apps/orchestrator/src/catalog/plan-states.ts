import { dataTimeOf, type Judgement, judgePlan, nextSlot, verdictOrder } from '@fortfail/policy';
import type { PlanState } from '@fortfail/protocol';
import { sql } from 'kysely';
import type { Reader } from '../database/database.ts';
import type { DrillTable, PlanTable, RestorePointTable, SlotTable } from '../database/tables.ts';
import { openStatuses } from '../jobs/job-rows.ts';
import { toPlan } from '../plans/plan-rows.ts';
import type { Services } from '../services.ts';

const dayMs = 86_400_000;
const shownDays = 30;
/** Heartbeats come every five seconds; after this an agent counts as silent. */
const silentAfterMs = 120_000;

type Needs = Pick<Services, 'database' | 'clock' | 'hub'>;

/** A plan's state with the judgement it came from. */
export interface JudgedPlan {
  readonly state: PlanState;
  readonly judgement: Judgement;
}

/** States of plans, worst first, then by name. */
export async function loadPlanStates(services: Needs, rows: readonly PlanTable[]): Promise<PlanState[]> {
  return (await judgePlans(services, rows)).map(({ state }) => state);
}

/** Loads what is known of the plans in a handful of queries and has policy judge it, by the site's clock. */
export async function judgePlans(services: Needs, rows: readonly PlanTable[]): Promise<JudgedPlan[]> {
  if (rows.length === 0) return [];
  const now = services.clock.now();
  const facts = await loadFacts(
    services.database.read,
    rows.map((row) => row.id),
    now,
  );
  const judged = rows.map((row) => judgeOne(services, row, facts, now));
  const rank = ({ state }: JudgedPlan): number => verdictOrder.indexOf(state.verdict);
  return judged.sort((a, b) => rank(a) - rank(b) || (a.state.plan.name < b.state.plan.name ? -1 : 1));
}

interface Facts {
  readonly newest: Map<string, RestorePointTable>;
  readonly newestPartial: Map<string, RestorePointTable>;
  readonly counts: Map<string, PlanState['points']>;
  readonly drills: Map<string, DrillTable>;
  readonly slots: Map<string, SlotTable[]>;
  /** Days, by plan, on which a drill passed. */
  readonly drilledDays: Map<string, Set<string>>;
  readonly running: Map<string, string>;
  readonly agents: Map<string, { hostname: string; last_seen_at: string | null; created_at: string }>;
}

async function loadFacts(reader: Reader, ids: string[], now: Date): Promise<Facts> {
  const since = new Date(startOfDay(now) - (shownDays - 1) * dayMs).toISOString();
  const [newest, newestPartial, counts, drills, slots, passed, open, agents] = [
    await newestPoints(reader, ids, '!='),
    await newestPoints(reader, ids, '='),
    await countPoints(reader, ids),
    await lastDrills(reader, ids),
    await reader.selectFrom('slot').selectAll().where('plan_id', 'in', ids).where('due_at', '>=', since).orderBy('due_at').execute(),
    await reader
      .selectFrom('drill')
      .select(['plan_id', 'ended_at'])
      .where('plan_id', 'in', ids)
      .where('ended_at', '>=', since)
      .where('outcome', '=', 'passed')
      .execute(),
    await reader
      .selectFrom('job')
      .select(['id', 'plan_id'])
      .where('plan_id', 'in', ids)
      .where('status', 'in', openStatuses)
      .where('kind', 'in', ['backup', 'drill'])
      .orderBy('queued_at')
      .execute(),
    await reader.selectFrom('agent').select(['id', 'hostname', 'last_seen_at', 'created_at']).execute(),
  ];
  return {
    newest: byPlan(newest),
    newestPartial: byPlan(newestPartial),
    counts,
    drills: byPlan(drills),
    slots: Map.groupBy(slots, (slot) => slot.plan_id),
    drilledDays: drilledDays(passed),
    running: new Map(open.reverse().map((job) => [job.plan_id ?? '', job.id])),
    agents: new Map(agents.map((agent) => [agent.id, agent])),
  };
}

function drilledDays(rows: readonly { plan_id: string; ended_at: string }[]): Map<string, Set<string>> {
  const days = new Map<string, Set<string>>();
  for (const row of rows) days.set(row.plan_id, (days.get(row.plan_id) ?? new Set()).add(row.ended_at.slice(0, 10)));
  return days;
}

function byPlan<T extends { plan_id: string }>(rows: readonly T[]): Map<string, T> {
  return new Map(rows.map((row) => [row.plan_id, row]));
}

/** Per plan the newest point that is (`=`) or is not (`!=`) partial. */
async function newestPoints(reader: Reader, ids: string[], partial: '=' | '!='): Promise<RestorePointTable[]> {
  return reader
    .selectFrom('restore_point as p')
    .selectAll('p')
    .where('p.plan_id', 'in', ids)
    .where('p.forgotten_at', 'is', null)
    .where('p.grade', partial, 'partial')
    .where((eb) =>
      eb.not(
        eb.exists(
          eb
            .selectFrom('restore_point as q')
            .select('q.id')
            .whereRef('q.plan_id', '=', 'p.plan_id')
            .where('q.forgotten_at', 'is', null)
            .where('q.grade', partial, 'partial')
            .where((inner) =>
              inner.or([
                inner('q.received_at', '>', inner.ref('p.received_at')),
                inner.and([inner('q.received_at', '=', inner.ref('p.received_at')), inner('q.id', '>', inner.ref('p.id'))]),
              ]),
            ),
        ),
      ),
    )
    .execute();
}

async function countPoints(reader: Reader, ids: string[]): Promise<Map<string, PlanState['points']>> {
  const rows = await reader
    .selectFrom('restore_point')
    .select(['plan_id', 'grade', sql<number>`count(*)`.as('count')])
    .where('plan_id', 'in', ids)
    .where('forgotten_at', 'is', null)
    .groupBy(['plan_id', 'grade'])
    .execute();
  const counts = new Map<string, PlanState['points']>();
  for (const row of rows) {
    const own = counts.get(row.plan_id) ?? { partial: 0, complete: 0, checked: 0, drilled: 0 };
    counts.set(row.plan_id, { ...own, [row.grade]: Number(row.count) });
  }
  return counts;
}

async function lastDrills(reader: Reader, ids: string[]): Promise<DrillTable[]> {
  const rows = await reader
    .selectFrom('drill as d')
    .selectAll('d')
    .where('d.plan_id', 'in', ids)
    .where('d.ended_at', '=', (eb) =>
      eb
        .selectFrom('drill as e')
        .select((inner) => inner.fn.max('e.ended_at').as('last'))
        .whereRef('e.plan_id', '=', 'd.plan_id'),
    )
    .execute();
  return rows;
}

function judgeOne(services: Needs, row: PlanTable, facts: Facts, now: Date): JudgedPlan {
  const plan = toPlan(row);
  const newest = facts.newest.get(plan.id);
  const drill = facts.drills.get(plan.id);
  const slots = facts.slots.get(plan.id) ?? [];
  const agent = facts.agents.get(plan.agentId);
  const nextSlotAt = plan.enabled ? (nextSlot(plan.schedule, now) ?? null) : null;
  const lastDrill =
    drill === undefined
      ? null
      : { id: drill.id, at: drill.ended_at, outcome: drill.outcome as 'passed' | 'failed', rtoSeconds: drill.rto_seconds };
  const judgement = judgePlan(
    {
      name: plan.name,
      isEnabled: plan.enabled,
      createdAt: new Date(plan.createdAt),
      promise: plan.promise,
      newestPoint: newest === undefined ? null : { time: dataTime(newest) },
      lastDrill: lastDrill === null ? null : { ...lastDrill, at: new Date(lastDrill.at) },
      nextSlotAt,
      failedSlots: failedSlots(slots, newest),
      silentSince: services.hub.isConnected(plan.agentId) ? null : silentSince(agent, now),
      agentName: agent?.hostname,
    },
    now,
  );
  return {
    judgement,
    state: {
      plan,
      verdict: judgement.verdict,
      sentence: judgement.sentence,
      newestPoint: newestPoint(newest ?? facts.newestPartial.get(plan.id), now),
      lastDrill,
      nextSlotAt: nextSlotAt?.toISOString() ?? null,
      ageAtNextSlotSeconds: judgement.ageAtNextSlotSeconds,
      points: facts.counts.get(plan.id) ?? { partial: 0, complete: 0, checked: 0, drilled: 0 },
      days: days(slots, facts.drilledDays.get(plan.id) ?? new Set(), now),
      runningJobId: facts.running.get(plan.id) ?? null,
    },
  };
}

function dataTime(point: RestorePointTable): Date {
  return dataTimeOf({ time: new Date(point.time), receivedAt: new Date(point.received_at) });
}

function newestPoint(point: RestorePointTable | undefined, now: Date): PlanState['newestPoint'] {
  if (point === undefined) return null;
  const ageSeconds = Math.max(0, (now.getTime() - dataTime(point).getTime()) / 1000);
  return { id: point.id, time: point.time, ageSeconds, grade: point.grade as NonNullable<PlanState['newestPoint']>['grade'] };
}

const failures: ReadonlySet<string> = new Set(['failed', 'partial', 'missed']);

function failedSlots(slots: readonly SlotTable[], newest: RestorePointTable | undefined): number {
  const since = newest?.received_at ?? '';
  return slots.filter((slot) => slot.kind === 'backup' && slot.due_at > since && failures.has(slot.status)).length;
}

function silentSince(agent: { last_seen_at: string | null; created_at: string } | undefined, now: Date): Date | null {
  const since = new Date(agent?.last_seen_at ?? agent?.created_at ?? now);
  return now.getTime() - since.getTime() > silentAfterMs ? since : null;
}

type Worst = PlanState['days'][number]['worst'];
const worstFirst: readonly Worst[] = ['failed', 'missed', 'partial', 'skipped', 'complete', 'none'];

/** Thirty days in UTC, oldest first, each with its worst backup slot and whether a drill of that day passed. */
function days(slots: readonly SlotTable[], drilled: ReadonlySet<string>, now: Date): PlanState['days'] {
  const today = startOfDay(now);
  return Array.from({ length: shownDays }, (_, index) => {
    const day = new Date(today - (shownDays - 1 - index) * dayMs).toISOString().slice(0, 10);
    const own = slots.filter((slot) => slot.due_at.startsWith(day));
    const backups = own.filter((slot) => slot.kind === 'backup').map((slot) => slot.status);
    const worst = worstFirst.find((status) => backups.includes(status)) ?? 'none';
    return { day, worst, drilled: drilled.has(day) };
  });
}

function startOfDay(now: Date): number {
  return Math.floor(now.getTime() / dayMs) * dayMs;
}

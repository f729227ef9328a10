import { decideSlots, dueSlots, jitterMs, nextSlot, type SlotDecision } from '@fortfail/policy';
import type { Plan } from '@fortfail/protocol';
import { type Change, systemContext } from '../changes/changes.ts';
import type { PlanTable } from '../database/tables.ts';
import { newestDrillable, openJobOf, orderBackup, orderDrill } from '../jobs/order-job.ts';
import { toPlan } from '../plans/plan-rows.ts';
import { goRounds } from '../replicas/rounds.ts';
import type { Services } from '../services.ts';

const tickMs = 1000;
/** A slot no older than this is on time; beyond it nobody was there to see it. */
const graceMs = 90_000;
const maxSlotsPerRound = 500;

type SlotKind = 'backup' | 'drill';
type Needs = Pick<Services, 'database' | 'changes' | 'clock' | 'logger' | 'queue' | 'leader'>;

/** Turns due moments into jobs. Every due slot leaves a record, also when nothing runs for it. */
export class Scheduler {
  readonly #services: Needs;
  /** When a schedule is due next, by plan and kind; holds for one mark and one schedule. */
  readonly #next = new Map<string, { readonly basis: string; readonly dueMs: number }>();

  constructor(services: Needs) {
    this.#services = services;
  }

  /** Looks once a second until the signal, while this process leads. A round that fails is logged and made again. */
  work(signal: AbortSignal): Promise<void> {
    return goRounds({ ...this.#services, everyMs: tickMs, component: 'scheduler' }, signal, () => this.round());
  }

  /** Works off everything due by now. */
  async round(): Promise<void> {
    const rows = await this.#services.database.read
      .selectFrom('plan')
      .selectAll()
      .where('deleted_at', 'is', null)
      .where('enabled', '=', 1)
      .execute();
    const marks = await this.#services.database.read.selectFrom('schedule_mark').selectAll().execute();
    const markOf = new Map(marks.map((mark) => [`${mark.plan_id} ${mark.kind}`, mark.at]));
    for (const row of rows) {
      for (const kind of ['backup', 'drill'] as const) {
        const mark = markOf.get(`${row.id} ${kind}`);
        if (mark !== undefined) await this.#catchUp(row, kind, mark);
      }
    }
  }

  async #catchUp(row: PlanTable, kind: SlotKind, mark: string): Promise<void> {
    const schedule = scheduleOf(toPlan(row), kind);
    if (schedule === null) return;
    // A plan's jitter moves its beginning, not the name of its slot.
    const until = new Date(this.#services.clock.now().getTime() - jitterMs(row.id, schedule.jitterSeconds));
    if (until.getTime() < this.#nextDue(row, kind, schedule, mark)) return;
    const due = dueSlots(schedule, new Date(mark), until, maxSlotsPerRound);
    const last = due.slots.at(-1);
    if (last === undefined) return;
    await this.#services.changes.run(systemContext, (change) => this.#record(change, row.id, kind, mark, due));
    // What was cut off is newer, so what came first is missed; the next look goes on behind it.
    if (due.isCut) await this.#catchUp(row, kind, last.toISOString());
  }

  /** Working out a cron expression costs; between two slots the answer stays the same. */
  #nextDue(row: PlanTable, kind: SlotKind, schedule: Plan['schedule'], mark: string): number {
    const key = `${row.id} ${kind}`;
    const basis = `${schedule.cron} ${schedule.zone} ${mark}`;
    const known = this.#next.get(key);
    if (known?.basis === basis) return known.dueMs;
    const dueMs = nextSlot(schedule, new Date(mark))?.getTime() ?? Number.POSITIVE_INFINITY;
    this.#next.set(key, { basis, dueMs });
    return dueMs;
  }

  async #record(
    change: Change,
    planId: string,
    kind: SlotKind,
    mark: string,
    due: { slots: readonly Date[]; isCut: boolean },
  ): Promise<void> {
    const last = due.slots.at(-1)?.toISOString() ?? mark;
    // Whoever moves the mark records the slots: two schedulers on one database do not both do it.
    const moved = await change.tx
      .updateTable('schedule_mark')
      .set({ at: last })
      .where('plan_id', '=', planId)
      .where('kind', '=', kind)
      .where('at', '=', mark)
      .returning('at')
      .executeTakeFirst();
    const plan = await change.tx.selectFrom('plan').selectAll().where('id', '=', planId).where('deleted_at', 'is', null).executeTakeFirst();
    if (moved === undefined || plan === undefined) return change.nothing();
    const isBusy = (await openJobOf(change, planId, kind)) !== undefined;
    const decisions = decideSlots(due.slots, { now: new Date(change.now), graceMs, isBusy });
    for (const decision of decisions) await this.#recordOne(change, plan, kind, due.isCut ? asMissed(decision) : decision);
    change.audit({ action: 'slot.record', object: { kind: 'plan', id: planId }, detail: { kind, slots: decisions.length, last } });
    change.event('plan', planId, planId);
  }

  async #recordOne(change: Change, plan: PlanTable, kind: SlotKind, decision: SlotDecision): Promise<void> {
    const dueAt = decision.dueAt.toISOString();
    const ordered = decision.action === 'run' ? await this.#order(change, plan, kind, decision.cause ?? 'schedule') : undefined;
    const status = ordered?.jobId !== undefined ? 'due' : decision.action === 'miss' ? 'missed' : 'skipped';
    await change.tx
      .insertInto('slot')
      .values({ plan_id: plan.id, kind, due_at: dueAt, status, job_id: ordered?.jobId ?? null, reason: ordered?.reason ?? decision.reason })
      .onConflict((conflict) => conflict.columns(['plan_id', 'kind', 'due_at']).doNothing())
      .execute();
    change.event('slot', `${plan.id}/${kind}/${dueAt}`, plan.id);
  }

  async #order(
    change: Change,
    plan: PlanTable,
    kind: SlotKind,
    cause: 'schedule' | 'catch-up',
  ): Promise<{ jobId?: string; reason?: string }> {
    if (kind === 'backup') return { jobId: (await orderBackup(this.#services.queue, change, plan, cause)).id };
    const point = await newestDrillable(change, plan.id);
    if (point === undefined) return { reason: 'there is no complete restore point to drill' };
    return { jobId: (await orderDrill(this.#services.queue, change, point, cause)).id };
  }
}

function scheduleOf(plan: Plan, kind: SlotKind): Plan['schedule'] | null {
  return kind === 'backup' ? plan.schedule : plan.drillSchedule;
}

function asMissed(decision: SlotDecision): SlotDecision {
  return { ...decision, action: 'miss', cause: null, reason: 'nothing ran at that time; a later slot makes up for it' };
}

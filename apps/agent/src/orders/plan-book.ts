import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '@fortfail/base';
import { dueSlots } from '@fortfail/policy';
import { type PlanOrder, planOrder } from '@fortfail/protocol';
import { z } from 'zod';
import { errnoOf, replaceFile } from '../durable-file.ts';

export type AcceptedPlan = PlanOrder['plans'][number];

const stored = z.object({
  serial: z.int(),
  plans: planOrder.shape.plans,
  /** When each plan was first accepted, RFC 3339: nothing before it is made up for. */
  since: z.record(z.string(), z.string()),
});

/** The plans that this agent accepted last, kept so that it can run them by itself: `<data>/agent/plans.json`. */
export class PlanBook {
  readonly #path: string;
  #kept: z.infer<typeof stored> | undefined;

  private constructor(path: string, kept: z.infer<typeof stored> | undefined) {
    this.#path = path;
    this.#kept = kept;
  }

  /** A file that cannot be understood counts as none: the next connection brings the plans again. */
  static async open(agentFolder: string, logger: Logger): Promise<PlanBook> {
    const path = join(agentFolder, 'plans.json');
    const text = await readFile(path, 'utf8').catch((error: unknown) => {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw error;
    });
    if (text === undefined) return new PlanBook(path, undefined);
    try {
      return new PlanBook(path, stored.parse(JSON.parse(text)));
    } catch (err) {
      logger.error({ component: 'plans', path, err }, 'kept plans not understood');
      return new PlanBook(path, undefined);
    }
  }

  get plans(): readonly AcceptedPlan[] {
    return this.#kept?.plans ?? [];
  }

  get serial(): number {
    return this.#kept?.serial ?? 0;
  }

  /** When a plan was first accepted. */
  sinceOf(planId: string): Date | undefined {
    const at = this.#kept?.since[planId];
    return at === undefined ? undefined : new Date(at);
  }

  /** Keeps newer plans, durably; answers what they protect less than the ones before. Older ones change nothing. */
  async accept(order: PlanOrder, now: Date): Promise<readonly string[]> {
    if (this.#kept !== undefined && order.serial < this.#kept.serial) return [];
    const before = this.#kept;
    const since = Object.fromEntries(order.plans.map(({ plan }) => [plan.id, before?.since[plan.id] ?? now.toISOString()]));
    const kept = { serial: order.serial, plans: order.plans, since };
    if (JSON.stringify(kept) === JSON.stringify(before)) return [];
    await replaceFile(this.#path, `${JSON.stringify(kept)}\n`);
    this.#kept = kept;
    return before === undefined ? [] : whatShrank(before.plans, order.plans, now);
  }
}

const monthMs = 30 * 86_400_000;

/** What the new plans protect less than the old ones did, one sentence each: quietly dropping a path is an attack. */
export function whatShrank(before: readonly AcceptedPlan[], after: readonly AcceptedPlan[], now: Date): string[] {
  const byId = new Map(after.map((entry) => [entry.plan.id, entry]));
  return before.filter(({ plan }) => plan.enabled).flatMap((old) => shrinkage(old, byId.get(old.plan.id), now));
}

function shrinkage(old: AcceptedPlan, next: AcceptedPlan | undefined, now: Date): string[] {
  const { name } = old.plan;
  if (next === undefined) return [`plan '${name}' is gone`];
  if (!next.plan.enabled) return [`plan '${name}' was switched off`];
  const found: string[] = [];
  const [was, is] = [old.plan.source, next.plan.source];
  if (was.kind === 'files') {
    const paths = is.kind === 'files' ? is.paths : [];
    const lost = was.paths.filter(
      (path) => !paths.some((other) => path === other || path.startsWith(other.endsWith('/') ? other : `${other}/`)),
    );
    if (lost.length > 0) found.push(`plan '${name}' leaves out '${lost[0]}'${lost.length > 1 ? ` and ${lost.length - 1} more` : ''}`);
    const added = is.kind === 'files' ? is.excludes.filter((pattern) => !was.excludes.includes(pattern)) : [];
    if (added.length > 0) found.push(`plan '${name}' now excludes '${added[0]}'${added.length > 1 ? ` and ${added.length - 1} more` : ''}`);
  }
  if (old.repository.id !== next.repository.id) found.push(`plan '${name}' goes into another repository`);
  if (slotsAMonth(next, now) < slotsAMonth(old, now)) found.push(`plan '${name}' runs less often`);
  if (keepsLess(old.plan.keep, next.plan.keep)) found.push(`plan '${name}' keeps fewer points`);
  return found;
}

function slotsAMonth({ plan }: AcceptedPlan, now: Date): number {
  return dueSlots(plan.schedule, now, new Date(now.getTime() + monthMs), 5000).slots.length;
}

function keepsLess(was: AcceptedPlan['plan']['keep'], is: AcceptedPlan['plan']['keep']): boolean {
  const counts = ['last', 'hourly', 'daily', 'weekly', 'monthly', 'yearly', 'minimum'] as const;
  return counts.some((rule) => (is[rule] ?? 0) < (was[rule] ?? 0)) || (was.within !== undefined && is.within !== was.within);
}

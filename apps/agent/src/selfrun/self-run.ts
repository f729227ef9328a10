import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock, Logger } from '@fortfail/base';
import { jitterMs, lastSlot } from '@fortfail/policy';
import { z } from 'zod';
import type { Alarms } from '../alarms/alarms.ts';
import { errnoOf, replaceFile } from '../durable-file.ts';
import type { JobDesk } from '../jobs/job-desk.ts';
import type { AcceptedPlan, PlanBook } from '../orders/plan-book.ts';
import { durationMs } from '../policy/host-policy.ts';

export interface SelfRunParts {
  readonly agentFolder: string;
  readonly plans: PlanBook;
  readonly desk: JobDesk;
  readonly alarms: Alarms;
  readonly clock: Clock;
  readonly logger: Logger;
  /** `selfrun_grace` of the policy of this moment. */
  readonly grace: () => string;
  /** Whether this host has what a backup of FortFail itself needs. */
  readonly hasCatalog: () => Promise<boolean>;
  readonly newJobId: () => string;
}

const lookEveryMs = 30_000;
const stored = z.record(z.string(), z.string());

/**
 * Runs the accepted plans when nobody orders it: a stolen or dead orchestrator cannot quietly stop backups. A plan is run
 * once for a due moment, `grace` after it, and only when no backup of it was ordered since.
 */
export class SelfRun {
  readonly #parts: SelfRunParts;
  /** Of each plan, when a backup was last ordered or begun. */
  readonly #begun: Map<string, string>;

  private constructor(parts: SelfRunParts, begun: Map<string, string>) {
    this.#parts = parts;
    this.#begun = begun;
  }

  static async open(parts: SelfRunParts): Promise<SelfRun> {
    const text = await readFile(pathOf(parts), 'utf8').catch((error: unknown) => {
      if (errnoOf(error) === 'ENOENT') return '{}';
      throw error;
    });
    return new SelfRun(parts, new Map(Object.entries(parse(text, parts.logger))));
  }

  /** A backup of the plan was ordered. */
  async ordered(planId: string): Promise<void> {
    this.#begun.set(planId, this.#parts.clock.now().toISOString());
    await this.#keep();
  }

  /** Looks for plans that are overdue, until the signal. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#parts;
    while (!signal.aborted) {
      await this.look().catch((err: unknown) => logger.error({ component: 'self-run', err }, 'looking for overdue plans failed'));
      await clock.sleep(lookEveryMs, signal).catch(() => undefined);
    }
  }

  /** Begins what is overdue; answers the plans' ids. */
  async look(): Promise<readonly string[]> {
    const { plans, desk, clock, alarms, newJobId } = this.#parts;
    const begun: string[] = [];
    for (const entry of plans.plans) {
      const dueAt = this.#overdue(entry, clock.now());
      if (dueAt === undefined || desk.isBackingUp(entry.plan.id) || !(await this.#isPossible(entry))) continue;
      const { plan } = entry;
      const since = this.#begun.get(plan.id);
      // Durable first: a plan that kills its agent is not begun again at each start.
      await this.ordered(plan.id);
      await alarms.raise('self-run', `No order came for plan '${plan.name}', due ${dueAt.toISOString()}: this host runs it by itself.`);
      desk.take({
        jobId: newJobId(),
        fence: 1,
        attempt: 1,
        payload: {
          kind: 'backup',
          repository: entry.repository,
          planId: plan.id,
          planName: plan.name,
          source: plan.source,
          tags: [`plan=${plan.name}`],
          since: since ?? plan.createdAt,
        },
        selfRun: { planId: plan.id, dueAt: dueAt.toISOString() },
      });
      begun.push(plan.id);
    }
    return begun;
  }

  /** The due moment that nobody ordered a backup for, once its grace is over. */
  #overdue({ plan }: AcceptedPlan, now: Date): Date | undefined {
    if (!plan.enabled) return undefined;
    const { plans, grace } = this.#parts;
    const lateMs = durationMs(grace()) + jitterMs(plan.id, plan.schedule.jitterSeconds);
    const due = lastSlot(plan.schedule, new Date(now.getTime() - lateMs));
    if (due === undefined) return undefined;
    const since = plans.sinceOf(plan.id);
    if (since !== undefined && due.getTime() < since.getTime()) return undefined;
    const begun = this.#begun.get(plan.id);
    return begun !== undefined && Date.parse(begun) >= due.getTime() ? undefined : due;
  }

  async #isPossible({ plan }: AcceptedPlan): Promise<boolean> {
    return plan.source.kind === 'files' || (await this.#parts.hasCatalog());
  }

  async #keep(): Promise<void> {
    await replaceFile(pathOf(this.#parts), `${JSON.stringify(Object.fromEntries(this.#begun))}\n`);
  }
}

function pathOf({ agentFolder }: SelfRunParts): string {
  return join(agentFolder, 'last-backups.json');
}

function parse(text: string, logger: Logger): Record<string, string> {
  try {
    return stored.parse(JSON.parse(text));
  } catch (err) {
    // Worst, a plan is run once more than needed.
    logger.warn({ component: 'self-run', err }, 'times of the last backups not understood');
    return {};
  }
}

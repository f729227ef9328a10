import { type Change, systemContext } from '../changes/changes.ts';
import type { Services } from '../services.ts';

const everyMs = 3_600_000;
const firstAfterMs = 60_000;
/** Rows of one transaction, so that nobody waits long for it. */
const batchRows = 500;
const dayMs = 24 * 3_600_000;

/** What is kept of the past. Restore points, drills, restores and audit records are never removed here. */
export const historyLimits = {
  /** What a job said, after its end. */
  logDays: 30,
  /** Jobs that ended... */
  jobDays: 180,
  /** ...and at most so many of them. */
  jobs: 20_000,
  /** Due moments and what came of them: more than the year that people look back. */
  slotDays: 400,
} as const;

export type HistoryLimits = { readonly [K in keyof typeof historyLimits]: number };
type Needs = Pick<Services, 'database' | 'changes' | 'clock' | 'logger' | 'leader'>;
type Removed = 'logs' | 'jobs' | 'slots';

/** Keeps the tables that grow with time from growing for ever. */
export class History {
  readonly #services: Needs;
  readonly #limits: HistoryLimits;

  constructor(services: Needs, limits: HistoryLimits = historyLimits) {
    this.#services = services;
    this.#limits = limits;
  }

  /** Prunes a minute after the start and then every hour, until the signal; of several processes the leading one does. */
  async work(signal: AbortSignal): Promise<void> {
    const { clock, logger, leader } = this.#services;
    let pauseMs = firstAfterMs;
    for (;;) {
      await clock.sleep(pauseMs, signal).catch(() => undefined);
      if (signal.aborted) return;
      pauseMs = everyMs;
      try {
        if (leader.isLeader()) await this.prune(signal);
      } catch (err) {
        logger.error({ component: 'history', err }, 'pruning the history failed');
      }
    }
  }

  /** Removes what is older than the limits, a batch at a time; answers how much. */
  async prune(signal?: AbortSignal): Promise<Record<Removed, number>> {
    const removed = { logs: 0, jobs: 0, slots: 0 };
    const steps: Record<Removed, (change: Change) => Promise<number>> = {
      logs: (change) => removeLogs(change, before(change, this.#limits.logDays)),
      jobs: async (change) => removeJobs(change, before(change, this.#limits.jobDays), this.#limits.jobs),
      slots: (change) => removeSlots(change, before(change, this.#limits.slotDays)),
    };
    for (const what of ['logs', 'jobs', 'slots'] as const) {
      for (let count = batchRows; count >= batchRows && signal?.aborted !== true; ) {
        count = await this.#services.changes.run(systemContext, async (change) => {
          const rows = await steps[what](change);
          if (rows === 0) return change.nothing(0);
          change.audit({ action: 'history.prune', object: { kind: 'site', id: 'site' }, detail: { what, rows } });
          return rows;
        });
        removed[what] += count;
      }
    }
    return removed;
  }
}

function before(change: Change, days: number): string {
  return new Date(Date.parse(change.now) - days * dayMs).toISOString();
}

/** Logs of jobs that ended before; a job's log goes whole. */
async function removeLogs({ tx }: Change, at: string): Promise<number> {
  const jobs = await tx
    .selectFrom('job')
    .select('id')
    .where('ended_at', '<', at)
    .where((eb) => eb.exists(eb.selectFrom('job_log').select('n').whereRef('job_log.job_id', '=', 'job.id')))
    .limit(batchRows)
    .execute();
  const ids = jobs.map(({ id }) => id);
  if (ids.length > 0) await tx.deleteFrom('job_log').where('job_id', 'in', ids).execute();
  return ids.length;
}

async function removeJobs({ tx }: Change, at: string, most: number): Promise<number> {
  const ended = () => tx.selectFrom('job').where('ended_at', 'is not', null);
  const first = await ended()
    .select('queued_at')
    .orderBy('queued_at', 'desc')
    .orderBy('id', 'desc')
    .offset(most)
    .limit(1)
    .executeTakeFirst();
  const jobs = await ended()
    .select('id')
    .where((eb) => eb.or([eb('ended_at', '<', at), ...(first === undefined ? [] : [eb('queued_at', '<=', first.queued_at)])]))
    .orderBy('queued_at')
    .limit(batchRows)
    .execute();
  const ids = jobs.map(({ id }) => id);
  if (ids.length === 0) return 0;
  await tx.deleteFrom('job_log').where('job_id', 'in', ids).execute();
  await tx.deleteFrom('job').where('id', 'in', ids).execute();
  return ids.length;
}

async function removeSlots({ tx }: Change, at: string): Promise<number> {
  const slots = await tx
    .selectFrom('slot')
    .select(['plan_id', 'kind', 'due_at'])
    .where('due_at', '<', at)
    .where('status', 'not in', ['due', 'running'])
    .orderBy('due_at')
    .limit(batchRows)
    .execute();
  const last = slots.at(-1);
  if (last === undefined) return 0;
  const result = await tx
    .deleteFrom('slot')
    .where('due_at', '<=', last.due_at)
    .where('status', 'not in', ['due', 'running'])
    .executeTakeFirst();
  return Number(result.numDeletedRows);
}

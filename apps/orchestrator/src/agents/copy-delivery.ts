import { type Clock, type Logger, toErrorRecord } from '@fortfail/base';
import type { CatalogCopies } from '../catalog-copy/catalog-copies.ts';
import type { JobQueue } from '../jobs/job-queue.ts';
import type { JobRow } from '../jobs/job-rows.ts';

const keepEveryMs = 5000;

export interface CopyDeliveryParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly queue: JobQueue;
  readonly copies: CatalogCopies;
}

/**
 * Leases that need a copy of the catalog first. A copy may take longer than a lease lasts and the agent does not know of
 * the job yet, so the lease is kept here meanwhile.
 */
export class CopyDelivery {
  readonly #parts: CopyDeliveryParts;
  readonly #stop = new AbortController();
  readonly #working = new Set<Promise<void>>();

  constructor(parts: CopyDeliveryParts) {
    this.#parts = parts;
  }

  /** Makes the copy, then calls `send` with its name. A copy that cannot be made fails the attempt. */
  begin(agentId: string, job: JobRow, send: (copy: string) => void): void {
    const working = this.#deliver(agentId, job, send).finally(() => this.#working.delete(working));
    this.#working.add(working);
  }

  /** Breaks off what is under way; those leases run out. */
  async stop(): Promise<void> {
    this.#stop.abort(new Error('the orchestrator stops'));
    await Promise.all(this.#working);
  }

  async #deliver(agentId: string, job: JobRow, send: (copy: string) => void): Promise<void> {
    const { logger, queue, copies } = this.#parts;
    const hold = { jobId: job.id, fence: job.fence };
    const done = new AbortController();
    const signal = AbortSignal.any([this.#stop.signal, done.signal]);
    const keeping = this.#keep(agentId, hold, done);
    try {
      const copy = await copies.make(hold, signal);
      if (signal.aborted) return;
      const stopped = await queue.stopReason(hold);
      if (stopped === null) send(copy);
      else await queue.settle(agentId, hold, { status: 'cancelled', result: null, error: null, summary: stopped });
    } catch (err) {
      if (signal.aborted) return;
      logger.error({ component: 'catalog-copy', ...hold, err }, 'copying the catalog for a backup failed');
      const error = toErrorRecord(err);
      await queue
        .settle(agentId, hold, { status: 'failed', result: null, error, summary: error.message })
        .catch((settling: unknown) => logger.error({ component: 'catalog-copy', ...hold, err: settling }, 'settling failed'));
    } finally {
      done.abort();
      await keeping;
    }
  }

  /** Extends the lease until the signal; a lease that is lost all the same ends the work. */
  async #keep(agentId: string, hold: { jobId: string; fence: number }, done: AbortController): Promise<void> {
    const { clock, queue, logger } = this.#parts;
    while (!done.signal.aborted) {
      try {
        await clock.sleep(keepEveryMs, done.signal);
        if ((await queue.extend(agentId, [hold])).length > 0) done.abort();
      } catch (err) {
        if (!done.signal.aborted) logger.error({ component: 'catalog-copy', ...hold, err }, 'extending a lease failed');
      }
    }
  }
}

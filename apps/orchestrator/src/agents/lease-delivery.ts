import type { Clock, Logger } from '@fortfail/base';
import type { JobPayload, OrchestratorFrame } from '@fortfail/protocol';
import type { CatalogCopies } from '../catalog-copy/catalog-copies.ts';
import type { Database } from '../database/database.ts';
import type { JobQueue, LeasedJob } from '../jobs/job-queue.ts';
import { jobPayloadOf } from '../jobs/job-rows.ts';
import { takeOrderNumbers } from '../jobs/order-counter.ts';
import { CopyDelivery } from './copy-delivery.ts';
import type { Orders } from './orders.ts';

type LeaseFrame = Omit<Extract<OrchestratorFrame, { type: 'lease' }>, 'v' | 'seq'>;

export interface LeaseDeliveryParts {
  readonly database: Database;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly queue: JobQueue;
  readonly orders: Orders;
  readonly copies?: CatalogCopies | undefined;
  readonly send: (agentId: string, frame: LeaseFrame) => void;
}

/** Leases jobs, signs them and sends them, per agent in the order of their numbers: it takes no number below its last one. */
export class LeaseDelivery {
  readonly #parts: LeaseDeliveryParts;
  readonly #copies: CopyDelivery | undefined;
  readonly #turns = new Map<string, Promise<unknown>>();

  constructor(parts: LeaseDeliveryParts) {
    this.#parts = parts;
    const { copies } = parts;
    this.#copies = copies === undefined ? undefined : new CopyDelivery({ ...parts, copies });
  }

  /** Leases what the agent may begin now and sends it. */
  round(agentId: string): Promise<void> {
    return this.#inTurn(agentId, async () => {
      for (const job of await this.#parts.queue.lease(agentId)) await this.#deliver(agentId, job);
    });
  }

  /** Breaks off copies that are being made; those leases run out. */
  async stop(): Promise<void> {
    await this.#copies?.stop();
    await Promise.allSettled(this.#turns.values());
  }

  async #deliver(agentId: string, job: LeasedJob): Promise<void> {
    const payload = jobPayloadOf(job);
    if (this.#copies === undefined || payload.kind !== 'backup' || payload.source.kind !== 'config')
      return this.#send(agentId, job, payload, job.order);
    this.#copies.begin(agentId, job, (catalogCopy) => {
      // Others went ahead meanwhile, so it needs a number above theirs.
      const sent = this.#inTurn(agentId, async () => {
        const n = await this.#parts.database.transaction((tx) => takeOrderNumbers(tx, agentId, 1));
        await this.#send(agentId, job, { ...payload, catalogCopy }, n);
      });
      sent.catch((err: unknown) =>
        this.#parts.logger.error({ component: 'agents', agentId, jobId: job.id, err }, 'sending a lease failed; it runs out'),
      );
    });
  }

  async #send(agentId: string, job: LeasedJob, payload: JobPayload, n: number): Promise<void> {
    const { orders, clock, send } = this.#parts;
    const order = await orders.job(agentId, { jobId: job.id, fence: job.fence, payload, n });
    const until = job.lease_until ?? clock.now().toISOString();
    send(agentId, { type: 'lease', jobId: job.id, fence: job.fence, attempt: job.attempt, kind: payload.kind, order, until });
  }

  #inTurn<T>(agentId: string, work: () => Promise<T>): Promise<T> {
    const turn = (this.#turns.get(agentId) ?? Promise.resolve()).then(work);
    const settled = turn.then(
      () => undefined,
      () => undefined,
    );
    this.#turns.set(agentId, settled);
    void settled.then(() => {
      if (this.#turns.get(agentId) === settled) this.#turns.delete(agentId);
    });
    return turn;
  }
}

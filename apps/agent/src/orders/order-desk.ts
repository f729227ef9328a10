import { asFortFailError, type Logger, toErrorRecord } from '@fortfail/base';
import type { Alarms } from '../alarms/alarms.ts';
import type { JobDesk } from '../jobs/job-desk.ts';
import type { LeaseFrame, OutgoingFrame } from '../link/agent-link.ts';
import type { Outbox } from '../outbox/outbox.ts';
import type { OrderBook } from './order-book.ts';

export interface OrderDeskParts {
  readonly book: OrderBook;
  readonly desk: JobDesk;
  readonly alarms: Alarms;
  readonly outbox: Outbox;
  readonly logger: Logger;
  readonly send: (frame: OutgoingFrame) => boolean;
  /** Told of each backup that was ordered: its plan need not be run by this agent itself. */
  readonly ordered: (planId: string) => Promise<void>;
}

/** Takes leases in: what is in the signed order is done, and nothing that the frame around it says. */
export class OrderDesk {
  readonly #parts: OrderDeskParts;

  constructor(parts: OrderDeskParts) {
    this.#parts = parts;
  }

  /** Never throws: a lease that is not obeyed is answered, recorded and told. */
  async leased(lease: LeaseFrame): Promise<void> {
    const { book, desk, ordered } = this.#parts;
    // A lease told twice has the number of the first; that is no old order but the same.
    if (desk.knows(lease)) return;
    try {
      const { payload, jti, fence } = await book.take(lease);
      if (payload.kind === 'backup') await ordered(payload.planId);
      desk.take({ jobId: jti, fence, attempt: lease.attempt, payload });
    } catch (error) {
      await this.#refuse(lease, error);
    }
  }

  async #refuse({ jobId, fence }: LeaseFrame, error: unknown): Promise<void> {
    const { alarms, outbox, send, logger } = this.#parts;
    const refusal = asFortFailError(error);
    logger.error({ component: 'orders', jobId, fence, err: refusal }, 'order not obeyed');
    const record = toErrorRecord(refusal);
    send(await outbox.add({ type: 'outcome', jobId, fence, status: 'failed', result: null, error: record, summary: record.message }));
    if (refusal.kind === 'denied') await alarms.raise('order-forged', `An order was refused: ${refusal.message} (${refusal.code}).`, jobId);
  }
}

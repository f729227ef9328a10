import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, FortFailError, isFortFailError } from '@fortfail/base';
import { type JobOrder, jobOrder, type PlanOrder, planOrder } from '@fortfail/protocol';
import { parseSshPublicKey, readOrder, type SshPublicKey } from '@fortfail/trust';
import { errnoOf, replaceFile } from '../durable-file.ts';

/** What a lease frame says beside its order: for logs, and to be told when it is refused. */
export interface ClaimedLease {
  readonly jobId: string;
  readonly fence: number;
  readonly kind: string;
  readonly order: string;
}

/** Whose orders are obeyed, and by whom. */
export interface Authority {
  readonly agentId: string;
  /** The site's id as enrolment told it; undefined for the resident agent, which has one site only. */
  readonly siteId: string | undefined;
  readonly linkKeys: readonly string[];
}

/**
 * A clock that is wrong by minutes must not make a host refuse its backups: an order counts so long past its end. That it
 * is not an old one is known by its number, not by its time.
 */
const leewayMs = 15 * 60_000;

/**
 * How far a number may run ahead. Whoever holds the link key could otherwise use up all numbers at once, and the site that
 * comes back after the theft would never be obeyed again.
 */
const longestStep = 1_000_000;
/** The same for the serial of plans, which is the site's time in seconds. */
const serialAheadSeconds = 86_400;

/**
 * Reads orders: nothing is obeyed but what a link key of this site signed for this agent, under a number that is higher
 * than any before. The number is durable before the order is handed out, so an order is taken once at most, whatever dies.
 */
export class OrderBook {
  readonly #path: string;
  readonly #clock: Clock;
  #authority: Authority | undefined;
  #keys: readonly SshPublicKey[] = [];
  #last: number;

  private constructor(path: string, clock: Clock, last: number) {
    this.#path = path;
    this.#clock = clock;
    this.#last = last;
  }

  /** Throws `damaged` when the number of the last order cannot be read: every order could be an old one then. */
  static async open(agentFolder: string, clock: Clock): Promise<OrderBook> {
    const path = join(agentFolder, 'last-order');
    const text = await readFile(path, 'utf8').catch((error: unknown) => {
      if (errnoOf(error) === 'ENOENT') return '0';
      throw error;
    });
    const last = Number(text);
    if (!/^\d{1,15}\n?$/.test(text) || !Number.isSafeInteger(last)) {
      const hint = 'Write the highest order number that `fortfail agent show` ever told into it, or enrol anew with --replace.';
      throw new FortFailError({
        kind: 'damaged',
        code: 'last-order',
        message: `unable to read the last order's number in '${path}'`,
        hint,
      });
    }
    return new OrderBook(path, clock, last);
  }

  /** Number of the last order that was accepted. */
  get last(): number {
    return this.#last;
  }

  /** From here on obeys these keys, as this agent. */
  trust(authority: Authority): void {
    this.#authority = authority;
    this.#keys = authority.linkKeys.map(parseSshPublicKey);
  }

  /** The order in a lease, once. Throws `denied`, code `order-*`, for one that is foreign, old, changed or not as its frame says. */
  async take(lease: ClaimedLease): Promise<JobOrder> {
    const order = jobOrder.safeParse(await this.#read(lease.order));
    if (!order.success)
      throw denied('order-malformed', 'unable to understand an order', 'Install the version of FortFail that the site has.');
    const { iss, jti, fence, kind, payload, n } = order.data;
    const { siteId } = this.#known();
    if (siteId !== undefined && iss !== siteId) throw denied('order-site', `unable to obey an order of another site, '${iss}'`);
    if (jti !== lease.jobId || fence !== lease.fence || kind !== lease.kind || payload.kind !== kind)
      throw denied('order-frame', 'unable to obey an order that is not the one its frame names');
    if (n <= this.#last)
      throw denied(
        'order-old',
        `unable to obey order ${n}, the last one was ${this.#last}`,
        'It was sent before, or the site was set back to an older state.',
      );
    if (n > this.#last + longestStep) throw denied('order-ahead', `unable to obey order ${n}, the last one was ${this.#last}`);
    await replaceFile(this.#path, `${n}\n`);
    this.#last = n;
    return order.data;
  }

  /** An agent's plans as its site signed them. Throws `denied`. */
  async readPlans(jws: string): Promise<PlanOrder> {
    const order = planOrder.safeParse(await this.#read(jws));
    if (!order.success)
      throw denied('order-malformed', 'unable to understand the plans of this agent', 'Install the version of FortFail that the site has.');
    const { siteId } = this.#known();
    if (siteId !== undefined && order.data.iss !== siteId)
      throw denied('order-site', `unable to take plans of another site, '${order.data.iss}'`);
    const ahead = order.data.serial - this.#clock.now().getTime() / 1000;
    if (ahead > serialAheadSeconds)
      throw denied(
        'order-ahead',
        `unable to take plans of serial ${order.data.serial}, which is still to come`,
        'Is the clock of this host right?',
      );
    return order.data;
  }

  #known(): Authority {
    if (this.#authority !== undefined) return this.#authority;
    throw denied('order-key', 'unable to obey an order before the site told its keys');
  }

  async #read(jws: string): Promise<Record<string, unknown>> {
    const { agentId } = this.#known();
    const now = new Date(this.#clock.now().getTime() - leewayMs);
    try {
      return await readOrder(jws, { keys: this.#keys, now, audience: agentId });
    } catch (error) {
      if (isFortFailError(error, 'denied')) throw error;
      throw denied('order-malformed', 'unable to read an order', undefined, error);
    }
  }
}

function denied(code: string, message: string, hint?: string, cause?: unknown): FortFailError {
  return new FortFailError({ kind: 'denied', code, message, hint, cause });
}

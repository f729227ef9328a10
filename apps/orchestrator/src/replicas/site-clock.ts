import type { Clock } from '@fortfail/base';

/** Differences below this are left alone: measuring is no more exact, and time shall not step for nothing. */
const worthMs = 250;

/**
 * The wall clock that all processes on one database share: the database's. Leases, slots and sessions of one process are
 * judged by the others, which must not depend on whose clock goes wrong.
 */
export class SiteClock implements Clock {
  readonly #own: Clock;
  #offsetMs = 0;

  constructor(own: Clock) {
    this.#own = own;
  }

  /**
   * The database said `databaseMs` within the last `tookMs`. Answers by how many milliseconds this machine's clock is behind
   * it (before: negative).
   */
  compare(databaseMs: number, tookMs: number): number {
    const behindMs = databaseMs + tookMs / 2 - this.#own.now().getTime();
    if (Math.abs(behindMs - this.#offsetMs) > Math.max(worthMs, tookMs)) this.#offsetMs = Math.abs(behindMs) < worthMs ? 0 : behindMs;
    return behindMs;
  }

  now(): Date {
    return new Date(this.#own.now().getTime() + Math.round(this.#offsetMs));
  }

  monotonicMs(): number {
    return this.#own.monotonicMs();
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return this.#own.sleep(ms, signal);
  }
}

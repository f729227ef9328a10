import type { Clock } from '@fortfail/base';
import { HttpRefusal } from '../http/problems.ts';

const freeFailures = 5;
const maxDelaySeconds = 900;
const maxEntries = 10_000;

interface Failures {
  count: number;
  openAtMs: number;
}

/** Slows guessing down, per account and per address: five free failures, then 2^n seconds up to 15 minutes; never a lock. */
export class BackOff {
  readonly #clock: Clock;
  readonly #failures = new Map<string, Failures>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Throws 429 while one of the keys has to wait. */
  check(keys: readonly string[]): void {
    const now = this.#clock.monotonicMs();
    const waitMs = Math.max(0, ...keys.map((key) => (this.#failures.get(key)?.openAtMs ?? 0) - now));
    if (waitMs <= 0) return;
    const seconds = Math.ceil(waitMs / 1000);
    throw new HttpRefusal(
      429,
      { kind: 'denied', code: 'too-many-failures', message: `unable to sign in for the next ${seconds} s, after too many failures` },
      seconds,
    );
  }

  failed(keys: readonly string[]): void {
    const now = this.#clock.monotonicMs();
    for (const key of keys) {
      const count = (this.#failures.get(key)?.count ?? 0) + 1;
      const delaySeconds = count < freeFailures ? 0 : Math.min(maxDelaySeconds, 2 ** (count - freeFailures));
      this.#failures.delete(key);
      this.#failures.set(key, { count, openAtMs: now + delaySeconds * 1000 });
    }
    // The oldest give way, so that a flood of addresses cannot fill the memory.
    for (const key of this.#failures.keys()) {
      if (this.#failures.size <= maxEntries) break;
      this.#failures.delete(key);
    }
  }

  succeeded(keys: readonly string[]): void {
    for (const key of keys) this.#failures.delete(key);
  }
}

import type { Clock } from '@fortfail/base';
import { HttpRefusal } from '../http/problems.ts';

const windowMs = 60_000;
const maxAddresses = 10_000;

/**
 * How many failures one address may cause in a minute. Success costs nothing, so agents behind one address do not stand in
 * each other's way, and whoever guesses is slowed down.
 */
export class AddressLimit {
  readonly #clock: Clock;
  readonly #perMinute: number;
  readonly #failures = new Map<string, { count: number; sinceMs: number }>();

  constructor(clock: Clock, perMinute: number) {
    this.#clock = clock;
    this.#perMinute = perMinute;
  }

  /** Throws 429 for an address that failed too often. */
  check(address: string): void {
    const entry = this.#failures.get(address);
    if (entry === undefined) return;
    const ageMs = this.#clock.monotonicMs() - entry.sinceMs;
    if (ageMs >= windowMs || entry.count < this.#perMinute) return;
    const seconds = Math.ceil((windowMs - ageMs) / 1000);
    throw new HttpRefusal(
      429,
      { kind: 'denied', code: 'too-many-failures', message: `unable to answer this address for ${seconds} s, after too many failures` },
      seconds,
    );
  }

  failed(address: string): void {
    const now = this.#clock.monotonicMs();
    const entry = this.#failures.get(address);
    if (entry !== undefined && now - entry.sinceMs < windowMs) entry.count += 1;
    else {
      this.#failures.delete(address);
      this.#failures.set(address, { count: 1, sinceMs: now });
    }
    // The oldest give way, so that a flood of addresses cannot fill the memory.
    for (const key of this.#failures.keys()) {
      if (this.#failures.size <= maxAddresses) break;
      this.#failures.delete(key);
    }
  }
}

import { randomInt } from 'node:crypto';

const firstMs = 200;
const longestMs = 10_000;

/** Growing pauses between attempts to connect, spread so that many agents do not come back at once. */
export class BackOff {
  #nextMs = firstMs;

  /** The pause before the next attempt: from half to one and a half of a doubling time. */
  next(): number {
    const base = this.#nextMs;
    this.#nextMs = Math.min(longestMs, base * 2);
    return Math.round((base * randomInt(50, 151)) / 100);
  }

  reset(): void {
    this.#nextMs = firstMs;
  }
}

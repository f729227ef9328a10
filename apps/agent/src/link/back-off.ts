import { randomInt } from 'node:crypto';
import type { Standing } from './wire.ts';

const firstMs = 200;
const longestMs = 10_000;

/** Where trying again at once cannot help: a person has to look first. */
const calmMs: Readonly<Record<Standing, number>> = {
  pending: 30_000,
  held: 60_000,
  'other-instance': 30_000,
  unknown: 300_000,
  revoked: 900_000,
};

/** Growing pauses between attempts to connect, spread so that many agents do not come back at once. */
export class BackOff {
  #nextMs = firstMs;

  /** The pause before the next attempt: from half to one and a half of a doubling time, or of a long one. */
  next(standing?: Standing): number {
    if (standing !== undefined) return spread(calmMs[standing]);
    const base = this.#nextMs;
    this.#nextMs = Math.min(longestMs, base * 2);
    return spread(base);
  }

  reset(): void {
    this.#nextMs = firstMs;
  }
}

function spread(ms: number): number {
  return Math.round((ms * randomInt(50, 151)) / 100);
}

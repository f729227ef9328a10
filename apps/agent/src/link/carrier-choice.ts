import type { Clock } from '@fortfail/base';
import type { Carrier } from './wire.ts';

/** How long long polls are kept to before a WebSocket is tried again. */
export const webSocketAgainMs = 10 * 60_000;

/**
 * Which way to try next. The first is the better one; where it does not get through (a proxy refuses the upgrade, or breaks
 * it without a word) the second has its turn, and keeps it for a while when it gets through.
 */
export class CarrierChoice {
  readonly #carriers: readonly [Carrier, ...Carrier[]];
  readonly #clock: Clock;
  #turn = 0;
  #keepUntilMs = 0;

  constructor(carriers: readonly [Carrier, ...Carrier[]], clock: Clock) {
    this.#carriers = carriers;
    this.#clock = clock;
  }

  get current(): Carrier {
    if (this.#turn !== 0 && this.#keepUntilMs !== 0 && this.#clock.monotonicMs() >= this.#keepUntilMs) this.#first();
    return this.#carriers[this.#turn] ?? this.#carriers[0];
  }

  /** A conversation ended: `wasWelcomed` says that this way gets through. */
  ended(wasWelcomed: boolean): void {
    if (!wasWelcomed) {
      this.#turn = (this.#turn + 1) % this.#carriers.length;
      this.#keepUntilMs = 0;
    }
  }

  welcomed(): void {
    if (this.#turn !== 0 && this.#keepUntilMs === 0) this.#keepUntilMs = this.#clock.monotonicMs() + webSocketAgainMs;
  }

  #first(): void {
    this.#turn = 0;
    this.#keepUntilMs = 0;
  }
}

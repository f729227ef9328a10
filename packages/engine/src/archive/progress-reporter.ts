import type { Clock } from '@fortfail/base';
import type { EngineListener, FailureList, ProgressEvent } from '../events.ts';

const intervalMs = 250;

/** Sends progress at most four times a second, whoever asks however often. */
export class ProgressReporter {
  readonly #clock: Clock;
  readonly #listener: EngineListener | undefined;
  readonly #failures: FailureList;
  #lastMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, listener: EngineListener | undefined, failures: FailureList) {
    this.#clock = clock;
    this.#listener = listener;
    this.#failures = failures;
  }

  /** `state` is only asked when something is sent. */
  report(state: () => Omit<ProgressEvent, 'type' | 'errors'>, isLast = false): void {
    if (this.#listener === undefined) return;
    const now = this.#clock.monotonicMs();
    if (!isLast && now - this.#lastMs < intervalMs) return;
    this.#lastMs = now;
    this.#listener({ type: 'progress', errors: this.#failures.count, ...state() });
  }
}

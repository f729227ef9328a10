import type { Clock } from '../clock.ts';

interface Sleeper {
  readonly wakeAtMs: number;
  readonly wake: () => void;
}

/** A clock that stands still until a test moves it. `advance` wakes sleepers in the order of their times. */
export class FakeClock implements Clock {
  #wallMs: number;
  #monotonicMs = 0;
  #sleepers: Sleeper[] = [];

  constructor(start = new Date('2026-11-21T09:00:00Z')) {
    this.#wallMs = start.getTime();
  }

  now(): Date {
    return new Date(this.#wallMs);
  }

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      this.#sleepers.push({ wakeAtMs: this.#monotonicMs + ms, wake: resolve });
      signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
  }

  /** Moves both clocks on and lets everything that became due run. */
  async advance(ms: number): Promise<void> {
    const end = this.#monotonicMs + ms;
    for (;;) {
      const due = this.#sleepers.filter((sleeper) => sleeper.wakeAtMs <= end).sort((a, b) => a.wakeAtMs - b.wakeAtMs)[0];
      if (due === undefined) break;
      this.#sleepers = this.#sleepers.filter((sleeper) => sleeper !== due);
      this.#move(due.wakeAtMs);
      due.wake();
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.#move(end);
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** Sets the wall clock alone, as a person or NTP does. */
  jump(to: Date): void {
    this.#wallMs = to.getTime();
  }

  #move(monotonicMs: number): void {
    this.#wallMs += monotonicMs - this.#monotonicMs;
    this.#monotonicMs = monotonicMs;
  }
}

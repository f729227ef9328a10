import { useSyncExternalStore } from 'react';
import { browserNow, every } from '../render/clock.ts';

/**
 * The server's clock as the browser knows it: what it last said, plus the time that passed here since. All ages are
 * counted from it, so that a browser with a wrong clock shows right ages.
 */
class ServerClock {
  #aheadMs = 0;
  readonly #listeners = new Set<() => void>();
  #stop: (() => void) | undefined;

  /** Sets the clock by what the server just said (RFC 3339). */
  heard(instant: string): void {
    const time = Date.parse(instant);
    if (!Number.isNaN(time)) this.#aheadMs = time - browserNow();
  }

  /** Milliseconds since 1970 by the server's clock. */
  now(): number {
    return browserNow() + this.#aheadMs;
  }

  /** How far the server is ahead of this browser, in milliseconds. */
  get aheadMs(): number {
    return this.#aheadMs;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    this.#stop ??= every(1000, () => {
      for (const each of this.#listeners) each();
    });
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      this.#stop?.();
      this.#stop = undefined;
    };
  };
}

export const serverClock = new ServerClock();

/** The server's time, cut to whole steps: a component draws anew once a step, not with every tick. */
export const useNow = (stepSeconds = 1): number => {
  const step = stepSeconds * 1000;
  return useClock((now) => Math.floor(now / step) * step);
};

/** A number that follows the server's time; a component draws anew only when it changes. */
export const useClock = (of: (now: number) => number): number => useSyncExternalStore(serverClock.subscribe, () => of(serverClock.now()));

import type { Clock } from '@fortfail/base';

/** A connected agent says something every 5 s. */
const silenceMs = 12_000;
/** What a process sent before it died may still be read a moment later. */
const afterwordsMs = 1000;
const maxClashes = 10_000;

interface Clash {
  readonly instance: string;
  readonly atMs: number;
  isProven: boolean;
}

/**
 * Another process of a connected agent turned up. Mostly the first one died without a word, as with its machine, and the
 * second one may take its place once nothing was heard for long enough. When both are heard there are two copies of one
 * agent.
 */
export class InstanceClashes {
  readonly #clock: Clock;
  readonly #clashes = new Map<string, Clash>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A second process wants in. True when the first one has been silent for so long that it may. */
  mayReplace(agentId: string, instance: string): boolean {
    const now = this.#clock.monotonicMs();
    const clash = this.#clashes.get(agentId);
    if (clash?.instance === instance) return !clash.isProven && now - clash.atMs >= silenceMs;
    if (this.#clashes.size < maxClashes) this.#clashes.set(agentId, { instance, atMs: now, isProven: false });
    return false;
  }

  /** The first process was heard. Answers the second one's instance, once, when that proves that both live. */
  heard(agentId: string): string | undefined {
    const clash = this.#clashes.get(agentId);
    if (clash === undefined || clash.isProven || this.#clock.monotonicMs() - clash.atMs < afterwordsMs) return undefined;
    clash.isProven = true;
    return clash.instance;
  }

  /** The first process is gone. */
  left(agentId: string): void {
    this.#clashes.delete(agentId);
  }
}

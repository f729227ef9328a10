import type { Clock } from '@fortfail/base';
import type { JobProgress } from '@fortfail/protocol';

/** What the engine says of its progress, as far as it matters here. */
export interface EngineProgress {
  readonly filesDone: number;
  readonly bytesDone: number;
  readonly totalFiles: number | undefined;
  readonly totalBytes: number | undefined;
  readonly errors: number;
  readonly currentItems: readonly string[];
}

interface Sample {
  readonly atMs: number;
  readonly bytes: number;
}

const windowMs = 10_000;
const mostCurrent = 4;

/** Turns the engine's counts into what people see: a rate over the last seconds and the time left at that rate. */
export class ProgressMeter {
  readonly #clock: Clock;
  #phase: string;
  #samples: Sample[] = [];

  constructor(clock: Clock, phase: string) {
    this.#clock = clock;
    this.#phase = phase;
  }

  /** A new part of the work begins; its rate is measured anew. */
  enter(phase: string): void {
    this.#phase = phase;
    this.#samples = [];
  }

  measure(progress: EngineProgress): JobProgress {
    const bytesPerSecond = this.#rate(progress.bytesDone);
    const left = progress.totalBytes === undefined ? undefined : Math.max(0, progress.totalBytes - progress.bytesDone);
    return {
      phase: this.#phase,
      filesDone: progress.filesDone,
      filesTotal: progress.totalFiles ?? null,
      bytesDone: progress.bytesDone,
      bytesTotal: progress.totalBytes ?? null,
      errors: progress.errors,
      current: progress.currentItems.slice(0, mostCurrent),
      bytesPerSecond,
      secondsRemaining: left === undefined || bytesPerSecond === null || bytesPerSecond === 0 ? null : Math.ceil(left / bytesPerSecond),
    };
  }

  #rate(bytes: number): number | null {
    const atMs = this.#clock.monotonicMs();
    this.#samples = this.#samples.filter((sample) => atMs - sample.atMs <= windowMs);
    this.#samples.push({ atMs, bytes });
    const first = this.#samples[0];
    if (first === undefined || atMs - first.atMs < 500) return null;
    return Math.max(0, Math.round(((bytes - first.bytes) * 1000) / (atMs - first.atMs)));
  }
}

import type { Clock } from '@fortfail/base';
import type { JobLogLine, JobProgress } from '@fortfail/protocol';
import type { JobHold, OutgoingFrame } from '../link/agent-link.ts';

/** Lines of one job that are sent at all; a tree of a million unreadable files must not fill the catalog. */
const mostLines = 2000;
const mostLinesAFrame = 200;

/** What a job says while it works: the newest progress and its log lines, sent at most twice a second. */
export class JobLog {
  readonly #hold: JobHold;
  readonly #clock: Clock;
  readonly #send: (frame: OutgoingFrame) => boolean;
  #progress: JobProgress | undefined;
  #lines: JobLogLine[] = [];
  #told = 0;

  constructor(hold: JobHold, clock: Clock, send: (frame: OutgoingFrame) => boolean) {
    this.#hold = { jobId: hold.jobId, fence: hold.fence };
    this.#clock = clock;
    this.#send = send;
  }

  progress(progress: JobProgress): void {
    this.#progress = progress;
  }

  log(level: JobLogLine['level'], message: string, item?: string): void {
    if (this.#told > mostLines) return;
    this.#told += 1;
    const at = this.#clock.now().toISOString();
    if (this.#told > mostLines) this.#lines.push({ at, level: 'warn', message: `more than ${mostLines} lines; the rest is not sent` });
    else this.#lines.push({ at, level, message, ...(item === undefined ? {} : { item }) });
  }

  /** Sends what there is. Lines that could not be sent wait for the next time, progress does not. */
  flush(): void {
    if (this.#progress !== undefined) this.#send({ type: 'progress', ...this.#hold, progress: this.#progress });
    this.#progress = undefined;
    while (this.#lines.length > 0) {
      const lines = this.#lines.slice(0, mostLinesAFrame);
      if (!this.#send({ type: 'log', ...this.#hold, lines })) return;
      this.#lines = this.#lines.slice(lines.length);
    }
  }
}

import type { JobProgress } from '@fortfail/protocol';
import type { EventFeed } from '../changes/event-feed.ts';

/** The newest progress of each running job: in memory only, told to live listeners, forgotten when the job ends. */
export class JobProgressBoard {
  readonly #feed: EventFeed;
  readonly #latest = new Map<string, JobProgress>();

  constructor(feed: EventFeed) {
    this.#feed = feed;
  }

  set(jobId: string, at: string, progress: JobProgress): void {
    this.#latest.set(jobId, progress);
    this.#feed.announceLive({ type: 'job.progress', seq: null, at, id: jobId, progress });
  }

  get(jobId: string): JobProgress | undefined {
    return this.#latest.get(jobId);
  }

  clear(jobId: string): void {
    this.#latest.delete(jobId);
  }
}

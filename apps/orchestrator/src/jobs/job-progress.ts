import type { JobProgress } from '@fortfail/protocol';
import type { EventFeed } from '../changes/event-feed.ts';

/** Far more jobs than run at once; those that ended while another process had them go in the end, too. */
const maxJobs = 5000;

/** The newest progress of each running job: in memory only, told to live listeners, forgotten when the job ends. */
export class JobProgressBoard {
  readonly #feed: EventFeed;
  readonly #latest = new Map<string, JobProgress>();

  constructor(feed: EventFeed) {
    this.#feed = feed;
    // What other processes announce of the jobs of their agents.
    feed.listen({
      stored: () => undefined,
      live: (event) => {
        if (event.type === 'job.progress') this.#keep(event.id, event.progress);
      },
    });
  }

  set(jobId: string, at: string, progress: JobProgress): void {
    this.#feed.announceLive({ type: 'job.progress', seq: null, at, id: jobId, progress });
  }

  get(jobId: string): JobProgress | undefined {
    return this.#latest.get(jobId);
  }

  clear(jobId: string): void {
    this.#latest.delete(jobId);
  }

  #keep(jobId: string, progress: JobProgress): void {
    this.#latest.delete(jobId);
    this.#latest.set(jobId, progress);
    for (const oldest of this.#latest.keys()) {
      if (this.#latest.size <= maxJobs) break;
      this.#latest.delete(oldest);
    }
  }
}

import { type Clock, isFortFailError } from '@fortfail/base';
import type { Job } from '@fortfail/protocol';
import type { ApiClient } from '../client/local-client.ts';

const pauseMs = 200;
/** How long the orchestrator may be away, being started again, before following gives up. */
const patienceMs = 60_000;

const endings: readonly Job['status'][] = ['succeeded', 'partial', 'failed', 'cancelled'];
export const hasEnded = (job: Job): boolean => endings.includes(job.status);

export interface Following {
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Watches a job until it has ended, telling each state seen. Outlasts a restart of the orchestrator. */
export async function followJob({ client, clock, signal }: Following, jobId: string, onSeen: (job: Job) => void): Promise<Job> {
  let answeredMs = clock.monotonicMs();
  for (;;) {
    try {
      const job = await client.ask('getJob', { params: { jobId }, signal });
      answeredMs = clock.monotonicMs();
      onSeen(job);
      if (hasEnded(job)) return job;
    } catch (error) {
      if (!isFortFailError(error, 'unavailable') || clock.monotonicMs() - answeredMs > patienceMs) throw error;
    }
    await clock.sleep(pauseMs, signal);
  }
}

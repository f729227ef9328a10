import type { Job, JobLogLine, JobProgress } from '@fortfail/protocol';
import { useSyncExternalStore } from 'react';
import { live } from './session.ts';

/** A job's progress: the last live word, else what the answer carried. */
export const useJobProgress = (job: Pick<Job, 'id' | 'progress' | 'status'>): JobProgress | null => {
  const heard = useSyncExternalStore(live.subscribe, () => live.progressOf(job.id));
  return job.status === 'running' || job.status === 'leased' ? (heard ?? job.progress) : job.progress;
};

/** Log lines that came live since the page was opened. */
export const useJobLines = (jobId: string): readonly JobLogLine[] => useSyncExternalStore(live.subscribe, () => live.linesOf(jobId));

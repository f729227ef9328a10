import { availableParallelism } from 'node:os';
import type { Repository } from '@fortfail/repository';
import { ThreadPool } from '../threads/thread-pool.ts';
import type { RestorePool } from './fetch.ts';
import type { RestoreJob, RestoreReply, RestoreSettings } from './restore-jobs.ts';
import type { RestoreWorkerInit } from './restore-worker.ts';

/** Starts the threads of a restore, or of a comparison with what was restored. */
export function startRestorePool(repository: Repository, settings: RestoreSettings, threads: number | undefined): RestorePool {
  return new ThreadPool<RestoreJob, RestoreReply>({
    script: new URL('./restore-worker.ts', import.meta.url),
    workerData: { pipeline: repository.pipelineInit(), settings } satisfies RestoreWorkerInit,
    threads: threads ?? availableParallelism() + 1,
    outstanding: 2,
  });
}

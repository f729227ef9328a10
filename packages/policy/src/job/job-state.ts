import { type ErrorKind, errorKinds, FortFailError } from '@fortfail/base';

export type JobStatus = 'queued' | 'leased' | 'running' | 'succeeded' | 'partial' | 'failed' | 'cancelled';

/**
 * From where a job may go where. A lost lease goes back to the queue; an outcome may overtake the word that the job
 * began; an ended job never changes again.
 */
export const jobTransitions = {
  queued: ['leased', 'failed', 'cancelled'],
  leased: ['running', 'queued', 'succeeded', 'partial', 'failed', 'cancelled'],
  running: ['queued', 'succeeded', 'partial', 'failed', 'cancelled'],
  succeeded: [],
  partial: [],
  failed: [],
  cancelled: [],
} as const satisfies Record<JobStatus, readonly JobStatus[]>;

export function canMove(from: JobStatus, to: JobStatus): boolean {
  const allowed: readonly JobStatus[] = jobTransitions[from];
  return allowed.includes(to);
}

export function hasEnded(status: JobStatus): boolean {
  return jobTransitions[status].length === 0;
}

/** Throws `conflict` for a move that the table does not know. */
export function assertMove(from: JobStatus, to: JobStatus): void {
  if (canMove(from, to)) return;
  const hint = hasEnded(from) ? 'An ended job never changes again. Start a new one.' : undefined;
  throw new FortFailError({ kind: 'conflict', code: 'job-state', message: `unable to change job from '${from}' to '${to}'`, hint });
}

export interface RetryDecision {
  readonly shouldRetry: boolean;
  readonly delaySeconds: number;
  readonly reason: string;
}

const firstDelaySeconds = 30;
const longestDelaySeconds = 1800;

/** Whether a failed attempt is worth another, by the kind of its error alone. `attempt` counts from 1. */
export function decideRetry(failure: { readonly kind: ErrorKind; readonly attempt: number; readonly maxAttempts: number }): RetryDecision {
  const { kind, attempt, maxAttempts } = failure;
  const { retry } = errorKinds[kind];
  const no = (reason: string): RetryDecision => ({ shouldRetry: false, delaySeconds: 0, reason });
  if (retry === 'never') return no(`${kind} does not go away by trying again`);
  if (retry === 'next-job') return no('the next job tries again');
  const allowed = retry === 'once' ? Math.min(2, maxAttempts) : maxAttempts;
  if (attempt >= allowed) return no(`attempt ${attempt} of ${allowed} was the last`);
  const delaySeconds = Math.min(longestDelaySeconds, firstDelaySeconds * 2 ** (attempt - 1));
  return { shouldRetry: true, delaySeconds, reason: `attempt ${attempt + 1} of ${allowed} follows` };
}

/** A job whose agent fell silent goes back to the queue at once while it has attempts left. */
export function decideLostLease(job: { readonly attempt: number; readonly maxAttempts: number }): RetryDecision {
  const shouldRetry = job.attempt < job.maxAttempts;
  const reason = shouldRetry ? 'the lease was lost; queued again' : `the lease was lost in attempt ${job.attempt}, the last`;
  return { shouldRetry, delaySeconds: 0, reason };
}

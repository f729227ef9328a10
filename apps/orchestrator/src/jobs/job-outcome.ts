import { type ErrorKind, type ErrorRecord, errorKinds } from '@fortfail/base';
import type { JobResult } from '@fortfail/protocol';
import type { JobRow } from './job-rows.ts';

/** How an attempt ended, as the agent reports it. */
export interface JobOutcome {
  readonly status: 'succeeded' | 'partial' | 'failed' | 'cancelled';
  readonly result: JobResult | null;
  readonly error: ErrorRecord | null;
  readonly summary: string;
}

const firstDelayMs = 30_000;
const maxDelayMs = 900_000;

/**
 * Milliseconds until the next attempt after a failed one, or undefined when there is none: the error's kind decides, and
 * the number of attempts limits.
 */
export function retryDelayMs(job: JobRow, error: ErrorRecord | null): number | undefined {
  if (error === null || job.cancel_reason !== null || job.attempt >= job.max_attempts) return undefined;
  const rule = errorKinds[error.kind as ErrorKind]?.retry ?? 'never';
  if (rule === 'later') return Math.min(maxDelayMs, firstDelayMs * 2 ** (job.attempt - 1));
  return rule === 'once' && job.attempt < 2 ? firstDelayMs : undefined;
}

export const leaseLost: ErrorRecord = {
  kind: 'unavailable',
  code: 'lease-lost',
  message: 'the agent stopped answering while it did this job',
  hint: 'See whether the agent runs; `fortfail start` starts it again.',
};

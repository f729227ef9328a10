import type { ErrorRecord } from '@fortfail/base';
import type { JobResult } from '@fortfail/protocol';

/** How an attempt ended, as the agent reports it. */
export interface JobOutcome {
  readonly status: 'succeeded' | 'partial' | 'failed' | 'cancelled';
  readonly result: JobResult | null;
  readonly error: ErrorRecord | null;
  readonly summary: string;
}

export const leaseLost: ErrorRecord = {
  kind: 'unavailable',
  code: 'lease-lost',
  message: 'the agent stopped answering while it did this job',
  hint: 'See whether the agent runs; `fortfail start` starts it again.',
};

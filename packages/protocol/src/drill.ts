import { z } from 'zod';
import { drillId, instant, jobId, planId, restorePointId } from './ids.ts';

/** One measured part of a restore, in seconds of wall time. */
export const phase = z.object({ name: z.enum(['open', 'plan', 'fetch', 'metadata', 'verify']), seconds: z.number() });
export type Phase = z.infer<typeof phase>;

export const drillDifference = z.object({ path: z.string(), what: z.string(), expected: z.string(), found: z.string() });

/**
 * Evidence of one drill: what was restored and compared, what was not, and how long it took. Unsigned until keys exist.
 * RTO = wall time from the order to a verified tree, without the comparison with the recorded digests beyond it.
 */
export const drill = z.object({
  id: drillId,
  restorePointId,
  planId,
  planName: z.string(),
  jobId,
  snapshot: z.string(),
  outcome: z.enum(['passed', 'failed']),
  files: z.int(),
  directories: z.int(),
  bytes: z.int(),
  comparedBytes: z.int(),
  comparedEntries: z.int(),
  rtoSeconds: z.number(),
  promisedRtoSeconds: z.number(),
  rpoSeconds: z.number().nullable(),
  phases: z.array(phase),
  differences: z.array(drillDifference),
  differenceCount: z.int(),
  asserted: z.array(z.string()),
  notTested: z.array(z.string()),
  scratch: z.string(),
  host: z.string(),
  versions: z.record(z.string(), z.string()),
  startedAt: instant,
  endedAt: instant,
});
export type Drill = z.infer<typeof drill>;

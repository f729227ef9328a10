import { z } from 'zod';
import { agentId, instant, jobId, planId } from './ids.ts';

export const jobKind = z.enum([
  'initialise',
  'backup',
  'check',
  'drill',
  'propose-restore',
  'apply-restore',
  'forget',
  'escrow',
  'grant-slot',
  'accept-slot',
]);
export type JobKind = z.infer<typeof jobKind>;

export const jobStatus = z.enum(['queued', 'leased', 'running', 'succeeded', 'partial', 'failed', 'cancelled']);
export type JobStatus = z.infer<typeof jobStatus>;

/** A failure as data; `kind` decides what follows. */
export const errorRecord = z.object({ kind: z.string(), code: z.string(), message: z.string(), hint: z.string().optional() });

/** Live progress: at most one a second and job, never stored. Totals are null while unknown. */
export const jobProgress = z.object({
  phase: z.string(),
  filesDone: z.number(),
  filesTotal: z.number().nullable(),
  bytesDone: z.number(),
  bytesTotal: z.number().nullable(),
  errors: z.number(),
  current: z.array(z.string()),
  bytesPerSecond: z.number().nullable(),
  secondsRemaining: z.number().nullable(),
});
export type JobProgress = z.infer<typeof jobProgress>;

export const jobLogLine = z.object({
  at: instant,
  level: z.enum(['info', 'warn', 'error']),
  message: z.string(),
  item: z.string().optional(),
});
export type JobLogLine = z.infer<typeof jobLogLine>;

export const job = z.object({
  id: jobId,
  kind: jobKind,
  status: jobStatus,
  planId: planId.nullable(),
  planName: z.string().nullable(),
  agentId,
  restorePointId: z.string().nullable(),
  restoreId: z.string().nullable(),
  drillId: z.string().nullable(),
  repositoryId: z.string().nullable(),
  cause: z.enum(['schedule', 'catch-up', 'person', 'first-start', 'self-run']),
  attempt: z.int(),
  maxAttempts: z.int(),
  queuedAt: instant,
  startedAt: instant.nullable(),
  endedAt: instant.nullable(),
  leaseUntil: instant.nullable(),
  progress: jobProgress.nullable(),
  /** One sentence of the outcome for people, and its figures by kind. */
  outcome: z.string().nullable(),
  result: z.record(z.string(), z.unknown()).nullable(),
  error: errorRecord.nullable(),
});
export type Job = z.infer<typeof job>;

import { z } from 'zod';
import { absolutePath, agentId, givenName, instant, planId, repositoryId } from './ids.ts';

/** What is protected. `config` is FortFail itself: configuration, catalog and audit of this site. */
export const planSource = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('files'),
    paths: z.array(absolutePath).min(1).max(1000),
    excludes: z.array(z.string().min(1).max(4096)).max(10_000).default([]),
  }),
  z.strictObject({ kind: z.literal('config') }),
]);
export type PlanSource = z.infer<typeof planSource>;

/** When. `cron` has five fields (croner's dialect), judged in `zone` (IANA name). */
export const planSchedule = z.strictObject({
  cron: z
    .string()
    .min(9)
    .max(200)
    .regex(/^[\x20-\x7e]+$/, 'must be five fields with spaces between'),
  zone: z.string().min(1).max(64).default('UTC'),
  jitterSeconds: z.int().min(0).max(3600).default(0),
});
export type PlanSchedule = z.infer<typeof planSchedule>;

const count = z.int().min(1).max(100_000).optional();
/** What to keep; at least one rule. Durations as restic writes them: `1y5m7d2h`. */
export const planKeep = z
  .strictObject({
    last: count,
    hourly: count,
    daily: count,
    weekly: count,
    monthly: count,
    yearly: count,
    within: z
      .string()
      .regex(/^(\d{1,5}[ymdh]){1,4}$/, 'must be a duration like 1y5m7d2h')
      .optional(),
    /** Never fewer than this many points remain, whatever the rules say. */
    minimum: z.int().min(1).max(1000).default(1),
  })
  .refine(
    (keep) => Object.entries(keep).some(([rule, value]) => rule !== 'minimum' && value !== undefined),
    'must have at least one rule, for example {"last": 7}',
  );
export type PlanKeep = z.infer<typeof planKeep>;

/** The promise: at most this much data age (RPO) and this much time to restore (RTO). */
export const planPromise = z.strictObject({ rpoSeconds: z.int().min(60).max(31_536_000), rtoSeconds: z.int().min(1).max(31_536_000) });
export type PlanPromise = z.infer<typeof planPromise>;

export const planDraft = z.strictObject({
  name: givenName,
  source: planSource,
  repositoryId,
  schedule: planSchedule,
  keep: planKeep,
  promise: planPromise,
  /** When to drill the newest point; null means only by hand. */
  drillSchedule: planSchedule.nullable().default(null),
  enabled: z.boolean().default(true),
});
export type PlanDraft = z.infer<typeof planDraft>;
export type PlanDraftInput = z.input<typeof planDraft>;

export const plan = planDraft.extend({ id: planId, agentId, version: z.int(), createdAt: instant, updatedAt: instant });
export type Plan = z.infer<typeof plan>;

/** What a due moment came to. Every due slot has one, also when nothing ran. */
export const slotStatus = z.enum(['due', 'running', 'complete', 'partial', 'failed', 'missed', 'skipped']);
export const slot = z.object({
  planId,
  dueAt: instant,
  kind: z.enum(['backup', 'drill']),
  status: slotStatus,
  jobId: z.string().nullable(),
  reason: z.string().nullable(),
});
export type Slot = z.infer<typeof slot>;

/** The plan's state as the overview shows it: everything already judged by the server's clock. */
export const planState = z.object({
  plan,
  verdict: z.enum(['kept', 'at-risk', 'broken', 'unknown', 'held']),
  /** One sentence: what is true, since when, what to do. */
  sentence: z.string(),
  newestPoint: z
    .object({ id: z.string(), time: instant, ageSeconds: z.number(), grade: z.enum(['partial', 'complete', 'checked', 'drilled']) })
    .nullable(),
  lastDrill: z.object({ id: z.string(), at: instant, outcome: z.enum(['passed', 'failed']), rtoSeconds: z.number() }).nullable(),
  nextSlotAt: instant.nullable(),
  /** Age the newest point will have at the next slot. */
  ageAtNextSlotSeconds: z.number().nullable(),
  points: z.object({ partial: z.int(), complete: z.int(), checked: z.int(), drilled: z.int() }),
  /** Thirty days, oldest first: the day's worst slot, and whether it was drilled. */
  days: z.array(
    z.object({ day: z.string(), worst: z.enum(['complete', 'partial', 'failed', 'missed', 'skipped', 'none']), drilled: z.boolean() }),
  ),
  runningJobId: z.string().nullable(),
});
export type PlanState = z.infer<typeof planState>;

/** One restore point under a plan's keep rules: stays or goes, and why. A preview; only a person's forget acts. */
export const retentionPreview = z.object({
  decidedAt: instant,
  keep: z.int(),
  remove: z.int(),
  points: z.array(
    z.object({
      restorePointId: z.string(),
      time: instant,
      grade: z.string(),
      verdict: z.enum(['keep', 'remove', 'held']),
      reasons: z.array(z.string()),
    }),
  ),
});
export type RetentionPreview = z.infer<typeof retentionPreview>;

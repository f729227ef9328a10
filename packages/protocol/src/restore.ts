import { z } from 'zod';
import { phase } from './drill.ts';
import { absolutePath, agentId, instant, restoreId, restorePointId } from './ids.ts';
import { errorRecord } from './job.ts';

/** Never in place by default: without a target the agent makes a fresh folder below its restore root. */
export const restoreDraft = z.strictObject({
  restorePointId,
  /** Paths inside the point; empty means all. */
  include: z.array(absolutePath).max(1000).default([]),
  /** A folder that does not exist yet or is empty. */
  target: absolutePath.nullable().default(null),
  /** The agent to restore on; null: the one whose point it is. Another one needs a key grant and consent. */
  targetAgentId: agentId.nullable().default(null),
});
export type RestoreDraft = z.infer<typeof restoreDraft>;

export const restoreProposal = z.object({
  target: z.string(),
  files: z.int(),
  directories: z.int(),
  others: z.int(),
  bytes: z.int(),
  packs: z.int(),
  bytesToRead: z.int(),
  freeBytes: z.int().nullable(),
  conflicts: z.array(z.object({ path: z.string(), onDisk: z.string(), inPoint: z.string() })),
  conflictCount: z.int(),
  /** What of the metadata this agent cannot set, in words; empty for root. */
  limits: z.array(z.string()),
  expectedSeconds: z.number().nullable(),
  /** SHA-256 over what was computed; the order to apply must repeat it. */
  digest: z.string(),
});
export type RestoreProposal = z.infer<typeof restoreProposal>;

export const restoreReport = z.object({
  files: z.int(),
  bytes: z.int(),
  verifiedBytes: z.int(),
  errors: z.int(),
  rtoSeconds: z.number(),
  phases: z.array(phase),
  target: z.string(),
});
export type RestoreReport = z.infer<typeof restoreReport>;

export const restore = z.object({
  id: restoreId,
  restorePointId,
  planName: z.string(),
  include: z.array(z.string()),
  target: z.string().nullable(),
  agentId,
  status: z.enum(['proposing', 'proposed', 'applying', 'succeeded', 'partial', 'failed', 'cancelled']),
  proposal: restoreProposal.nullable(),
  report: restoreReport.nullable(),
  error: errorRecord.nullable(),
  jobId: z.string().nullable(),
  /** Who signed this proposal so far, where it needs more than an order. */
  approvals: z.array(z.object({ by: z.enum(['ssh', 'webauthn']), name: z.string(), at: instant })).optional(),
  createdAt: instant,
  endedAt: instant.nullable(),
});
export type Restore = z.infer<typeof restore>;

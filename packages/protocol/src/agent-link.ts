import { z } from 'zod';
import { drill } from './drill.ts';
import { agentId, instant, jobId } from './ids.ts';
import { errorRecord, jobKind, jobLogLine, jobProgress } from './job.ts';
import { planKeep, planSource } from './plan.ts';
import { restoreProposal, restoreReport } from './restore.ts';

/**
 * The conversation between an agent and its orchestrator: JSON text frames over a WebSocket (today over the resident
 * agent's unix socket, whose 0700 folder is the proof). `seq` counts each side's frames. Outcomes are kept by the
 * agent until acknowledged and are idempotent: (jobId, fence) settles once.
 */
export const linkVersion = 1;

/** Where a repository lies and how this agent knows it. The key never travels: the agent resolves it on its host. */
export const repositoryReference = z.object({ id: z.string(), name: z.string(), location: z.string() });

/** What a job needs to be done, by kind. No secret, no command text. */
export const jobPayload = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('initialise'), repository: repositoryReference }),
  z.object({
    kind: z.literal('backup'),
    repository: repositoryReference,
    planId: z.string(),
    planName: z.string(),
    source: planSource,
    tags: z.array(z.string()),
    /** Snapshots of the plan after this moment that are not the job's own are told in its result, too. */
    since: instant.optional(),
    /** For `config` with a database outside the data folder: the copy's name below `run/catalog-copy`. */
    catalogCopy: z
      .string()
      .regex(/^job_[0-9a-f]{16}-\d{1,9}$/)
      .optional(),
  }),
  z.object({ kind: z.literal('check'), repository: repositoryReference, readData: z.boolean() }),
  z.object({
    kind: z.literal('drill'),
    repository: repositoryReference,
    drillId: z.string(),
    restorePointId: z.string(),
    snapshot: z.string(),
  }),
  z.object({
    kind: z.literal('propose-restore'),
    repository: repositoryReference,
    restoreId: z.string(),
    snapshot: z.string(),
    include: z.array(z.string()),
    target: z.string().nullable(),
  }),
  z.object({
    kind: z.literal('apply-restore'),
    repository: repositoryReference,
    restoreId: z.string(),
    snapshot: z.string(),
    include: z.array(z.string()),
    target: z.string(),
    digest: z.string(),
  }),
  z.object({
    kind: z.literal('forget'),
    repository: repositoryReference,
    planId: z.string(),
    snapshots: z.array(z.string()),
    keep: planKeep.nullable(),
  }),
]);
export type JobPayload = z.infer<typeof jobPayload>;

const backupFigures = z.object({
  snapshot: z.string(),
  time: instant,
  hostname: z.string(),
  paths: z.array(z.string()),
  files: z.int(),
  directories: z.int(),
  bytes: z.int(),
  addedBytes: z.int(),
  storedBytes: z.int(),
  errors: z.int(),
  tookSeconds: z.number(),
});
export const backupResult = backupFigures.extend({
  kind: z.literal('backup'),
  /** Whole snapshots of earlier attempts whose outcome never came, as when the agent was killed before it could tell. */
  found: z.array(backupFigures).optional(),
});
/** What a drill found; the orchestrator adds plan, promise and job to make it evidence. */
export const drillResult = drill
  .pick({
    outcome: true,
    files: true,
    directories: true,
    bytes: true,
    comparedBytes: true,
    comparedEntries: true,
    rtoSeconds: true,
    phases: true,
    differences: true,
    differenceCount: true,
    asserted: true,
    notTested: true,
    scratch: true,
    host: true,
    versions: true,
    startedAt: true,
    endedAt: true,
  })
  .extend({ kind: z.literal('drill') });

export const jobResult = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('initialise'), resticId: z.string(), passwordFile: z.string() }),
  backupResult,
  z.object({
    kind: z.literal('check'),
    packs: z.int(),
    blobs: z.int(),
    bytesRead: z.int(),
    errors: z.array(z.string()),
    snapshots: z.array(z.string()),
  }),
  drillResult,
  z.object({ kind: z.literal('propose-restore'), proposal: restoreProposal }),
  z.object({ kind: z.literal('apply-restore'), report: restoreReport }),
  z.object({
    kind: z.literal('forget'),
    forgotten: z.array(z.string()),
    refused: z.array(z.object({ snapshot: z.string(), reason: z.string() })),
  }),
]);
export type JobResult = z.infer<typeof jobResult>;

const base = { v: z.literal(linkVersion), seq: z.int() };

export const agentFrame = z.discriminatedUnion('type', [
  /** First frame. `agentId` null on first contact over the local socket; `instance` is drawn anew at each start. */
  z.object({
    ...base,
    type: z.literal('hello'),
    agentId: agentId.nullable(),
    instance: z.string(),
    hostname: z.string(),
    version: z.string(),
    isRoot: z.boolean(),
    restoreRoot: z.string(),
    jobs: z.array(z.object({ jobId, fence: z.int() })),
  }),
  /** Every 5 s; names the jobs in hand, which extends their leases. */
  z.object({ ...base, type: z.literal('heartbeat'), jobs: z.array(z.object({ jobId, fence: z.int() })) }),
  z.object({ ...base, type: z.literal('started'), jobId, fence: z.int() }),
  z.object({ ...base, type: z.literal('progress'), jobId, fence: z.int(), progress: jobProgress }),
  z.object({ ...base, type: z.literal('log'), jobId, fence: z.int(), lines: z.array(jobLogLine) }),
  /** Kept in the agent's outbox under `outboxId` until an `ack` names it. */
  z.object({
    ...base,
    type: z.literal('outcome'),
    outboxId: z.string(),
    jobId,
    fence: z.int(),
    status: z.enum(['succeeded', 'partial', 'failed', 'cancelled']),
    result: jobResult.nullable(),
    error: errorRecord.nullable(),
    summary: z.string(),
  }),
  z.object({ ...base, type: z.literal('answer'), id: z.string(), ok: z.boolean(), result: z.unknown(), error: errorRecord.nullable() }),
]);
export type AgentFrame = z.infer<typeof agentFrame>;

export const orchestratorFrame = z.discriminatedUnion('type', [
  z.object({
    ...base,
    type: z.literal('welcome'),
    agentId,
    site: z.string(),
    leaseSeconds: z.int(),
    /** jobs of the hello that are no longer this agent's */ revoked: z.array(z.object({ jobId, fence: z.int() })),
  }),
  z.object({
    ...base,
    type: z.literal('lease'),
    jobId,
    fence: z.int(),
    attempt: z.int(),
    kind: jobKind,
    payload: jobPayload,
    until: instant,
  }),
  z.object({ ...base, type: z.literal('revoked'), jobId, fence: z.int() }),
  z.object({ ...base, type: z.literal('cancel'), jobId, fence: z.int(), reason: z.string() }),
  z.object({ ...base, type: z.literal('ack'), outboxId: z.string() }),
  /** A question answered while someone waits: browsing. Methods and shapes: `agentQuestion`. */
  z.object({ ...base, type: z.literal('ask'), id: z.string(), question: z.lazy(() => agentQuestion) }),
]);
export type OrchestratorFrame = z.infer<typeof orchestratorFrame>;

export const agentQuestion = z.discriminatedUnion('method', [
  z.object({
    method: z.literal('list-files'),
    repository: repositoryReference,
    snapshot: z.string(),
    path: z.string(),
    cursor: z.string().nullable(),
    limit: z.int(),
  }),
]);
export type AgentQuestion = z.infer<typeof agentQuestion>;

import { z } from 'zod';
import { browseQuestion, browseSession } from './browse.ts';
import { drill } from './drill.ts';
import { auditHead } from './evidence.ts';
import { approval } from './grant.ts';
import { absolutePath, agentId, drillId, instant, jobId, restoreId } from './ids.ts';
import { errorRecord, jobKind, jobLogLine, jobProgress } from './job.ts';
import { signedText } from './kit.ts';
import { plan, planKeep, planSource } from './plan.ts';
import { restoreProposal, restoreReport } from './restore.ts';

/**
 * The conversation between an agent and its orchestrator: JSON text frames over a WebSocket, or the same frames by long
 * poll where no WebSocket gets through. The resident agent's unix socket lies in a 0700 folder, which is its proof; any
 * other agent answers the orchestrator's `challenge` with a proof by its identity key. `seq` counts each side's frames.
 * Outcomes are kept by the agent until acknowledged and are idempotent: (jobId, fence) settles once.
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
    /** Names a folder on the agent's host, as `restoreId` does: no text of another shape may. */
    drillId,
    restorePointId: z.string(),
    snapshot: z.string(),
  }),
  z.object({
    kind: z.literal('propose-restore'),
    repository: repositoryReference,
    restoreId,
    snapshot: z.string(),
    include: z.array(z.string()),
    target: absolutePath.nullable(),
  }),
  z.object({
    kind: z.literal('apply-restore'),
    repository: repositoryReference,
    restoreId,
    snapshot: z.string(),
    include: z.array(z.string()),
    target: absolutePath,
    digest: z.string(),
    /** Whose point it is, when it is another agent's, and the consents given to this proposal. */
    origin: agentId.optional(),
    approvals: z.array(approval).max(8).optional(),
  }),
  /** Seal a new key slot of this repository to the recovery key that this agent's own policy names. */
  z.object({ kind: z.literal('escrow'), repository: repositoryReference, n: z.int() }),
  /** Make a key slot for another agent and seal its password to that agent's sealing key. */
  z.object({
    kind: z.literal('grant-slot'),
    repository: repositoryReference,
    grantId: z.string(),
    to: z.object({ agentId, hostname: z.string(), identity: z.string(), sealing: z.string(), signing: z.string() }),
    card: signedText.nullable(),
    order: signedText.nullable(),
    roster: signedText.nullable(),
  }),
  /** Take a key slot that was sealed to this agent, and open the repository with it. */
  z.object({ kind: z.literal('accept-slot'), repository: repositoryReference, grantId: z.string(), from: agentId, sealed: z.string() }),
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
  .extend({
    kind: z.literal('drill'),
    /** The same figures as the agent's own signed statement (`runnerStatement`), by its signing key. */
    signed: signedText.optional(),
  });

export type DrillResult = z.infer<typeof drillResult>;

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
  z.object({ kind: z.literal('escrow'), recipient: z.string(), sealed: z.string(), keyId: z.string(), places: z.array(z.string()) }),
  z.object({ kind: z.literal('grant-slot'), grantId: z.string(), keyId: z.string(), sealed: z.string() }),
  z.object({ kind: z.literal('accept-slot'), grantId: z.string(), keyId: z.string() }),
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
    /** Over the challenge's nonce, for method GET and the link's public address. None on the local socket. */
    proof: z.string().optional(),
    /** Of the identity: how often the certificate was renewed. Another than the site knows means that a copy exists. */
    generation: z.int().optional(),
    machine: z.string().optional(),
    /** Thumbprint of the identity key. Believed on the local socket only; elsewhere the proof shows it. */
    identity: z
      .string()
      .regex(/^[A-Za-z0-9_-]{43}$/)
      .optional(),
    sealing: z.string().optional(),
    signing: z.string().optional(),
    policyDigest: z.string().optional(),
    hasOwner: z.boolean().optional(),
    /** The highest order number this agent has accepted: the site goes on above it. */
    lastOrder: z.int().optional(),
  }),
  /** Every 5 s; names the jobs in hand, which extends their leases. */
  z.object({ ...base, type: z.literal('heartbeat'), jobs: z.array(z.object({ jobId, fence: z.int() })) }),
  z.object({ ...base, type: z.literal('started'), jobId, fence: z.int() }),
  /** The policy file of the agent's host is another than the hello said. */
  z.object({ ...base, type: z.literal('policy'), policyDigest: z.string(), hasOwner: z.boolean() }),
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
  /** A backup that the agent made by itself since no lease came in time. Kept in the outbox until an `ack` names it. */
  z.object({
    ...base,
    type: z.literal('self-run'),
    outboxId: z.string(),
    planId: z.string(),
    dueAt: instant,
    status: z.enum(['succeeded', 'partial', 'failed']),
    result: backupResult.nullable(),
    error: errorRecord.nullable(),
    summary: z.string(),
  }),
  /** Something the host's owner should know of, such as a refused order. Kept in the outbox until an `ack` names it. */
  z.object({
    ...base,
    type: z.literal('alarm'),
    outboxId: z.string(),
    kind: z.string(),
    at: instant,
    sentence: z.string(),
    jobId: z.string().nullable(),
  }),
  /** What this agent holds of an audit chain, and whether the head it was sent fits to it. */
  z.object({
    ...base,
    type: z.literal('witness'),
    chain: z.string(),
    headSeq: z.int(),
    hash: z.string(),
    seenAt: instant,
    verdict: z.enum(['agrees', 'differs']),
  }),
  z.object({ ...base, type: z.literal('answer'), id: z.string(), ok: z.boolean(), result: z.unknown(), error: errorRecord.nullable() }),
]);
export type AgentFrame = z.infer<typeof agentFrame>;

/** An order as the link key signed it (JWS, EdDSA): what an agent obeys is in here and nowhere else. */
export const jobOrder = z.strictObject({
  iss: z.string(),
  aud: agentId,
  jti: jobId,
  /** Grows by one with each order to this agent: an older one is refused. */
  n: z.int(),
  kind: jobKind,
  payload: jobPayload,
  fence: z.int(),
  iat: z.int(),
  exp: z.int(),
});
export type JobOrder = z.infer<typeof jobOrder>;

/** An agent's plans as the link key signed them: what it runs by itself when no lease comes. */
export const planOrder = z.strictObject({
  iss: z.string(),
  aud: agentId,
  serial: z.int(),
  plans: z.array(z.object({ plan, repository: repositoryReference })),
  iat: z.int(),
});
export type PlanOrder = z.infer<typeof planOrder>;

export const orchestratorFrame = z.discriminatedUnion('type', [
  /** First frame beyond the local socket. */
  z.object({ ...base, type: z.literal('challenge'), nonce: z.string(), site: z.string() }),
  z.object({
    ...base,
    type: z.literal('welcome'),
    agentId,
    site: z.string(),
    leaseSeconds: z.int(),
    /** jobs of the hello that are no longer this agent's */ revoked: z.array(z.object({ jobId, fence: z.int() })),
    /** Public keys (SSH lines) that sign orders. Believed on the local socket only; other agents know theirs. */
    linkKeys: z.array(z.string()).optional(),
    roster: signedText.nullable().optional(),
  }),
  /** `order` is a JWS of `jobOrder`, which alone is obeyed; the fields beside it are for logs and must agree with it. */
  z.object({
    ...base,
    type: z.literal('lease'),
    jobId,
    fence: z.int(),
    attempt: z.int(),
    kind: jobKind,
    order: z.string(),
    until: instant,
  }),
  /** A JWS of `planOrder`, after each welcome and each change. */
  z.object({ ...base, type: z.literal('plans'), order: z.string() }),
  /** The newest roster, when it changes and when a host names its owner: only the owner's signature makes it count. */
  z.object({ ...base, type: z.literal('roster'), roster: signedText }),
  /** A signed audit head to keep as a witness. */
  z.object({ ...base, type: z.literal('head'), head: auditHead }),
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
  /** Sealed or open, by `browseSession`; `snapshots` are in the order of a versions question's points. */
  z.object({
    method: z.literal('browse'),
    repository: repositoryReference,
    snapshots: z.array(z.string()).min(1).max(200),
    question: browseQuestion,
    session: browseSession,
  }),
  /** Every audit head of a chain that this agent keeps, newest first: `witnessHeads`. */
  z.object({ method: z.literal('witness'), chain: z.string(), limit: z.int().min(1).max(1000) }),
]);
/** The answer to the question `witness`. */
export const witnessHeads = z.object({ heads: z.array(auditHead) });
export type WitnessHeads = z.infer<typeof witnessHeads>;
export type AgentQuestion = z.infer<typeof agentQuestion>;

import { z } from 'zod';
import { agentId, instant } from './ids.ts';

/**
 * One enrolled installation. `pending` waits for an admin, `held` gets no jobs until a person looked (a copy of it may
 * exist), `revoked` is over for good.
 */
export const agentStatus = z.enum(['pending', 'active', 'held', 'revoked']);
export type AgentStatus = z.infer<typeof agentStatus>;

export const agent = z.object({
  id: agentId,
  hostname: z.string(),
  /** `legacy` speaks the first API only. */
  kind: z.enum(['resident', 'remote', 'legacy']),
  status: agentStatus,
  /** Why it is held or suspect, one sentence; null when all is well. */
  reason: z.string().nullable(),
  version: z.string(),
  connected: z.boolean(),
  lastSeenAt: instant.nullable(),
  enrolledAt: instant,
  restoreRoot: z.string().nullable(),
  isRoot: z.boolean(),
  /** Six words of the fingerprint of its card; the same are shown on the host. Null for agents without keys. */
  words: z.array(z.string()).length(6).nullable(),
  /** Thumbprint of its identity key (RFC 7638). */
  identity: z.string().nullable(),
  /** What others seal to and verify with: an age recipient and an SSH public key. */
  sealing: z.string().nullable(),
  signing: z.string().nullable(),
  certificateUntil: instant.nullable(),
  generation: z.int(),
  /** Digest of the policy file on its host, and whether that names an owner. */
  policyDigest: z.string().nullable(),
  hasOwner: z.boolean(),
  /** Head of the audit chain it keeps as a witness. */
  witnessSeq: z.int().nullable(),
  plans: z.int(),
  openJobs: z.int(),
});
export type Agent = z.infer<typeof agent>;

export const joinStringDraft = z.strictObject({
  /** Bind to one host name; needed for more than 24 hours. */
  hostname: z.string().min(1).max(253).nullable().default(null),
  hours: z.int().min(1).max(168).default(1),
  /** For a host without a network to this site, whose request is carried by hand: its certificate lasts 400 days. */
  airGap: z.boolean().default(false),
});
/** Shown once. `command` is what to paste on the host; the secret is in no argument list. */
export const joinString = z.object({ joinString: z.string(), command: z.string(), url: z.string(), expiresAt: instant });
export type JoinString = z.infer<typeof joinString>;

/** What a host sends once, with its join string's token. `csr` is a PKCS#10 request (PEM) by its identity key. */
export const enrolmentRequest = z.strictObject({
  token: z.string().min(20).max(200),
  csr: z.string().max(8192),
  sealing: z.string().max(200),
  signing: z.string().max(400),
  hostname: z.string().min(1).max(253),
  /** Hash of machine-id and DMI uuid. */
  machine: z.string().max(128),
  version: z.string().max(64),
});
export type EnrolmentRequest = z.infer<typeof enrolmentRequest>;
export const enrolment = z.object({
  agentId,
  site: z.object({ id: z.string(), name: z.string() }),
  status: agentStatus,
  certificate: z.string().nullable(),
  ca: z.string().nullable(),
  /** Public keys (SSH lines) that sign jobs. */
  linkKeys: z.array(z.string()),
  generation: z.int(),
  /** Roster text and its signature, when an owner key exists. */
  roster: z.object({ text: z.string(), signature: z.string() }).nullable(),
});
export type Enrolment = z.infer<typeof enrolment>;

export const renewalRequest = z.strictObject({ requestId: z.string().min(8).max(64), generation: z.int(), csr: z.string().max(8192) });
export type RenewalRequest = z.infer<typeof renewalRequest>;
export const renewal = enrolment.pick({ certificate: true, ca: true, linkKeys: true, generation: true, roster: true });
export type Renewal = z.infer<typeof renewal>;

/** What a person decides about an agent that is held. */
export const agentDecision = z.enum(['approve', 'hold', 'keep', 'split', 'accept-rollback', 'revoke']);
export type AgentDecision = z.infer<typeof agentDecision>;

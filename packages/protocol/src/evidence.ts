import { z } from 'zod';
import { instant } from './ids.ts';
import { signedText } from './kit.ts';

/** An exact text with the armoured SSH signature over its bytes, and by whom. */
export const evidenceFile = z.object({
  /** `evidence-<drill>.json` by the site, `result-<drill>.json` by the agent that restored. */
  name: z.string(),
  text: z.string(),
  namespace: z.string(),
  /** As `allowedSigners` names it. */
  signer: z.string(),
  signature: z.string(),
});
export type EvidenceFile = z.infer<typeof evidenceFile>;
/**
 * A drill's evidence, to be verified anywhere by
 * `ssh-keygen -Y verify -f allowed_signers -I SIGNER -n fortfail-evidence@v1 -s NAME.sig < NAME`.
 */
export const signedEvidence = z.object({ files: z.array(evidenceFile), allowedSigners: z.string() });
export type SignedEvidence = z.infer<typeof signedEvidence>;

/** A signed head of an audit chain. `text` is the exact JSON that was signed, namespace fortfail-audit-head@v1. */
export const auditHead = z.object({ chain: z.string(), seq: z.int(), hash: z.string(), made: instant, signed: signedText });
export type AuditHead = z.infer<typeof auditHead>;

/** What a witness keeps and whether it agrees with the chain here. */
export const auditWitness = z.object({
  agentId: z.string(),
  hostname: z.string(),
  seq: z.int().nullable(),
  seenAt: instant.nullable(),
  verdict: z.enum(['agrees', 'behind', 'differs', 'ahead', 'silent']),
  sentence: z.string(),
});
export type AuditWitness = z.infer<typeof auditWitness>;

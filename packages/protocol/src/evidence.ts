import { z } from 'zod';
import { instant } from './ids.ts';
import { signedText } from './kit.ts';

/** A drill's evidence as signed bytes; verify with `ssh-keygen -Y verify -f allowed_signers -I <signer> -n fortfail-evidence@v1`. */
export const signedEvidence = z.object({
  name: z.string(),
  text: z.string(),
  signatures: z.array(z.object({ signer: z.string(), key: z.string(), signature: z.string() })),
  allowedSigners: z.string(),
});
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

import { z } from 'zod';
import { agentId, grantId, instant, repositoryId } from './ids.ts';
import { signedText } from './kit.ts';

/**
 * A key slot of a repository for a second agent. `card` and `order` are signed by an admin of the roster; without an owner
 * key they may be null and the owner agent's host must consent locally.
 */
export const grantDraft = z.strictObject({
  repositoryId,
  toAgentId: agentId,
  card: signedText.nullable().default(null),
  order: signedText.nullable().default(null),
});
export const repositoryGrant = z.object({
  id: grantId,
  repositoryId,
  repositoryName: z.string(),
  fromAgentId: agentId,
  toAgentId: agentId,
  status: z.enum(['asked', 'sealed', 'accepted', 'refused', 'removed']),
  /** One sentence, with the next step when somebody has to act. */
  sentence: z.string(),
  jobId: z.string().nullable(),
  createdAt: instant,
  acceptedAt: instant.nullable(),
});
export type RepositoryGrant = z.infer<typeof repositoryGrant>;

/** A person's consent to one proposal, signed by a roster key (SSHSIG, namespace fortfail-approval@v1) or by a passkey. */
export const approval = z.discriminatedUnion('by', [
  z.strictObject({ by: z.literal('ssh'), signed: signedText }),
  z.strictObject({ by: z.literal('webauthn'), text: z.string().max(65_536), assertion: z.record(z.string(), z.unknown()) }),
]);
export type Approval = z.infer<typeof approval>;

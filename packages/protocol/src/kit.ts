import { z } from 'zod';
import { agentId, instant, repositoryId } from './ids.ts';

/** An exact text and the armoured SSH signature over its bytes. */
export const signedText = z.object({ text: z.string().max(1 << 20), signature: z.string().max(8192) });
export type SignedText = z.infer<typeof signedText>;

/** One repository's password sealed to the recovery key: opaque bytes, age's armoured text. */
export const escrow = z.object({
  repositoryId,
  repositoryName: z.string(),
  agentId,
  n: z.int(),
  recipient: z.string(),
  sealed: z.string(),
  /** Where copies were acknowledged: `site`, `beside the repository`. */
  places: z.array(z.string()),
  createdAt: instant,
});
export type Escrow = z.infer<typeof escrow>;

/** What the site knows of the recovery kit: public halves only. */
export const kitState = z.object({
  site: z.object({ id: z.string(), name: z.string() }),
  /** Fingerprints of the site's authority, and its keys (SSH lines) that sign evidence: what a roster vouches for. */
  ca: z.array(z.string()),
  evidence: z.array(z.string()),
  state: z.enum(['none', 'unconfirmed', 'confirmed']),
  kitId: z.string().nullable(),
  /** age recipient of the recovery key. */
  recipient: z.string().nullable(),
  /** Owner's public key (SSH line) and its fingerprint. */
  owner: z.string().nullable(),
  ownerFingerprint: z.string().nullable(),
  createdAt: instant.nullable(),
  confirmedAt: instant.nullable(),
  testedAt: instant.nullable(),
  roster: signedText.nullable(),
  /** Repositories with and without an escrow to this recipient. */
  repositories: z.array(
    z.object({ id: repositoryId, name: z.string(), agentId, escrowed: z.boolean(), places: z.array(z.string()), at: instant.nullable() }),
  ),
  /** Agents whose own policy names this owner. */
  agents: z.array(z.object({ id: agentId, hostname: z.string(), hasOwner: z.boolean() })),
});
export type KitState = z.infer<typeof kitState>;

/** Public halves of a new kit, with roster 1 signed by its owner key. The secret never leaves whoever made it. */
export const kitDraft = z.strictObject({
  recipient: z.string().max(200),
  owner: z.string().max(400),
  roster: signedText,
  /** What a confirmation must repeat: `kitConfirmationHash` of recipient and last six characters. */
  confirmation: z.string().regex(/^[0-9a-f]{64}$/),
});
/** The last six characters of the recovery key as typed from the paper, as `kitConfirmationHash` hashes them. */
export const kitConfirmation = z.strictObject({ recipient: z.string().max(200), lastSix: z.string().regex(/^[0-9a-f]{64}$/) });

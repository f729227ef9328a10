import { toHex } from '@fortfail/base';
import { sha256 } from '@noble/hashes/sha2.js';
import { z } from 'zod';
import { bytesOf } from '../encoding.ts';
import { denied } from '../refusal.ts';
import { namespaces } from '../ssh/namespaces.ts';
import { agentId, digest, documentText, instant, repositoryId, siteId } from './fields.ts';
import { readSigned, type SignedText } from './read-signed.ts';
import { type Roster, rosterSigners, signerName } from './roster.ts';

const dayMs = 86_400_000;
const longestDays = 30;

/** An admin's order that one agent gives another a key slot of a repository, or takes it away. */
export const grantOrder = z
  .strictObject({
    v: z.literal(1),
    site: siteId,
    action: z.enum(['grant', 'remove']),
    repository: repositoryId,
    /** Whose repository it is. */
    from: agentId,
    /** Who may read, or no longer. */
    to: agentId,
    /** `sha256:` of the card's exact text: the keys this order is about. */
    card: digest,
    made: instant,
    until: instant,
  })
  .refine(
    ({ made, until }) => Date.parse(until) - Date.parse(made) <= longestDays * dayMs,
    `must end at most ${longestDays} days after made`,
  );
export type GrantOrder = z.infer<typeof grantOrder>;

/** `sha256:` and 64 hexadecimal digits over a text's UTF-8 bytes, as orders and approvals name documents. */
export function textDigest(text: string): string {
  return `sha256:${toHex(sha256(bytesOf(text)))}`;
}

/** The text an admin signs in `fortfail-grant@v1`. Kind `invalid-input`. */
export function grantOrderText(facts: GrantOrder): string {
  return documentText('grant', grantOrder, facts);
}

/**
 * A grant order that an admin of the roster (right `grant`) signed, for exactly this repository, these agents and this card.
 * A passkey cannot sign one. Kind `denied`, code `signature-*`, `grant-malformed|grant-site|grant-other|grant-card|grant-expired`.
 */
export function readGrantOrder(
  question: SignedText & {
    readonly roster: Roster;
    readonly now: Date;
    readonly action?: 'grant' | 'remove' | undefined;
    readonly repositoryId: string;
    readonly from: string;
    readonly to: string;
    /** Exact text of the card that came with the order. */
    readonly cardText: string;
  },
): GrantOrder & { readonly signedBy: string } {
  const signers = rosterSigners(question.roster, ['grant'], question.now);
  const keys = signers.map((signer) => signer.key);
  const { value, key } = readSigned('grant', grantOrder, question, { namespace: namespaces.grant, keys });
  if (value.site !== question.roster.site) throw denied('grant-site', 'unable to use a grant order of another site');
  const isThis = value.repository === question.repositoryId && value.from === question.from && value.to === question.to;
  if (!isThis || value.action !== (question.action ?? 'grant'))
    throw denied('grant-other', 'unable to use a grant order for something else');
  if (value.card !== textDigest(question.cardText))
    throw denied('grant-card', 'unable to use a grant order with another card than it names');
  if (question.now.getTime() >= Date.parse(value.until))
    throw denied('grant-expired', `unable to use a grant order that ended on ${value.until}`);
  return { ...value, signedBy: signerName(signers, key) };
}

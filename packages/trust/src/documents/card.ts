import { z } from 'zod';
import { denied } from '../refusal.ts';
import { namespaces } from '../ssh/namespaces.ts';
import { agentId, ageRecipient, documentText, instant, siteId, sshLine, thumbprint } from './fields.ts';
import { readSigned, type SignedText } from './read-signed.ts';
import { type Roster, rosterSigners, signerName } from './roster.ts';

/** An agent's public keys, as an admin saw them confirmed by six words on the host's own console. */
export const card = z.strictObject({
  v: z.literal(1),
  site: siteId,
  agent: agentId,
  /** RFC 7638 thumbprint of its identity key. */
  identity_jkt: thumbprint,
  /** age recipient. */
  sealing: ageRecipient,
  /** SSH public key line. */
  signing: sshLine,
  kind: z.enum(['agent', 'keeper', 'extractor', 'drill']),
  not_after: instant,
});
export type Card = z.infer<typeof card>;

/** The text an admin signs in `fortfail-card@v1`. Kind `invalid-input`. */
export function cardText(facts: Card): string {
  return documentText('card', card, facts);
}

/**
 * A card that an admin of the roster (right `enrol` or `grant`) signed. Kind `denied`, code `signature-*`,
 * `card-malformed|card-site|card-agent|card-expired`.
 */
export function readCard(
  question: SignedText & { readonly roster: Roster; readonly now: Date; readonly agentId?: string | undefined },
): Card & { readonly signedBy: string } {
  const signers = rosterSigners(question.roster, ['enrol', 'grant'], question.now);
  const keys = signers.map((signer) => signer.key);
  const { value, key } = readSigned('card', card, question, { namespace: namespaces.card, keys });
  if (value.site !== question.roster.site) throw denied('card-site', 'unable to use a card of another site');
  if (question.agentId !== undefined && value.agent !== question.agentId)
    throw denied('card-agent', `unable to use the card of '${value.agent}' for another agent`);
  if (question.now.getTime() >= Date.parse(value.not_after)) {
    throw denied(
      'card-expired',
      `unable to use the card of '${value.agent}', which ended on ${value.not_after}`,
      'Have an admin sign it again.',
    );
  }
  return { ...value, signedBy: signerName(signers, key) };
}

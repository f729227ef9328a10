import { z } from 'zod';
import { denied } from '../refusal.ts';
import { namespaces } from '../ssh/namespaces.ts';
import { isSameSshKey, parseSshPublicKey, type SshPublicKey, sshFingerprint } from '../ssh/public-key.ts';
import { ageRecipient, documentText, instant, label, siteId, sshLine } from './fields.ts';
import { readSigned, type SignedText } from './read-signed.ts';

const dayMs = 86_400_000;
/** A roster is not for ever: a stolen site could withhold the newer one. */
const longestDays = 400;

export const adminRight = z.enum(['plan', 'approve', 'grant', 'enrol', 'policy']);
export type AdminRight = z.infer<typeof adminRight>;

const base64Url = z.string().regex(/^[A-Za-z0-9_-]+$/);
/** A passkey's public key: ES256 or Ed25519. */
export const passkeyJwk = z.union([
  z.strictObject({ kty: z.literal('EC'), crv: z.literal('P-256'), x: base64Url.length(43), y: base64Url.length(43) }),
  z.strictObject({ kty: z.literal('OKP'), crv: z.literal('Ed25519'), x: base64Url.length(43) }),
]);
export type PasskeyJwk = z.infer<typeof passkeyJwk>;

const passkey = z.strictObject({
  /** Credential id, base64url. */
  id: base64Url.max(1400),
  jwk: passkeyJwk,
  /** Relying party id: the site's host name. */
  rp: z.string().min(1).max(253),
  origins: z.array(z.string().min(1).max(300)).min(1).max(8),
});

const rosterAdmin = z
  .strictObject({
    name: label,
    key: sshLine.optional(),
    webauthn: passkey.optional(),
    rights: z.array(adminRight).max(8),
    until: instant,
  })
  .refine((admin) => (admin.key === undefined) !== (admin.webauthn === undefined), 'must have either a key or a passkey');

/**
 * Who may command, signed by the owner's key only. One entry per key: a person with an SSH key and a passkey has two of the
 * same name.
 */
export const roster = z
  .strictObject({
    v: z.literal(1),
    site: siteId,
    /** Grows with each roster: agents refuse a lower one. */
    serial: z.int().min(1),
    made: instant,
    until: instant,
    /** Fingerprints of the site's authorities. */
    ca: z.array(z.string().regex(/^sha256:[A-Za-z0-9_-]{43}$/)).max(8),
    /** Keys (SSH lines) that sign evidence and audit heads. */
    evidence: z.array(sshLine).max(64),
    admins: z.array(rosterAdmin).max(200),
    /** How many different persons an action needs, where it is more than one. */
    four_eyes: z.record(z.string().max(64), z.int().min(1).max(5)),
    /** SSH fingerprints and credential ids that are no longer believed. */
    revoked: z.array(z.string().max(1400)).max(1000),
    /** Recovery recipient that escrows are sealed to. */
    recovery: ageRecipient.optional(),
    /** The owner's next key (SSH line): signed by the key before it. */
    next_owner: sshLine.optional(),
  })
  .refine(
    ({ made, until }) => Date.parse(until) - Date.parse(made) <= longestDays * dayMs,
    `must end at most ${longestDays} days after made`,
  );
export type Roster = z.infer<typeof roster>;
export type RosterAdmin = Roster['admins'][number];

/** The text to sign with the owner's key in `fortfail-roster@v1`. Kind `invalid-input`. */
export function rosterText(facts: Roster): string {
  return documentText('roster', roster, facts, 2);
}

/**
 * A roster that the owner signed. `now`, `site` and `lowestSerial` are judged where given. Kind `denied`, code `signature-*`,
 * `roster-malformed|roster-site|roster-old|roster-expired`; kind `invalid-input` for a malformed owner key.
 */
export function readRoster(
  question: SignedText & {
    readonly owner: SshPublicKey | string;
    readonly now?: Date | undefined;
    readonly site?: string | undefined;
    readonly lowestSerial?: number | undefined;
  },
): Roster {
  const owner = typeof question.owner === 'string' ? parseSshPublicKey(question.owner) : question.owner;
  const { value } = readSigned('roster', roster, question, { namespace: namespaces.roster, keys: [owner] });
  if (question.site !== undefined && value.site !== question.site) throw denied('roster-site', 'unable to use the roster of another site');
  if (question.lowestSerial !== undefined && value.serial < question.lowestSerial) {
    throw denied('roster-old', `unable to use roster ${value.serial} where roster ${question.lowestSerial} is known`);
  }
  if (question.now !== undefined && question.now.getTime() >= Date.parse(value.until)) {
    throw denied(
      'roster-expired',
      `unable to use roster ${value.serial}, which ended on ${value.until}`,
      'Sign a new one with the recovery kit.',
    );
  }
  return value;
}

function isInForce(rosterValue: Roster, admin: RosterAdmin, now: Date): boolean {
  const id = admin.key === undefined ? (admin.webauthn?.id ?? '') : sshFingerprint(parseSshPublicKey(admin.key));
  return now.getTime() < Date.parse(admin.until) && now.getTime() < Date.parse(rosterValue.until) && !rosterValue.revoked.includes(id);
}

export interface RosterSigner {
  readonly name: string;
  readonly key: SshPublicKey;
}

/** SSH keys of admins who have one of these rights at `now`: neither expired nor revoked. */
export function rosterSigners(rosterValue: Roster, rights: readonly AdminRight[], now: Date): readonly RosterSigner[] {
  return rosterValue.admins
    .filter((admin) => rights.some((right) => admin.rights.includes(right)) && isInForce(rosterValue, admin, now))
    .flatMap(({ name, key }) => (key === undefined ? [] : [{ name, key: parseSshPublicKey(key) }]));
}

export interface RosterPasskey {
  readonly name: string;
  readonly passkey: NonNullable<RosterAdmin['webauthn']>;
}

/** Passkeys of admins who have this right at `now`. */
export function rosterPasskeys(rosterValue: Roster, right: AdminRight, now: Date): readonly RosterPasskey[] {
  return rosterValue.admins
    .filter((admin) => admin.rights.includes(right) && isInForce(rosterValue, admin, now))
    .flatMap(({ name, webauthn }) => (webauthn === undefined ? [] : [{ name, passkey: webauthn }]));
}

/** The admin whose key this is. */
export function signerName(signers: readonly RosterSigner[], key: SshPublicKey): string {
  return signers.find((signer) => isSameSshKey(signer.key, key))?.name ?? '';
}

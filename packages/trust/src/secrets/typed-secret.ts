import { toHex } from '@fortfail/base';
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesOf, toBase64Url } from '../encoding.ts';
import { invalid } from '../refusal.ts';
import { checkCharacters } from './check-characters.ts';

/** `ffp` an API token, `ffl` an agent's own secret for the first API, `fft` a ticket for one connection. */
export type TypedSecretPrefix = 'ffp' | 'ffl' | 'fft';

export interface TypedSecret {
  readonly prefix: TypedSecretPrefix;
  /** Public part, to look the row up by. */
  readonly id: string;
  /** The whole text: what `hashSecret` takes. */
  readonly secret: string;
}

const idForm = /^[0-9a-z]{4,32}$/;
const secretForm = /^(ffp|ffl|fft)_([0-9a-z]{4,32})_([A-Za-z0-9_-]{43})([0-9a-f]{6})$/;

/**
 * Everything secret that FortFail shows somebody begins so: join strings, invitations, tokens, tickets, shares, age keys.
 * For redaction; it has the flag `g`, so use it with `replaceAll`.
 */
export const typedSecretPattern =
  /\b(?:ff[a-z]{1,5}[1_](?:[A-Za-z0-9_.=-]{8,}|(?: [0-9a-z]{1,6}\b){4,})|AGE-SECRET-KEY-(?:PQ-)?1[0-9a-z]*(?:[ -][0-9a-z]{1,6}\b)*)/gi;

/** The text with every such secret in it as `[secret]`. */
export function redactTypedSecrets(text: string): string {
  return text.replaceAll(typedSecretPattern, '[secret]');
}

/** `<prefix>_<id>_<256 random bits><6 check characters>`. Show it once; keep only its hash. Kind `invalid-input`. */
export function makeTypedSecret(prefix: TypedSecretPrefix, id: string): string {
  if (!idForm.test(id)) throw invalid('secret-id', `unable to make a secret for the id '${id}'`, 'Use 4 to 32 of 0-9 and a-z.');
  const body = `${prefix}_${id}_${toBase64Url(globalThis.crypto.getRandomValues(new Uint8Array(32)))}`;
  return body + checkCharacters(body);
}

/** Takes such a text apart. Kind `invalid-input`: another form, or a typing error. It says nothing about validity. */
export function readTypedSecret(text: string): TypedSecret {
  const trimmed = text.trim();
  const [, prefix, id, , check] = secretForm.exec(trimmed) ?? [];
  const isPrefix = prefix === 'ffp' || prefix === 'ffl' || prefix === 'fft';
  if (!isPrefix || id === undefined || check !== checkCharacters(trimmed.slice(0, -6))) {
    throw invalid('secret-malformed', 'unable to read a token', 'Copy it whole: its last six characters find typing errors.');
  }
  return { prefix, id, secret: trimmed };
}

/** What is stored of a secret of at least 160 random bits: its SHA-256 as hexadecimal. Never for passwords. */
export async function hashSecret(text: string): Promise<string> {
  return toHex(sha256(bytesOf(text)));
}

import { ed25519 } from '@noble/curves/ed25519.js';
import { p256 } from '@noble/curves/nist.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { z } from 'zod';
import { bytesOf, concatBytes, equalBytes, fromBase64Url, jsonOf, textOf, toBase64Url } from '../encoding.ts';
import { denied } from '../refusal.ts';
import { namespaces } from '../ssh/namespaces.ts';
import type { PasskeyJwk, RosterPasskey } from './roster.ts';

/** WebAuthn level 2, section 7.2, for the steps that an agent can take without a session. */
const flagUserPresent = 0x01;
const flagUserVerified = 0x04;
const shortestAuthenticatorData = 37;

const base64Url = z.string().regex(/^[A-Za-z0-9_-]*$/);
const assertion = z.looseObject({
  id: base64Url.min(1).max(1400),
  type: z.literal('public-key'),
  response: z.looseObject({
    clientDataJSON: base64Url.max(8192),
    authenticatorData: base64Url.max(8192),
    signature: base64Url.max(1024),
  }),
});
const clientData = z.looseObject({
  type: z.literal('webauthn.get'),
  challenge: z.string(),
  origin: z.string(),
  crossOrigin: z.boolean().optional(),
});

const malformed = () => denied('passkey-malformed', "unable to read a passkey's answer");

/** The challenge to give a passkey for a text: SHA-256 of `fortfail-approval@v1`, a zero byte, and the text's bytes. */
export function approvalChallenge(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(sha256(bytesOf(`${namespaces.approval}\0${text}`)));
}

function isSigned(jwk: PasskeyJwk, signature: Uint8Array, message: Uint8Array): boolean {
  const x = fromBase64Url(jwk.x);
  const y = jwk.kty === 'EC' ? fromBase64Url(jwk.y) : new Uint8Array();
  if (x?.length !== 32 || y === undefined) throw malformed();
  try {
    if (jwk.kty === 'OKP') return signature.length === 64 && ed25519.verify(signature, message, x, { zip215: false });
    return p256.verify(signature, message, concatBytes(Uint8Array.of(4), x, y), { format: 'der', lowS: false });
  } catch {
    // The curves' code throws on points and numbers that are none: such a signature holds for nothing.
    return false;
  }
}

function judgeClientData(bytes: Uint8Array, text: string, origins: readonly string[]): void {
  const parsed = clientData.safeParse(jsonOf(textOf(bytes) ?? ''));
  if (!parsed.success) throw malformed();
  const { challenge, origin, crossOrigin } = parsed.data;
  if (challenge !== toBase64Url(approvalChallenge(text)))
    throw denied('passkey-challenge', 'unable to use a passkey that signed another text');
  if (crossOrigin === true || !origins.includes(origin))
    throw denied('passkey-origin', `unable to use a passkey from the page '${origin}'`);
}

function judgeAuthenticatorData(data: Uint8Array, rp: string): void {
  if (data.length < shortestAuthenticatorData) throw malformed();
  if (!equalBytes(data.subarray(0, 32), sha256(bytesOf(rp)))) throw denied('passkey-rp', 'unable to use a passkey of another site');
  const flags = data[32] ?? 0;
  const needed = flagUserPresent | flagUserVerified;
  if ((flags & needed) !== needed) throw denied('passkey-presence', 'unable to use a passkey that did not verify its user');
}

/**
 * Verifies that one of these passkeys signed this text, touched by a verified user, on a page of the site. `rp` narrows what
 * the roster allows. Kind `denied`, code `passkey-malformed|-unknown|-challenge|-origin|-rp|-presence|-wrong`.
 */
export function verifyAssertion(
  answer: { readonly text: string; readonly assertion: Readonly<Record<string, unknown>> },
  passkeys: readonly RosterPasskey[],
  rp?: { readonly id: string; readonly origins: readonly string[] },
): { readonly name: string; readonly kid: string } {
  const parsed = assertion.safeParse(answer.assertion);
  if (!parsed.success) throw malformed();
  const { id, response } = parsed.data;
  const known = passkeys.find(({ passkey }) => passkey.id === id);
  if (known === undefined || (rp !== undefined && rp.id !== known.passkey.rp)) {
    throw denied('passkey-unknown', 'unable to use a passkey that the roster does not name');
  }
  const client = fromBase64Url(response.clientDataJSON);
  const data = fromBase64Url(response.authenticatorData);
  const signature = fromBase64Url(response.signature);
  if (client === undefined || data === undefined || signature === undefined) throw malformed();
  const { jwk, origins } = known.passkey;
  judgeClientData(client, answer.text, rp === undefined ? origins : origins.filter((origin) => rp.origins.includes(origin)));
  judgeAuthenticatorData(data, known.passkey.rp);
  if (!isSigned(jwk, signature, concatBytes(data, sha256(client)))) {
    throw denied('passkey-wrong', 'unable to verify the signature of a passkey');
  }
  return { name: known.name, kid: id };
}

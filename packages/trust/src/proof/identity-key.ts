import { p256 } from '@noble/curves/nist.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { type CryptoKey, exportJWK, importJWK, type JWK } from 'jose';
import { z } from 'zod';
import { bytesOf, concatBytes, equalBytes, fromBase64Url, toBase64Url } from '../encoding.ts';
import { invalid } from '../refusal.ts';

/** 32 bytes as canonical base64url: the last character holds four bits that count and two that must be zero. */
const coordinate = z.string().regex(/^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/);
export const p256PublicJwk = z.object({ kty: z.literal('EC'), crv: z.literal('P-256'), x: coordinate, y: coordinate });
const p256PrivateJwk = p256PublicJwk.extend({ d: coordinate });

export interface P256PublicJwk {
  readonly kty: 'EC';
  readonly crv: 'P-256';
  readonly x: string;
  readonly y: string;
}

const malformed = (cause?: unknown) =>
  invalid('identity-key-malformed', 'unable to read an identity key', 'It must be a P-256 key as JWK.', cause);

/** SHA-256 over the members that RFC 7638 names, in its order. */
export function thumbprintOf({ crv, kty, x, y }: P256PublicJwk): string {
  return toBase64Url(sha256(bytesOf(JSON.stringify({ crv, kty, x, y }))));
}

/** SHA-256 of the public key by RFC 7638, base64url: how a key is known. Kind `invalid-input`. */
export async function jwkThumbprint(jwk: unknown): Promise<string> {
  const parsed = p256PublicJwk.safeParse(jwk);
  if (!parsed.success) throw malformed();
  return thumbprintOf(parsed.data);
}

async function importKey(jwk: JWK, usage: 'sign' | 'verify'): Promise<CryptoKey> {
  try {
    const key = await importJWK({ ...jwk, key_ops: [usage], ext: true }, 'ES256');
    if (key instanceof Uint8Array) throw malformed();
    return key;
  } catch (error) {
    throw malformed(error);
  }
}

/** True when the private half makes this public half: importers differ in whether they look. */
function isPair(x: string, y: string, d: string): boolean {
  const [xBytes, yBytes, dBytes] = [x, y, d].map((text) => fromBase64Url(text));
  if (xBytes === undefined || yBytes === undefined || dBytes === undefined || !p256.utils.isValidSecretKey(dBytes)) return false;
  return equalBytes(p256.getPublicKey(dBytes, false), concatBytes(Uint8Array.of(4), xBytes, yBytes));
}

/** Who an agent is: a P-256 key that proves each request and answers in TLS handshakes. */
export class IdentityKey {
  /** RFC 7638, base64url. */
  readonly thumbprint: string;
  readonly publicJwk: P256PublicJwk;
  readonly cryptoKeys: { readonly privateKey: CryptoKey; readonly publicKey: CryptoKey };

  readonly #d: string;

  private constructor(thumbprint: string, publicJwk: P256PublicJwk, d: string, cryptoKeys: IdentityKey['cryptoKeys']) {
    this.#d = d;
    this.thumbprint = thumbprint;
    this.publicJwk = publicJwk;
    this.cryptoKeys = cryptoKeys;
  }

  static async generate(): Promise<IdentityKey> {
    const { subtle } = globalThis.crypto;
    const pair = await subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
    return await IdentityKey.fromJwk(await exportJWK(pair.privateKey));
  }

  /** The key of a private JWK. Kind `invalid-input` for another curve, or halves that do not belong together. */
  static async fromJwk(privateJwk: unknown): Promise<IdentityKey> {
    const parsed = p256PrivateJwk.safeParse(privateJwk);
    if (!parsed.success) throw malformed();
    const { kty, crv, x, y, d } = parsed.data;
    const publicJwk = { kty, crv, x, y };
    if (!isPair(x, y, d)) throw malformed();
    const privateKey = await importKey({ ...publicJwk, d }, 'sign');
    const publicKey = await importKey(publicJwk, 'verify');
    return new IdentityKey(await jwkThumbprint(publicJwk), publicJwk, d, { privateKey, publicKey });
  }

  /** The private key as JWK, for a file with mode 0600. */
  toJwk(): P256PublicJwk & { readonly d: string } {
    return { ...this.publicJwk, d: this.#d };
  }

  toJSON(): string {
    return '[secret]';
  }
}

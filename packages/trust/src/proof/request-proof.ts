import { sha256 } from '@noble/hashes/sha2.js';
import { CompactSign, type CryptoKey, compactVerify, decodeProtectedHeader, importJWK } from 'jose';
import { z } from 'zod';
import { bytesOf, equalBytes, fromBase64Url, jsonOf, textOf, toBase64Url } from '../encoding.ts';
import { denied, invalid } from '../refusal.ts';
import { type IdentityKey, jwkThumbprint, type P256PublicJwk, p256PublicJwk } from './identity-key.ts';

/** What a proof is about. `url` is the public address with its query; `body` undefined is an empty one. */
export interface ProvenRequest {
  readonly method: string;
  readonly url: string;
  readonly body?: Uint8Array | undefined;
  /** Given: the other side drew it, and no clock is judged. */
  readonly nonce?: string | undefined;
  readonly now: Date;
}

export interface RequestProof {
  /** RFC 7638 thumbprint of the key that signed; whether it is anybody's is for the caller to know. */
  readonly thumbprint: string;
  readonly publicJwk: P256PublicJwk;
  /** To be refused when seen before, for two minutes. */
  readonly jti: string;
  readonly issuedAt: Date;
  readonly usedNonce: boolean;
}

/** Seconds a proof may be old, and ahead of this clock. */
const oldestS = 60;
const skewS = 30;
const longest = 8192;
const proofType = 'dpop+jwt';

const header = z.object({ typ: z.literal(proofType), alg: z.literal('ES256'), jwk: p256PublicJwk.strict(), crit: z.never().optional() });
const claims = z.object({
  htm: z.string().min(1).max(16),
  htu: z.string().max(4096),
  iat: z.int().nonnegative(),
  jti: z.string().min(16).max(64),
  bh: z.string().length(43),
  nonce: z.string().min(1).max(256).optional(),
});

const malformed = (cause?: unknown) => denied('proof-malformed', 'unable to read a request proof', undefined, cause);

/** One spelling per address: scheme and host in lower case, no default port, no fragment. */
function normalUrl(url: string): string | undefined {
  if (!URL.canParse(url)) return undefined;
  const parsed = new URL(url);
  parsed.hash = '';
  return parsed.href;
}

function bodyHash(body: Uint8Array | undefined): string {
  return toBase64Url(sha256(body ?? new Uint8Array()));
}

/** A proof by this key for one request, for the header `DPoP`. Kind `invalid-input` for an address that is none. */
export async function signRequestProof(key: IdentityKey, request: ProvenRequest): Promise<string> {
  const htu = normalUrl(request.url);
  if (htu === undefined) throw invalid('proof-address', 'unable to prove a request to an address that is none');
  const body = {
    htm: request.method.toUpperCase(),
    htu,
    iat: Math.floor(request.now.getTime() / 1000),
    jti: toBase64Url(globalThis.crypto.getRandomValues(new Uint8Array(16))),
    bh: bodyHash(request.body),
    ...(request.nonce === undefined ? {} : { nonce: request.nonce }),
  };
  return await new CompactSign(bytesOf(JSON.stringify(body)))
    .setProtectedHeader({ alg: 'ES256', typ: proofType, jwk: { ...key.publicJwk } })
    .sign(key.cryptoKeys.privateKey);
}

function readHeader(proof: string): P256PublicJwk {
  if (proof.length > longest) throw malformed();
  let decoded: unknown;
  try {
    decoded = decodeProtectedHeader(proof);
  } catch (error) {
    throw malformed(error);
  }
  const parsed = header.safeParse(decoded);
  if (!parsed.success) throw malformed();
  return parsed.data.jwk;
}

async function importKey(jwk: P256PublicJwk): Promise<CryptoKey | Uint8Array> {
  try {
    return await importJWK({ ...jwk }, 'ES256');
  } catch (error) {
    throw malformed(error);
  }
}

async function readClaims(proof: string, jwk: P256PublicJwk): Promise<z.infer<typeof claims>> {
  const key = await importKey(jwk);
  let payload: Uint8Array;
  try {
    ({ payload } = await compactVerify(proof, key, { algorithms: ['ES256'] }));
  } catch (error) {
    throw denied('proof-signature', 'unable to verify the signature of a request proof', undefined, error);
  }
  const parsed = claims.safeParse(jsonOf(textOf(payload) ?? ''));
  if (!parsed.success) throw malformed();
  return parsed.data;
}

function judgeTime(iat: number, now: Date): void {
  const age = Math.floor(now.getTime() / 1000) - iat;
  if (age > oldestS || age < -skewS) {
    const words = age > 0 ? `${age} s old` : `${-age} s ahead`;
    throw denied(
      'proof-clock',
      `unable to accept a request proof that is ${words}`,
      "Set this machine's clock, or answer the nonce given.",
    );
  }
}

/**
 * Checks a proof against the request it came with. With `nonce` the proof must carry that one, and its time is not judged;
 * without, it may be 60 s old and 30 s ahead. A repeated `jti` and whose key it is are for the caller. Kind `denied`, code
 * `proof-malformed|proof-signature|proof-method|proof-url|proof-body|proof-nonce|proof-clock`.
 */
export async function readRequestProof(proof: string, request: ProvenRequest): Promise<RequestProof> {
  const jwk = readHeader(proof);
  const found = await readClaims(proof, jwk);
  if (found.htm !== request.method.toUpperCase()) throw denied('proof-method', 'unable to use a request proof for another method');
  const url = normalUrl(request.url);
  if (url === undefined || normalUrl(found.htu) !== url) {
    throw denied('proof-url', 'unable to use a request proof for another address', 'The site must be asked by its public address.');
  }
  if (!isSame(found.bh, bodyHash(request.body))) throw denied('proof-body', 'unable to use a request proof for another body');
  const usedNonce = request.nonce !== undefined;
  if (request.nonce === undefined) judgeTime(found.iat, request.now);
  else if (!isSame(found.nonce ?? '', request.nonce)) throw denied('proof-nonce', 'unable to use a request proof for another nonce');
  return {
    thumbprint: await jwkThumbprint(jwk),
    publicJwk: jwk,
    jti: found.jti,
    issuedAt: new Date(found.iat * 1000),
    usedNonce,
  };
}

function isSame(a: string, b: string): boolean {
  return equalBytes(bytesOf(a), bytesOf(b));
}

/** The nonce a proof claims, unverified: to look up whether this side drew it. Undefined without one or when malformed. */
export function claimedNonce(proof: string): string | undefined {
  if (proof.length > longest) return undefined;
  const payload = fromBase64Url(proof.split('.')[1] ?? '');
  const parsed = claims.safeParse(jsonOf(payload === undefined ? '' : (textOf(payload) ?? '')));
  return parsed.success ? parsed.data.nonce : undefined;
}

import { isFortFailError } from '@fortfail/base';
import fc from 'fast-check';
import { calculateJwkThumbprint, EmbeddedJWK, exportJWK, generateKeyPair, jwtVerify, SignJWT } from 'jose';
import { beforeAll, describe, expect, test } from 'vitest';
import { bytesOf, fromBase64Url, toBase64Url } from '../encoding.ts';
import { IdentityKey } from './identity-key.ts';
import { claimedNonce, readRequestProof, signRequestProof } from './request-proof.ts';

const now = new Date('2026-11-20T12:00:00.400Z');
const later = (seconds: number) => new Date(now.getTime() + seconds * 1000);
const body = bytesOf('{"a":1}');
const request = { method: 'POST', url: 'https://ff.example:8443/api/v1/renewals?x=1', body, now };
const denied = (code: string) => expect.objectContaining({ kind: 'denied', code });
let key: IdentityKey;
let proof = '';

beforeAll(async () => {
  key = await IdentityKey.generate();
  proof = await signRequestProof(key, request);
});

describe('a request proof', () => {
  test('proves its request by the key whose thumbprint it tells', async () => {
    const read = await readRequestProof(proof, request);
    expect(read).toMatchObject({ thumbprint: key.thumbprint, usedNonce: false, issuedAt: new Date('2026-11-20T12:00:00Z') });
    expect(read.thumbprint).toBe(await calculateJwkThumbprint({ ...key.publicJwk }));
    const again = await readRequestProof(await signRequestProof(key, request), request);
    expect(again.jti).not.toBe(read.jti);
  });

  test('is what any DPoP program understands', async () => {
    const { payload, protectedHeader } = await jwtVerify(proof, EmbeddedJWK, { typ: 'dpop+jwt', currentDate: now });
    expect(payload).toMatchObject({ htm: 'POST', htu: request.url });
    expect(protectedHeader.alg).toBe('ES256');
  });

  test('does not depend on how the address is spelled', async () => {
    await readRequestProof(proof, { ...request, method: 'post', url: 'HTTPS://FF.example:8443/api/v1/renewals?x=1#part' });
  });

  test.each([
    ['proof-method', { method: 'GET' }],
    ['proof-url', { url: 'https://ff.example:8443/api/v1/renewals' }],
    ['proof-url', { url: 'https://ff.example:8443/api/v1/renewals?x=2' }],
    ['proof-url', { url: 'http://ff.example:8443/api/v1/renewals?x=1' }],
    ['proof-url', { url: 'https://other.example:8443/api/v1/renewals?x=1' }],
    ['proof-body', { body: bytesOf('{"a":2}') }],
    ['proof-body', { body: undefined }],
    ['proof-nonce', { nonce: 'drawn by the site' }],
  ])('is refused by %s for %j', async (code, changed) => {
    await expect(readRequestProof(proof, { ...request, ...changed })).rejects.toThrow(denied(code));
  });

  test('may be 60 s old and 30 s ahead, and no more', async () => {
    await readRequestProof(proof, { ...request, now: later(60) });
    await readRequestProof(proof, { ...request, now: later(-30) });
    await expect(readRequestProof(proof, { ...request, now: later(61) })).rejects.toThrow(denied('proof-clock'));
    await expect(readRequestProof(proof, { ...request, now: later(-31) })).rejects.toThrow(denied('proof-clock'));
  });

  test('over a nonce needs no clock, but that nonce', async () => {
    const withNonce = await signRequestProof(key, { ...request, nonce: 'n-1' });
    expect(claimedNonce(withNonce)).toBe('n-1');
    expect(claimedNonce(proof)).toBeUndefined();
    const read = await readRequestProof(withNonce, { ...request, nonce: 'n-1', now: later(86_400) });
    expect(read.usedNonce).toBe(true);
    await expect(readRequestProof(withNonce, { ...request, nonce: 'n-2' })).rejects.toThrow(denied('proof-nonce'));
    await expect(readRequestProof(withNonce, { ...request, now: later(86_400) })).rejects.toThrow(denied('proof-clock'));
  });

  test('is refused with any one character changed', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(proof.length - 1), fc.constantFrom(...'ABCxyz019-_.'), async (at, character) => {
        fc.pre(proof[at] !== character);
        const changed = proof.slice(0, at) + character + proof.slice(at + 1);
        // The last character of the signature has bits that say nothing: the same bytes are the same signature.
        fc.pre(!isSameBytes(changed));
        await expect(readRequestProof(changed, request)).rejects.toThrow(expect.objectContaining({ kind: 'denied' }));
      }),
      { numRuns: 200 },
    );
  });

  test('is refused when it says who it is by other means', async () => {
    const other = await generateKeyPair('ES256', { extractable: true });
    const jwk = await exportJWK(other.publicKey);
    const privateJwk = await exportJWK(other.privateKey);
    const claims = { htm: 'POST', htu: request.url, iat: 1, jti: 'x'.repeat(22), bh: toBase64Url(new Uint8Array(32)) };
    const make = async (header: object) =>
      await new SignJWT(claims).setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk, ...header }).sign(other.privateKey);
    for (const header of [{ typ: 'JWT' }, { jwk: privateJwk }, { jwk: { ...jwk, crv: 'P-384' } }, { jwk: { kty: 'oct', k: 'AA' } }]) {
      await expect(readRequestProof(await make(header), request)).rejects.toThrow(denied('proof-malformed'));
    }
    const [, payload] = (await make({})).split('.');
    const none = `${toBase64Url(bytesOf(JSON.stringify({ alg: 'none', typ: 'dpop+jwt', jwk })))}.${payload}.`;
    await expect(readRequestProof(none, request)).rejects.toThrow(denied('proof-malformed'));
    // Another key's header over this key's signature.
    const [header = ''] = (await make({})).split('.');
    const [, ownPayload, ownSignature] = proof.split('.');
    await expect(readRequestProof([header, ownPayload, ownSignature].join('.'), request)).rejects.toThrow(denied('proof-signature'));
  });

  test.each(['', '.', '..', 'a.b.c', 'x'.repeat(100_000), 'eyJ9.e30.', 'null.null.null'])('refuses the junk %j in words', async (junk) => {
    await expect(readRequestProof(junk, request)).rejects.toThrow(denied('proof-malformed'));
    expect(claimedNonce(junk)).toBeUndefined();
  });

  test('never fails otherwise than by a refusal', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ maxLength: 200 }), async (junk) => {
        const error = await readRequestProof(junk, request).catch((thrown: unknown) => thrown);
        return isFortFailError(error, 'denied');
      }),
    );
  });
});

function isSameBytes(changed: string): boolean {
  return changed.split('.').every((part, i) => sameBytes(part, proof.split('.')[i] ?? ''));
}

function sameBytes(a: string, b: string): boolean {
  const [x, y] = [Buffer.from(a, 'base64url'), Buffer.from(b, 'base64url')];
  return a.length === b.length && fromBase64Url(b) !== undefined && x.equals(y);
}

describe('an identity key', () => {
  test('comes back from its JWK', async () => {
    const again = await IdentityKey.fromJwk(key.toJwk());
    expect(again.thumbprint).toBe(key.thumbprint);
    await readRequestProof(await signRequestProof(again, request), request);
    expect(JSON.stringify({ key })).toBe('{"key":"[secret]"}');
  });

  test('is refused when its halves do not belong together, and on other curves', async () => {
    const other = await IdentityKey.generate();
    const mixed = { ...key.toJwk(), d: other.toJwk().d };
    const p384 = await exportJWK((await generateKeyPair('ES384', { extractable: true })).privateKey);
    for (const jwk of [mixed, p384, { ...key.publicJwk }, {}, null, 'text', { ...key.toJwk(), x: 'AA' }]) {
      await expect(IdentityKey.fromJwk(jwk)).rejects.toThrow(expect.objectContaining({ kind: 'invalid-input' }));
    }
  });
});

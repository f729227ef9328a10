import { calculateJwkThumbprint, compactVerify, importJWK, SignJWT } from 'jose';
import { describe, expect, test } from 'vitest';
import { bytesOf, toBase64Url } from '../encoding.ts';
import { SigningKey } from '../ssh/signing-key.ts';
import { readOrder, signOrder } from './order.ts';

const link = SigningKey.generate();
const now = new Date('2026-11-20T12:00:00Z');
const seconds = now.getTime() / 1000;
const claims = { iss: 'sit_1', aud: 'agt_a', jti: 'job_1', n: 4, iat: seconds, exp: seconds + 60 };
const question = { keys: [SigningKey.generate().publicKey, link.publicKey], now, audience: 'agt_a' };
const denied = (code: string) => expect.objectContaining({ kind: 'denied', code });

describe('an order', () => {
  test('reads with all its claims by its agent', async () => {
    expect(await readOrder(await signOrder(link, claims), question)).toEqual(claims);
  });

  test('is a JWS that jose verifies', async () => {
    const { d, ...publicJwk } = link.toJwk();
    const key = await importJWK(publicJwk, 'EdDSA');
    const { payload, protectedHeader } = await compactVerify(await signOrder(link, claims), key);
    expect(JSON.parse(new TextDecoder().decode(payload))).toEqual(claims);
    expect(protectedHeader.kid).toBe(link.fingerprint);
    expect(await calculateJwkThumbprint(publicJwk)).not.toContain(d);
  });

  test('is refused from another key, for another agent, and when it is over', async () => {
    await expect(readOrder(await signOrder(SigningKey.generate(), claims), question)).rejects.toThrow(denied('order-key'));
    await expect(readOrder(await signOrder(link, { ...claims, aud: 'agt_b' }), question)).rejects.toThrow(denied('order-audience'));
    await expect(readOrder(await signOrder(link, { ...claims, exp: seconds }), question)).rejects.toThrow(denied('order-expired'));
    const { aud, ...nobody } = claims;
    await expect(readOrder(await signOrder(link, nobody), question)).rejects.toThrow(denied('order-malformed'));
    await expect(readOrder(await signOrder(link, { ...claims, aud: [aud] }), question)).rejects.toThrow(denied('order-malformed'));
    await expect(readOrder(await signOrder(link, { ...claims, exp: '9' }), question)).rejects.toThrow(denied('order-malformed'));
  });

  test('without an end does not end', async () => {
    const { exp, ...lasting } = claims;
    const read = await readOrder(await signOrder(link, lasting), { ...question, now: new Date((exp + 1e6) * 1000) });
    expect(read).toEqual(lasting);
  });

  test('is refused with another payload under the same signature', async () => {
    const [header, , signature] = (await signOrder(link, claims)).split('.');
    const changed = toBase64Url(bytesOf(JSON.stringify({ ...claims, n: 5 })));
    await expect(readOrder([header, changed, signature].join('.'), question)).rejects.toThrow(denied('order-signature'));
  });

  test('is refused with another type or method of signing', async () => {
    const secret = await importJWK(link.toJwk(), 'EdDSA');
    const other = await new SignJWT(claims).setProtectedHeader({ alg: 'EdDSA', typ: 'JWT', kid: link.fingerprint }).sign(secret);
    await expect(readOrder(other, question)).rejects.toThrow(denied('order-malformed'));
    // The public key as if it were a shared secret.
    const hmac = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'HS256', typ: 'fortfail-order+jwt', kid: link.fingerprint })
      .sign(link.publicKey.blob);
    await expect(readOrder(hmac, question)).rejects.toThrow(denied('order-malformed'));
    for (const junk of ['', '..', 'a.b.c', 'x'.repeat(1000)])
      await expect(readOrder(junk, question)).rejects.toThrow(denied('order-malformed'));
  });
});

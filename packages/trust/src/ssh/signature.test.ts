import { isFortFailError } from '@fortfail/base';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bytesOf, concatBytes, fromBase64, toBase64 } from '../encoding.ts';
import { namespaces } from './namespaces.ts';
import { armourSignature, verifySshSignature } from './signature.ts';
import { SigningKey } from './signing-key.ts';
import { wireStrings, wireUint32 } from './wire.ts';

const key = SigningKey.fromSeed(new Uint8Array(32).fill(1));
const namespace = namespaces.card;
const text = 'exact bytes';
const good = key.sign(text, namespace);
const verify = (signature: string, changed: Partial<Parameters<typeof verifySshSignature>[0]> = {}) =>
  verifySshSignature({ bytes: text, signature, namespace, keys: [key.publicKey], ...changed });
const denied = (code: string) => expect.objectContaining({ kind: 'denied', code });

function body(armoured: string): Uint8Array {
  return fromBase64(armoured.split('\n').slice(1, -2).join('')) ?? new Uint8Array();
}
function armour(bytes: Uint8Array): string {
  return `-----BEGIN SSH SIGNATURE-----\n${toBase64(bytes)}\n-----END SSH SIGNATURE-----\n`;
}

describe('an SSH signature', () => {
  test('verifies over the same bytes, given as text or as bytes', () => {
    expect(verify(good)).toBe(key.publicKey);
    expect(verify(good, { bytes: bytesOf(text) })).toBe(key.publicKey);
    expect(verify(`\n${good.replaceAll('\n', '\r\n')}`)).toBe(key.publicKey);
  });

  test('is refused for another text, purpose or key, each by its own code', () => {
    expect(() => verify(good, { bytes: 'exact byteS' })).toThrow(denied('signature-wrong'));
    expect(() => verify(good, { namespace: namespaces.grant })).toThrow(denied('signature-namespace'));
    expect(() => verify(good, { keys: [SigningKey.generate().publicKey] })).toThrow(denied('signature-key'));
    expect(() => verify(good, { keys: [] })).toThrow(denied('signature-key'));
  });

  test('is refused with any one bit changed', () => {
    const bytes = body(good);
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 0, max: 7 }), (at, bit) => {
        const changed = Uint8Array.from(bytes);
        changed[at] = (changed[at] ?? 0) ^ (1 << bit);
        expect(() => verify(armour(changed))).toThrow(expect.objectContaining({ kind: 'denied' }));
      }),
      { numRuns: 300 },
    );
  });

  test('is refused cut off at every length, and with bytes behind it', () => {
    const bytes = body(good);
    for (let length = 0; length < bytes.length; length += 1) {
      expect(() => verify(armour(bytes.subarray(0, length)))).toThrow(denied('signature-malformed'));
    }
    expect(() => verify(armour(concatBytes(bytes, Uint8Array.of(0))))).toThrow(denied('signature-malformed'));
  });

  test.each([
    ['nothing', ''],
    ['no armour', 'AAAA'],
    ['not base64', '-----BEGIN SSH SIGNATURE-----\n!!!!\n-----END SSH SIGNATURE-----'],
    ['too much', good + ' '.repeat(9000)],
    ['two of them', good + good],
    ['a length beyond all memory', armour(concatBytes(bytesOf('SSHSIG'), wireUint32(1), wireUint32(0xffffffff)))],
    ['version 2', armour(concatBytes(bytesOf('SSHSIG'), wireUint32(2), wireStrings('', '', '', '', '')))],
    ['a weak hash', armourSignature(key.publicKey.blob, namespace, 'sha1', wireStrings('ssh-ed25519', new Uint8Array(64)))],
    [
      'a hash named after a part of objects',
      armourSignature(key.publicKey.blob, namespace, 'constructor', wireStrings('ssh-ed25519', new Uint8Array(64))),
    ],
    ['another kind of signature', armourSignature(key.publicKey.blob, namespace, 'sha512', wireStrings('ssh-rsa', new Uint8Array(64)))],
  ])('is refused when it is %s', (_, signature) => {
    expect(() => verify(signature)).toThrow(denied('signature-malformed'));
  });

  test('never fails otherwise than by a refusal, whatever it is', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        try {
          verify(armour(concatBytes(bytesOf('SSHSIG'), wireUint32(1), bytes)));
        } catch (error) {
          return isFortFailError(error, 'denied');
        }
        return false;
      }),
    );
  });
});

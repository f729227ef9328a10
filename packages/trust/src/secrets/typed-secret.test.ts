import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeJoinString } from '../join/join-string.ts';
import { groupsOfSix, RecoveryKey } from '../kit/recovery-key.ts';
import { splitShares } from '../kit/shares.ts';
import { hashSecret, makeTypedSecret, readTypedSecret, redactTypedSecrets } from './typed-secret.ts';

describe('a typed secret', () => {
  test('tells its kind and id, and is never made twice', () => {
    const text = makeTypedSecret('ffp', '0123456789ab');
    expect(text).toMatch(/^ffp_0123456789ab_[A-Za-z0-9_-]{43}[0-9a-f]{6}$/);
    expect(readTypedSecret(` ${text}\n`)).toEqual({ prefix: 'ffp', id: '0123456789ab', secret: text });
    expect(makeTypedSecret('ffp', '0123456789ab')).not.toBe(text);
  });

  test('finds every typing error of one character', () => {
    const text = makeTypedSecret('ffl', 'abcdef');
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.constantFrom(...'abcXYZ019_-'), (at, character) => {
        fc.pre(text[at] !== character);
        expect(() => readTypedSecret(text.slice(0, at) + character + text.slice(at + 1))).toThrow(
          expect.objectContaining({ kind: 'invalid-input', code: 'secret-malformed' }),
        );
      }),
    );
  });

  test('says nothing of itself when it is refused', () => {
    const text = makeTypedSecret('fft', 'abcdef');
    expect(() => readTypedSecret(`${text}x`)).toThrow(expect.objectContaining({ message: expect.not.stringContaining(text.slice(4)) }));
    expect(() => makeTypedSecret('ffp', 'Not An Id')).toThrow(expect.objectContaining({ kind: 'invalid-input' }));
  });

  test('is stored as its SHA-256', async () => {
    expect(await hashSecret('ffp_x')).toBe(createHash('sha256').update('ffp_x').digest('hex'));
  });

  test('and all other secrets that are shown are taken out of a text', async () => {
    const key = RecoveryKey.generate();
    const [share = ''] = await splitShares(key, 2, 2);
    const join = encodeJoinString({ u: 'https://a', c: 'system', t: 'secret-of-the-join-string', x: 1 });
    for (const secret of [
      makeTypedSecret('ffp', 'abcdef'),
      join,
      share,
      groupsOfSix(share),
      key.secret.reveal(),
      groupsOfSix(key.secret.reveal()),
    ]) {
      const redacted = redactTypedSecrets(`before ${secret}\nafter`);
      expect(redacted).toBe('before [secret]\nafter');
    }
    expect(redactTypedSecrets('different offers, ffmpeg')).toBe('different offers, ffmpeg');
  });
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bytesOf, toBase64Url } from '../encoding.ts';
import { RecoveryKey } from '../kit/recovery-key.ts';
import { checkCharacters } from '../secrets/check-characters.ts';
import { decodeJoinString, encodeJoinString } from './join-string.ts';

const key = RecoveryKey.generate();
const fields = {
  u: 'https://ff.example:8443',
  c: `sha256:${'A'.repeat(43)}`,
  o: key.ownerKey().fingerprint,
  r: key.recipient,
  t: 'A'.repeat(27),
  x: 1_800_000_000,
};
const written = (value: unknown): string => {
  const body = `ffjoin1${toBase64Url(bytesOf(JSON.stringify(value)))}`;
  return `${body}.${checkCharacters(body)}`;
};

describe('a join string', () => {
  test('brings its fields over, with an owner and without', () => {
    expect(decodeJoinString(encodeJoinString(fields))).toEqual(fields);
    const { o, r, ...ownerless } = fields;
    expect(o + r).toContain('age1');
    expect(decodeJoinString(encodeJoinString({ ...ownerless, c: 'system' }))).toEqual({ ...ownerless, c: 'system' });
  });

  test('may be wrapped by a terminal', () => {
    const text = encodeJoinString(fields);
    expect(decodeJoinString(`  ${text.slice(0, 80)}\n${text.slice(80)} \r\n`)).toEqual(fields);
  });

  test('finds every typing error of one character', () => {
    const text = encodeJoinString(fields);
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.constantFrom(...'abcXYZ019_-.'), (at, character) => {
        fc.pre(text[at] !== character);
        expect(() => decodeJoinString(text.slice(0, at) + character + text.slice(at + 1))).toThrow(
          expect.objectContaining({ kind: 'invalid-input' }),
        );
      }),
    );
    expect(() => decodeJoinString(text.replace('ffjoin1e', 'ffjoin1f'))).toThrow(expect.objectContaining({ code: 'join-typing' }));
  });

  test.each([
    ['an address with a password', { u: 'https://a:b@ff.example' }],
    ['an address of another kind', { u: 'file:///etc/passwd' }],
    ['a fingerprint that is none', { c: 'sha256:AAAA' }],
    ['a recipient that is none', { r: 'age1' }],
    ['no token', { t: '' }],
    ['a field nobody knows', { y: 1 }],
    ['no end', { x: undefined }],
  ])('refuses %s', (_, changed) => {
    expect(() => decodeJoinString(written({ v: 1, ...fields, ...changed }))).toThrow(expect.objectContaining({ code: 'join-malformed' }));
  });

  test('refuses another version and other texts in words', () => {
    expect(() => decodeJoinString(written({ v: 2, other: true }))).toThrow(expect.objectContaining({ code: 'join-version' }));
    for (const junk of ['', 'ffjoin1', 'ffpeer1abc.000000', 'x'.repeat(100_000), written([]), written(null)]) {
      expect(() => decodeJoinString(junk)).toThrow(expect.objectContaining({ code: 'join-malformed' }));
    }
  });
});

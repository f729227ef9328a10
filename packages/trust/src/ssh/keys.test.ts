import { isFortFailError } from '@fortfail/base';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toBase64 } from '../encoding.ts';
import { formatAllowedSigners } from './allowed-signers.ts';
import { formatSshPublicKey, parseSshPublicKey } from './public-key.ts';
import { SigningKey } from './signing-key.ts';
import { wireStrings } from './wire.ts';

const key = SigningKey.fromSeed(new Uint8Array(32).fill(1));
const line = (type: string, ...parts: (Uint8Array | string)[]) => `${type} ${toBase64(wireStrings(type, ...parts))}`;

describe('an SSH public key', () => {
  test('reads with a comment and white space around it, and is written back', () => {
    expect(parseSshPublicKey(`  ${key.publicLine}\tann @ laptop \n`)).toEqual(key.publicKey);
    expect(formatSshPublicKey(key.publicKey, 'ann\nssh-ed25519 AAAA')).toBe(`${key.publicLine} ann ssh-ed25519 AAAA`);
  });

  test.each([
    ['nothing', ''],
    ['one word', 'ssh-ed25519'],
    ['RSA', line('ssh-rsa', new Uint8Array(3), new Uint8Array(257))],
    ['DSA', line('ssh-dss', new Uint8Array(3))],
    ['another curve', line('ecdsa-sha2-nistp384', 'nistp384', new Uint8Array(97).fill(4))],
    ['another curve inside', line('ecdsa-sha2-nistp256', 'nistp384', new Uint8Array(65).fill(4))],
    ['a point on no curve', line('ecdsa-sha2-nistp256', 'nistp256', new Uint8Array(65).fill(4))],
    ['a compressed point', line('ecdsa-sha2-nistp256', 'nistp256', new Uint8Array(33).fill(2))],
    ['a short key', line('ssh-ed25519', new Uint8Array(31))],
    ['a point of small order', line('ssh-ed25519', Uint8Array.from([1, ...new Uint8Array(31)]))],
    ['bytes behind the key', line('ssh-ed25519', key.publicKey.blob.slice(-32), 'more')],
    ['a security key without application', line('sk-ssh-ed25519@openssh.com', key.publicKey.blob.slice(-32))],
    ['a type that its bytes do not say', key.publicLine.replace('ssh-ed25519', 'ecdsa-sha2-nistp256')],
    ['options before it', `command="sh" ${key.publicLine}`],
    ['an endless line', `ssh-ed25519 ${'A'.repeat(10_000)}`],
  ])('is refused when it is %s', (_, text) => {
    expect(() => parseSshPublicKey(text)).toThrow(expect.objectContaining({ kind: 'invalid-input', code: 'ssh-key-malformed' }));
  });

  test('never fails otherwise than by a refusal', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => {
        try {
          parseSshPublicKey(`ssh-ed25519 ${toBase64(bytes)}`);
        } catch (error) {
          return isFortFailError(error, 'invalid-input');
        }
        return false;
      }),
    );
  });
});

describe('a signing key', () => {
  test('is the same for the same seed, and comes back from its file', () => {
    expect(SigningKey.fromSeed(new Uint8Array(32).fill(1)).publicLine).toBe(key.publicLine);
    expect(SigningKey.fromOpenSsh(key.toOpenSsh('a comment')).fingerprint).toBe(key.fingerprint);
    expect(() => SigningKey.fromSeed(new Uint8Array(31))).toThrow(expect.objectContaining({ kind: 'invalid-input' }));
  });

  test('does not tell itself to whoever prints it', () => {
    const { d } = key.toJwk();
    expect(JSON.stringify({ key })).not.toContain(d);
    expect(JSON.stringify({ key })).toContain('[secret]');
  });

  test('refuses a file that is cut or changed anywhere', () => {
    const file = key.toOpenSsh('comment');
    const lines = file.split('\n');
    const bytes = Buffer.from(lines.slice(1, -2).join(''), 'base64');
    const comment = bytes.indexOf('comment');
    for (let at = 0; at < bytes.length; at += 1) {
      // The comment is the one part that nothing vouches for.
      if (at >= comment && at < comment + 'comment'.length) continue;
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 0x20;
      const pem = `${lines[0]}\n${changed.toString('base64')}\n${lines.at(-2)}\n`;
      expect(() => SigningKey.fromOpenSsh(pem)).toThrow(expect.objectContaining({ kind: 'invalid-input' }));
    }
    expect(() => SigningKey.fromOpenSsh(file.slice(0, 120))).toThrow(expect.objectContaining({ code: 'ssh-private-key-malformed' }));
    expect(() => SigningKey.fromOpenSsh('')).toThrow(expect.objectContaining({ code: 'ssh-private-key-malformed' }));
  });
});

describe('an allowed_signers file', () => {
  test('has one line per entry with its namespaces and days', () => {
    const text = formatAllowedSigners([
      { principal: 'ann@example', key: key.publicKey, namespaces: ['fortfail-plan@v1', 'git'] },
      {
        principal: 'evidence',
        key: key.publicKey,
        namespaces: ['x'],
        validAfter: new Date('2026-01-02T03:04:05.678Z'),
        validBefore: new Date('2027-01-02T00:00:00Z'),
      },
    ]);
    expect(text).toBe(
      `ann@example namespaces="fortfail-plan@v1,git" ${key.publicLine}\nevidence namespaces="x",valid-after="20260102030405Z",valid-before="20270102000000Z" ${key.publicLine}\n`,
    );
  });

  test.each([
    ['a principal of two words', { principal: 'ann b' }],
    ['a principal that is a pattern', { principal: '*' }],
    ['a principal with a line feed', { principal: 'ann\nmallory' }],
    ['no namespace', { namespaces: [] }],
    ['a namespace with a quote', { namespaces: ['a"b'] }],
    ['a date that is none', { validAfter: new Date('never') }],
  ])('refuses %s', (_, changed) => {
    const entry = { principal: 'ann', key: key.publicKey, namespaces: ['x'], ...changed };
    expect(() => formatAllowedSigners([entry])).toThrow(expect.objectContaining({ kind: 'invalid-input' }));
  });
});

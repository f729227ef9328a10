import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ed25519 } from '@noble/curves/ed25519.js';
import { p256 } from '@noble/curves/nist.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bytesOf, concatBytes } from '../encoding.ts';
import { formatAllowedSigners } from './allowed-signers.ts';
import { namespaces } from './namespaces.ts';
import { formatSshPublicKey, parseSshPublicKey, type SshPublicKey, sshFingerprint, sshPublicKeyOf } from './public-key.ts';
import { armourSignature, signedData, verifySshSignature } from './signature.ts';
import { SigningKey } from './signing-key.ts';
import { wireStrings, wireUint32 } from './wire.ts';

const isHere = spawnSync('ssh-keygen', ['-?']).error === undefined;
if (!isHere) process.stderr.write('skipped: ssh-keygen is not installed, so the stock program could not judge signatures\n');

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fortfail-sshsig-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function keygen(args: readonly string[], input = ''): { ok: boolean; out: string } {
  const done = spawnSync('ssh-keygen', args, { input, cwd: folder, encoding: 'utf8' });
  return { ok: done.status === 0, out: done.stdout + done.stderr };
}

function put(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

/** Whether the stock program takes this signature by this key over the text. */
function stockVerifies(key: SshPublicKey, text: string, signature: string, namespace: string, allowedFor: string = namespace): boolean {
  const signers = put('allowed', formatAllowedSigners([{ principal: 'someone', key, namespaces: [allowedFor] }]));
  return keygen(['-Y', 'verify', '-f', signers, '-I', 'someone', '-n', namespace, '-s', put('text.sig', signature)], text).ok;
}

const text = '{"seq":7}\nsecond line\n';
const namespace = namespaces.auditHead;

describe.skipIf(!isHere)('with the stock ssh-keygen', () => {
  test('our signatures verify there, and not with one byte, the namespace or the key changed', () => {
    const key = SigningKey.generate();
    const signature = key.sign(text, namespace);
    expect(stockVerifies(key.publicKey, text, signature, namespace)).toBe(true);
    expect(stockVerifies(key.publicKey, `${text} `, signature, namespace)).toBe(false);
    expect(stockVerifies(key.publicKey, text, signature, namespaces.evidence)).toBe(false);
    expect(stockVerifies(key.publicKey, text, signature, namespace, namespaces.evidence)).toBe(false);
    expect(stockVerifies(SigningKey.generate().publicKey, text, signature, namespace)).toBe(false);
  });

  test.each(['ed25519', 'ecdsa'])('its %s signatures verify here', (type) => {
    const path = join(folder, `id_${type}`);
    keygen(['-q', '-t', type, '-N', '', '-C', 'ann on laptop', '-f', path]);
    const key = parseSshPublicKey(readFileSync(`${path}.pub`, 'utf8'));
    put('signed.txt', text);
    rmSync(join(folder, 'signed.txt.sig'), { force: true });
    expect(keygen(['-Y', 'sign', '-q', '-f', path, '-n', namespace, 'signed.txt']).ok).toBe(true);
    const signature = readFileSync(join(folder, 'signed.txt.sig'), 'utf8');
    expect(verifySshSignature({ bytes: text, signature, namespace, keys: [SigningKey.generate().publicKey, key] })).toBe(key);
    expect(() => verifySshSignature({ bytes: `${text}x`, signature, namespace, keys: [key] })).toThrow(
      expect.objectContaining({ kind: 'denied', code: 'signature-wrong' }),
    );
    const shown = keygen(['-l', '-f', `${path}.pub`]).out;
    expect(shown).toContain(sshFingerprint(key));
  });

  test('it reads our private key files, and we read its', () => {
    const key = SigningKey.generate();
    const path = put('ours', key.toOpenSsh('fortfail link'));
    expect(keygen(['-y', '-f', path]).out.trim()).toBe(`${key.publicLine} fortfail link`);
    put('by-stock.txt', text);
    expect(keygen(['-Y', 'sign', '-q', '-f', path, '-n', namespace, 'by-stock.txt']).ok).toBe(true);
    // Ed25519 has one signature per key and text: the programs must agree to the byte.
    expect(readFileSync(join(folder, 'by-stock.txt.sig'), 'utf8')).toBe(key.sign(text, namespace));

    keygen(['-q', '-t', 'ed25519', '-N', '', '-C', 'a longer comment', '-f', join(folder, 'theirs')]);
    const theirs = SigningKey.fromOpenSsh(readFileSync(join(folder, 'theirs'), 'utf8'));
    expect(readFileSync(join(folder, 'theirs.pub'), 'utf8')).toContain(theirs.publicLine);
  });

  test('a private key with a passphrase, and one of another kind, are refused in words', () => {
    keygen(['-q', '-t', 'ed25519', '-N', 'a passphrase', '-f', join(folder, 'locked')]);
    keygen(['-q', '-t', 'ecdsa', '-N', '', '-f', join(folder, 'other')]);
    const read = (name: string) => () => SigningKey.fromOpenSsh(readFileSync(join(folder, name), 'utf8'));
    expect(read('locked')).toThrow(expect.objectContaining({ code: 'ssh-private-key-encrypted' }));
    expect(read('other')).toThrow(expect.objectContaining({ code: 'ssh-private-key-malformed' }));
  });

  test('it keeps to the days of an allowed signer', () => {
    const key = SigningKey.generate();
    const signature = put('dated.sig', key.sign(text, namespace));
    const verify = (validAfter: string, validBefore: string): boolean => {
      const entry = { principal: 'evidence', key: key.publicKey, namespaces: [namespace, namespaces.evidence] };
      put('dated', formatAllowedSigners([{ ...entry, validAfter: new Date(validAfter), validBefore: new Date(validBefore) }]));
      return keygen(['-Y', 'verify', '-f', 'dated', '-I', 'evidence', '-n', namespace, '-s', signature], text).ok;
    };
    expect(verify('2020-01-01T00:00:00Z', '2120-01-01T00:00:00Z')).toBe(true);
    expect(verify('2020-01-01T00:00:00Z', '2021-01-01T00:00:00Z')).toBe(false);
    expect(verify('2119-01-01T00:00:00Z', '2120-01-01T00:00:00Z')).toBe(false);
  });

  const touched = 1;
  const securityKeySignature = (type: 'ed25519' | 'ecdsa', flags: number): { key: SshPublicKey; signature: string } => {
    const seed = new Uint8Array(32).fill(7);
    const name = type === 'ed25519' ? 'sk-ssh-ed25519@openssh.com' : 'sk-ecdsa-sha2-nistp256@openssh.com';
    const point = type === 'ed25519' ? ed25519.getPublicKey(seed) : p256.getPublicKey(seed, false);
    const blob = type === 'ed25519' ? wireStrings(name, point, 'ssh:') : wireStrings(name, 'nistp256', point, 'ssh:');
    const message = signedData(bytesOf(text), namespace, 'sha512');
    const told = concatBytes(sha256(bytesOf('ssh:')), Uint8Array.of(flags), wireUint32(9), sha256(message));
    const value = type === 'ed25519' ? ed25519.sign(told, seed) : mpints(p256.sign(told, seed));
    const inner = concatBytes(wireStrings(name, value), Uint8Array.of(flags), wireUint32(9));
    return { key: sshPublicKeyOf(blob), signature: armourSignature(blob, namespace, 'sha512', inner) };
  };

  test.each(['ed25519', 'ecdsa'] as const)(
    'both take a touched %s security key; one that nobody touched only the stock program takes',
    (type) => {
      for (const flags of [touched, 0]) {
        const { key, signature } = securityKeySignature(type, flags);
        expect(stockVerifies(key, text, signature, namespace)).toBe(true);
        expect(stockVerifies(key, `${text} `, signature, namespace)).toBe(false);
        const verify = () => verifySshSignature({ bytes: text, signature, namespace, keys: [key] });
        if (flags === touched) expect(verify()).toBe(key);
        else expect(verify).toThrow(expect.objectContaining({ code: 'signature-wrong' }));
        expect(parseSshPublicKey(formatSshPublicKey(key, 'on a token'))).toEqual(key);
      }
    },
  );
});

function mpints(rs: Uint8Array): Uint8Array {
  const positive = (digits: Uint8Array): Uint8Array => {
    const start = digits.findIndex((byte) => byte !== 0);
    const bare = digits.subarray(start);
    return (bare[0] ?? 0) > 0x7f ? concatBytes(Uint8Array.of(0), bare) : bare;
  };
  return wireStrings(positive(rs.subarray(0, 32)), positive(rs.subarray(32)));
}

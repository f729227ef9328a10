import { FortFailError, noLogger, Secret, systemClock } from '@fortfail/base';
import { LocalBackend, listAll } from '@fortfail/storage';
import { MemoryBackend } from '@fortfail/storage/testing';
import { describe, expect, test } from 'vitest';
import { nameOf } from '../document-store.ts';
import { initRepository } from '../init-repository.ts';
import { openRepository } from '../open-repository.ts';
import { addSnapshot, cheapKdf, findRestic, runRestic, temporaryFolder, testPassword, testRepository } from '../testing/index.ts';
import { calibrateKdf, deriveUserKey } from './key-derivation.ts';
import { passwordFromText } from './password-text.ts';

const other = new Secret('another pässwörd');

function open(backend: MemoryBackend | LocalBackend, password: Secret, keyHint?: string): ReturnType<typeof openRepository> {
  return openRepository({ backend, password, clock: systemClock, keyHint });
}

describe('key slots', () => {
  test('a second password opens the same repository, and the first still does', async () => {
    const backend = new MemoryBackend();
    const repository = await testRepository({ backend });
    const id = await repository.addKey({ password: other, kdf: cheapKdf, username: 'ann', hostname: 'box' });
    const opened = await open(backend, other);
    expect([opened.id, opened.keyId]).toEqual([repository.id, id]);
    expect(opened.key).toEqual(repository.key);
    expect((await open(backend, testPassword)).keyId).toBe(repository.keyId);
    expect(await opened.listKeys()).toEqual([
      expect.objectContaining({ isCurrent: false, username: 'test', hostname: 'test' }),
      expect.objectContaining({ id, isCurrent: true, username: 'ann', hostname: 'box' }),
    ]);
  });

  test('the hinted one is tried first', async () => {
    const backend = new MemoryBackend();
    const repository = await testRepository({ backend });
    const same = await repository.addKey({ password: testPassword, kdf: cheapKdf });
    expect((await open(backend, testPassword, same.slice(0, 8))).keyId).toBe(same);
    expect((await open(backend, testPassword, repository.keyId)).keyId).toBe(repository.keyId);
    expect((await open(backend, testPassword, 'no such id')).id).toBe(repository.id);
  });

  test('a damaged one is passed over', async () => {
    const backend = new MemoryBackend();
    const repository = await testRepository({ backend });
    for (const bytes of ['not JSON', '{"kdf":"argon2"}', '{"kdf":"scrypt","N":3}']) {
      backend.overwrite({ type: 'key', name: nameOf(Buffer.from(bytes)) }, Buffer.from(bytes));
    }
    backend.overwrite({ type: 'key', name: '0'.repeat(64) }, Buffer.from('name does not match'));
    expect((await open(backend, testPassword)).id).toBe(repository.id);
    await expect(open(backend, other)).rejects.toMatchObject({ kind: 'wrong-password', context: { slotsTried: 5, slotsUnreadable: 4 } });
    await backend.remove({ type: 'key', name: repository.keyId });
    await expect(open(backend, testPassword)).rejects.toMatchObject({ kind: 'damaged', code: 'no-sound-key' });
  });

  test('at most 20 are tried', async () => {
    const backend = new MemoryBackend();
    const repository = await testRepository({ backend });
    for (let i = 0; i < 20; i += 1) await repository.addKey({ password: new Secret(`password ${i}`), kdf: cheapKdf });
    const last = await repository.addKey({ password: other, kdf: cheapKdf });
    await expect(open(backend, other)).rejects.toMatchObject({ kind: 'wrong-password', context: { slotsTried: 20 } });
    expect((await open(backend, other, last)).keyId).toBe(last);
  });

  test('changing the password puts the new slot in before the old one goes', async () => {
    const backend = new MemoryBackend();
    const repository = await testRepository({ backend });
    const old = repository.keyId;
    const id = await repository.changePassword({ password: other, kdf: cheapKdf });
    expect(repository.keyId).toBe(id);
    expect((await listAll(backend, 'key')).map((file) => file.name)).toEqual([id]);
    await expect(open(backend, testPassword)).rejects.toMatchObject({ kind: 'wrong-password' });
    await expect(repository.removeKey(old)).rejects.toMatchObject({ kind: 'not-found' });
  });

  test('the one in use cannot be removed, another can', async () => {
    const backend = new MemoryBackend();
    const repository = await testRepository({ backend });
    const id = await repository.addKey({ password: other, kdf: cheapKdf });
    await expect(repository.removeKey(repository.keyId)).rejects.toMatchObject({ kind: 'conflict', code: 'current-key' });
    await expect(repository.removeKey('')).rejects.toMatchObject({ kind: 'not-found' });
    expect(await repository.removeKey(id.slice(0, 10))).toBe(id);
    await expect(open(backend, other)).rejects.toMatchObject({ kind: 'wrong-password' });
  });
});

describe('making a repository', () => {
  const options = { password: testPassword, hostname: 'h', username: 'u', clock: systemClock, kdf: cheapKdf };

  test('is refused where one is, or the rest of one', async () => {
    const backend = new MemoryBackend();
    await initRepository({ ...options, backend });
    await expect(initRepository({ ...options, backend })).rejects.toMatchObject({ kind: 'conflict', code: 'repository-exists' });
    const rest = new MemoryBackend();
    await rest.put({ type: 'key', name: 'a'.repeat(64) }, Buffer.from('a key'));
    await expect(initRepository({ ...options, backend: rest })).rejects.toMatchObject({ code: 'repository-exists' });
    expect((await listAll(rest, 'key')).length).toBe(1);
  });

  test('goes on where one was broken off, with its password only', async () => {
    const whole = new MemoryBackend();
    await initRepository({ ...options, backend: whole });
    const [slot] = await listAll(whole, 'key');
    const name = slot?.name ?? '';
    const rest = new MemoryBackend();
    await rest.put({ type: 'key', name }, await whole.get({ type: 'key', name }));
    const another = initRepository({ ...options, backend: rest, password: new Secret('another') });
    await expect(another).rejects.toMatchObject({ kind: 'conflict', code: 'repository-exists' });
    expect((await initRepository({ ...options, backend: rest })).keyId).toBe(name);
    expect((await listAll(rest, 'key')).map((file) => file.name)).toEqual([name]);
    await expect(open(rest, testPassword)).resolves.toMatchObject({ keyId: name });
    const lost = new MemoryBackend();
    await lost.put({ type: 'key', name }, await whole.get({ type: 'key', name }));
    await lost.put({ type: 'snapshot', name: 'b'.repeat(64) }, Buffer.from('a snapshot'));
    await expect(initRepository({ ...options, backend: lost })).rejects.toMatchObject({ code: 'repository-exists' });
  });

  test('leaves one repository when two are made at once', async () => {
    const backend = new MemoryBackend();
    const made = await Promise.allSettled([1, 2, 3].map(() => initRepository({ ...options, backend })));
    expect(made.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await listAll(backend, 'key')).toHaveLength(1);
    await open(backend, testPassword);
  });

  test('is refused with an empty password and with a polynomial that cuts nothing', async () => {
    const backend = new MemoryBackend();
    await expect(initRepository({ ...options, backend, password: new Secret('') })).rejects.toMatchObject({
      kind: 'invalid-input',
      code: 'empty-password',
    });
    await expect(initRepository({ ...options, backend, polynomial: 6n })).rejects.toMatchObject({ code: 'polynomial' });
    expect(backend.entries()).toEqual([]);
  });

  test('takes the password as it is, not trimmed and not normalised', async () => {
    const backend = new MemoryBackend();
    await initRepository({ ...options, backend, password: new Secret(' e\u0301 ') });
    await open(backend, new Secret(' e\u0301 '));
    await expect(open(backend, new Secret(' \u00e9 '))).rejects.toMatchObject({ kind: 'wrong-password' });
    await expect(open(backend, new Secret('e\u0301'))).rejects.toMatchObject({ kind: 'wrong-password' });
  });

  test('chooses a cost that is worth something on this machine', async () => {
    const kdf = await calibrateKdf(systemClock, testPassword);
    expect(kdf).toMatchObject({ N: 32_768, r: 8 });
    expect(kdf.p).toBeGreaterThanOrEqual(3);
    expect(kdf.p).toBeLessThanOrEqual(10);
  });
});

describe('opening', () => {
  test('says what is missing or damaged', async () => {
    const empty = new MemoryBackend();
    await expect(open(empty, testPassword)).rejects.toMatchObject({ kind: 'repository-missing' });
    using folder = temporaryFolder();
    await expect(open(new LocalBackend(`${folder.path}/none`), testPassword)).rejects.toMatchObject({ kind: 'repository-missing' });
    const backend = new MemoryBackend();
    await testRepository({ backend });
    const config = { type: 'config', name: '' } as const;
    const stored = Buffer.from(await backend.get(config));
    stored[20] = (stored[20] ?? 0) ^ 1;
    backend.overwrite(config, stored);
    await expect(open(backend, testPassword)).rejects.toMatchObject({ kind: 'damaged', code: 'mac' });
    backend.overwrite(config, stored.subarray(0, 10));
    await expect(open(backend, testPassword)).rejects.toMatchObject({ kind: 'damaged' });
  });

  test('refuses parameters made to exhaust memory', async () => {
    await expect(deriveUserKey(testPassword, Buffer.alloc(64), { N: 2 ** 24, r: 64, p: 1 })).rejects.toMatchObject({ code: 'kdf-cost' });
  });

  test('never shows the password in an error or a log', async () => {
    const backend = new MemoryBackend();
    await testRepository({ backend });
    const lines: unknown[] = [];
    const logger = { ...noLogger, warn: (...line: unknown[]) => lines.push(line) };
    const secret = new Secret('xyzzy-plugh');
    const error: unknown = await openRepository({ backend, password: secret, clock: systemClock, logger }).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(FortFailError);
    expect(JSON.stringify([error, lines, error instanceof Error ? error.stack : ''])).not.toContain('xyzzy');
  });
});

describe('a password in a file', () => {
  test.each([
    ['plain\n', 'plain'],
    ['\t two words \r\n', 'two words'],
    ['\ufeffwith mark\n', 'with mark'],
    ['\u00a0\u2003ümlaut\u0085', 'ümlaut'],
    ['', ''],
  ])('%j is %j', (text, password) => {
    expect(passwordFromText(Buffer.from(text)).reveal()).toBe(password);
  });

  test('may be UTF-16 with a mark', () => {
    expect(passwordFromText(Buffer.from('\ufeffpässwörd\n', 'utf16le')).reveal()).toBe('pässwörd');
    expect(passwordFromText(Buffer.from('\ufeffpässwörd\n', 'utf16le').swap16()).reveal()).toBe('pässwörd');
  });

  test('must be text', () => {
    expect(() => passwordFromText(Buffer.from([0x61, 0xff]))).toThrow(expect.objectContaining({ kind: 'invalid-input' }));
  });
});

describe.each(findRestic())('restic $version', (restic) => {
  test('opens our slots and we open its, in both formats', async () => {
    using folder = temporaryFolder();
    const backend = new LocalBackend(folder.path);
    const repository = await testRepository({ backend, version: restic.version === '0.14' ? 1 : 2 });
    await addSnapshot(repository, { a: 'content' });
    await repository.addKey({ password: other, kdf: cheapKdf });
    for (const password of [testPassword, other]) expect(runRestic(restic, folder.path, password.reveal(), ['check']).code).toBe(0);
    expect(runRestic(restic, folder.path, 'wrong', ['check']).code).toBe(restic.version === '0.14' ? 1 : 12);
    const file = `${folder.path}/new-password`;
    await import('node:fs/promises').then(({ writeFile }) => writeFile(file, ' by restic \n'));
    const added = runRestic(restic, folder.path, testPassword.reveal(), ['key', 'add', '--new-password-file', file]);
    expect([added.code, added.out]).toEqual([0, expect.stringContaining('saved new key')]);
    expect((await open(backend, new Secret('by restic'))).id).toBe(repository.id);
  });
});

import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PasswordFiles } from './password-file.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ff-keys-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('PasswordFiles', () => {
  it('makes a password of 32 random bytes once, for this user alone', async () => {
    const passwords = new PasswordFiles(folder);
    const { password, isNew } = await passwords.ensure('rep_0000000000000001');
    expect(isNew).toBe(true);
    expect(Buffer.from(password.reveal(), 'base64url')).toHaveLength(32);
    expect(statSync(passwords.pathOf('rep_0000000000000001')).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, 'keys')).mode & 0o777).toBe(0o700);
    const again = await passwords.ensure('rep_0000000000000001');
    expect([again.isNew, again.password.reveal()]).toEqual([false, password.reveal()]);
    const other = await passwords.ensure('rep_0000000000000002');
    expect(other.password.reveal()).not.toBe(password.reveal());
  });

  it('reads what a person put there, as restic does', async () => {
    const passwords = new PasswordFiles(folder);
    await passwords.ensure('rep_0000000000000001');
    writeFileSync(passwords.pathOf('rep_0000000000000001'), '  geheim \n');
    expect((await passwords.read('rep_0000000000000001')).reveal()).toBe('geheim');
  });

  it('names the file that is missing, and never leaves its folder', async () => {
    const passwords = new PasswordFiles(folder);
    await expect(passwords.read('rep_0000000000000009')).rejects.toMatchObject({ kind: 'not-found', code: 'password-missing' });
    await expect(passwords.read('../id')).rejects.toMatchObject({ kind: 'invalid-input' });
  });

  it('keeps no secret in the card beside it', async () => {
    const passwords = new PasswordFiles(folder);
    const { password } = await passwords.ensure('rep_0000000000000001');
    await passwords.writeCard({ id: 'rep_0000000000000001', name: 'main', location: '/x', resticId: 'a'.repeat(64) });
    expect(readFileSync(join(folder, 'keys', 'rep_0000000000000001.json'), 'utf8')).not.toContain(password.reveal());
  });
});

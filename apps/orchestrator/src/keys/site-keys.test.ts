import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { SiteKeys } from './site-keys.ts';

const folders: string[] = [];
const newFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'ff-keys-'));
  folders.push(folder);
  return folder;
};
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

it('makes both keys once, for this user alone, and finds them again', () => {
  const folder = newFolder();
  const first = SiteKeys.open(folder, {});
  const again = SiteKeys.open(folder, {});
  expect([again.link.fingerprint, again.evidence.fingerprint]).toEqual([first.link.fingerprint, first.evidence.fingerprint]);
  expect(first.link.fingerprint).not.toBe(first.evidence.fingerprint);
  for (const name of ['link', 'evidence']) expect(statSync(join(folder, 'keys', `${name}.key`)).mode & 0o777).toBe(0o600);
});

it('takes the keys that several orchestrators share, and makes none in place of a missing one', () => {
  const shared = newFolder();
  const first = SiteKeys.open(shared, {});
  const linkKeyFile = join(shared, 'keys', 'link.key');
  expect(SiteKeys.open(newFolder(), { linkKeyFile }).link.fingerprint).toBe(first.link.fingerprint);
  expect(() => SiteKeys.open(newFolder(), { evidenceKeyFile: join(shared, 'none') })).toThrow(
    expect.objectContaining({ kind: 'not-found', code: 'key-file-missing' }),
  );
});

it('refuses a key that others may read, naming what to type, and one that is none', () => {
  const folder = newFolder();
  SiteKeys.open(folder, {});
  const path = join(folder, 'keys', 'link.key');
  chmodSync(path, 0o640);
  expect(() => SiteKeys.open(folder, {})).toThrow(expect.objectContaining({ kind: 'denied', hint: `Run: chmod 0600 '${path}'` }));
  chmodSync(path, 0o600);
  writeFileSync(path, readFileSync(path, 'utf8').slice(0, 80));
  expect(() => SiteKeys.open(folder, {})).toThrow(expect.objectContaining({ kind: 'damaged' }));
});

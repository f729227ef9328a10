import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fortfail, freshFolder, jsonLines, must, root, run } from '../support/programs.ts';

interface Expected {
  readonly passwords: Readonly<Record<string, readonly string[]>>;
  readonly repos: Readonly<
    Record<
      string,
      { readonly files: Readonly<Record<string, Readonly<Record<string, { type?: string; size?: number; sha256?: string }>>>> }
    >
  >;
}
const expected = JSON.parse(readFileSync(join(root, 'tests/golden/EXPECTED.json'), 'utf8')) as Expected;

function unpacked(name: string): string {
  const folder = freshFolder();
  execFileSync('tar', ['-xzf', join(root, 'tests/golden/golden-repos.tar.gz'), '-C', folder]);
  return execFileSync('find', [folder, '-maxdepth', '3', '-type', 'd', '-name', name], { encoding: 'utf8' }).trim();
}

describe.each(Object.keys(expected.repos))('the golden repository %s', (name) => {
  const passwords = expected.passwords[name] ?? [];

  it('opens with each of its passwords and is whole', async () => {
    const repository = unpacked(name);
    for (const password of passwords) {
      const env = { RESTIC_REPOSITORY: repository, RESTIC_PASSWORD: password };
      await must(fortfail, ['check', '--read-data'], { env });
    }
    expect((await run(fortfail, ['snapshots'], { env: { RESTIC_REPOSITORY: repository, RESTIC_PASSWORD: 'golden' } })).code).toBe(12);
  });

  it('lists and restores every file with its recorded bytes', async () => {
    const repository = unpacked(name);
    const env = { RESTIC_REPOSITORY: repository, RESTIC_PASSWORD: passwords[0] ?? '' };
    for (const [snapshot, files] of Object.entries(expected.repos[name]?.files ?? {})) {
      const target = join(repository, '..', `restored-${snapshot.slice(0, 8)}`);
      await must(fortfail, ['restore', snapshot, '--target', target], { env });
      const listing = jsonLines((await must(fortfail, ['ls', '--json', snapshot], { env })).stdout).filter(
        (line) => line.struct_type === 'node',
      );
      expect(listing.length).toBeGreaterThanOrEqual(Object.keys(files).length);
      for (const [path, { size, sha256 }] of Object.entries(files)) {
        // Names that are Go-quoted in the tree are covered by the unit tests, byte by byte.
        if (sha256 === undefined || path.includes('\\')) continue;
        const bytes = readFileSync(join(target, path));
        expect([path, bytes.length, createHash('sha256').update(bytes).digest('hex')]).toEqual([path, size, sha256]);
      }
    }
  });
});

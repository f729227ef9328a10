import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fortfail, freshFolder, must, opening, run } from '../support/programs.ts';

function storedFiles(repository: string): string[] {
  return readdirSync(repository, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(repository, join(entry.parentPath, entry.name)))
    .sort();
}

/** Every regular file below a folder with its bytes; nothing when the folder is not there. */
function contents(folder: string): Map<string, Buffer> {
  const found = new Map<string, Buffer>();
  if (statSync(folder, { throwIfNoEntry: false }) === undefined) return found;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile()) found.set(relative(folder, path), readFileSync(path));
  }
  return found;
}

const wounds = {
  'a flipped bit': (path: string) => {
    const bytes = readFileSync(path);
    const at = Math.floor(bytes.length * 0.6);
    bytes[at] = (bytes[at] ?? 0) ^ 0x10;
    writeFileSync(path, bytes);
  },
  'a lost tail': (path: string) => truncateSync(path, Math.floor(statSync(path).size / 2)),
} as const;

describe.each(Object.entries(wounds))('%s in any stored file', (_, wound) => {
  it('is found by check --read-data and never restored as if whole', async () => {
    const folder = freshFolder();
    const whole = join(folder, 'whole');
    const tree = join(folder, 'tree');
    mkdirSync(join(tree, 'sub'), { recursive: true });
    for (let index = 0; index < 8; index += 1)
      writeFileSync(join(tree, 'sub', `file-${index}`), `content ${index} `.repeat(9000 * (index + 1)));
    writeFileSync(join(tree, 'noise'), Buffer.from(Array.from({ length: 300_000 }, (__, index) => (index * 7919 + (index >> 3)) & 255)));
    await must(fortfail, ['init'], { env: opening(whole) });
    await must(fortfail, ['backup', 'tree'], { env: opening(whole), cwd: folder });
    const original = contents(tree);
    for (const file of storedFiles(whole)) {
      const copy = join(folder, 'copy', file.replaceAll('/', '_'));
      await cp(whole, copy, { recursive: true });
      const victim = join(copy, file);
      chmodSync(victim, 0o600);
      wound(victim);
      const check = await run(fortfail, ['check', '--read-data'], { env: opening(copy) });
      expect(check.code, `check with ${file} hurt said:\n${check.stdout}${check.stderr}`).not.toBe(0);
      const target = `${copy}-restored`;
      const restore = await run(fortfail, ['restore', 'latest', '--target', target], { env: opening(copy) });
      const back = contents(join(target, 'tree'));
      for (const [path, bytes] of back) expect(original.get(path)?.equals(bytes), `${path} restored wrong with ${file} hurt`).toBe(true);
      if (back.size < original.size) expect(restore.code, `restore with ${file} hurt`).not.toBe(0);
    }
  });
});

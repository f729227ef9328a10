import { execFileSync, spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Handle } from '../backend.ts';
import { listAll } from '../list-all.ts';
import { openBackend } from '../open-backend.ts';
import { backendSuite } from '../testing/index.ts';
import { LocalBackend } from './local-backend.ts';

let folder: string;
const config: Handle = { type: 'config', name: '' };
const pack = (body: Uint8Array): Handle => ({ type: 'pack', name: createHash('sha256').update(body).digest('hex') });
const modeOf = (...parts: string[]): string => (statSync(join(...parts)).mode & 0o777).toString(8);
const newFolder = (): string => mkdtempSync(join(tmpdir(), 'fortfail-local-'));

backendSuite('local', async () => {
  const path = newFolder();
  return {
    backend: new LocalBackend(join(path, 'repo')),
    again: () => openBackend({ kind: 'local', path: join(path, 'repo') }),
    putForeign: async (inside, name) => writeFileSync(join(path, 'repo', inside, name), 'x'),
    dispose: async () => rmSync(path, { recursive: true, force: true }),
  };
});

beforeEach(() => {
  folder = newFolder();
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('LocalBackend on disk', () => {
  it('lays files out as restic does, readable by their owner alone', async () => {
    const root = join(folder, 'a', 'repo');
    const backend = new LocalBackend(root);
    await backend.create();
    const body = randomBytes(10);
    await backend.put(pack(body), body);
    await backend.put(config, body);
    expect(readdirSync(root).sort()).toEqual(['config', 'data', 'fortfail', 'index', 'keys', 'locks', 'snapshots']);
    expect(readdirSync(join(root, 'data'))).toHaveLength(256);
    const { name } = pack(body);
    expect(modeOf(root, 'data', name.slice(0, 2), name)).toBe('400');
    expect(modeOf(root, 'config')).toBe('400');
    for (const path of ['', 'data', 'data/00', 'locks', 'fortfail', 'fortfail/trash']) expect(modeOf(root, path)).toBe('700');
  });

  it('keeps a group-readable repository readable for its group', async () => {
    const backend = new LocalBackend(folder);
    await backend.create();
    await backend.put(config, Buffer.from('x'));
    chmodSync(join(folder, 'config'), 0o440);
    rmSync(join(folder, 'data', 'aa'), { recursive: true });
    const handle: Handle = { type: 'pack', name: 'a'.repeat(64) };
    const next = new LocalBackend(folder);
    await next.put(handle, Buffer.from('x'));
    expect(modeOf(folder, 'data', 'aa', handle.name)).toBe('440');
    expect(modeOf(folder, 'data', 'aa')).toBe('770');
  });

  it('makes missing folders when they are written to, but never a store where none is mounted', async () => {
    const backend = new LocalBackend(folder);
    await backend.put({ type: 'trash', name: 'a'.repeat(64) }, Buffer.from('x'));
    expect(existsSync(join(folder, 'fortfail', 'trash', 'a'.repeat(64)))).toBe(true);
    await backend.move({ type: 'trash', name: 'a'.repeat(64) }, { type: 'snapshot', name: 'a'.repeat(64) });
    expect(existsSync(join(folder, 'snapshots', 'a'.repeat(64)))).toBe(true);
    const unmounted = new LocalBackend(join(folder, 'nothing'));
    await expect(unmounted.put(config, Buffer.from('x'))).rejects.toMatchObject({ kind: 'not-found' });
    await expect(listAll(unmounted, 'pack')).rejects.toMatchObject({ kind: 'not-found' });
    expect(existsSync(join(folder, 'nothing'))).toBe(false);
  });

  it('leaves what a crashed writer left out of listings and removes it after a day', async () => {
    const backend = new LocalBackend(folder);
    await backend.create();
    const inside = join(folder, 'data', 'ab');
    const ours = `ab${'0'.repeat(62)}-tmp-ff0123456789abcdef`;
    const young = `ab${'1'.repeat(62)}-tmp-ff0123456789abcdef`;
    const resticOwn = `ab${'0'.repeat(62)}-tmp-345678`;
    const longAgo = new Date(statSync(inside).mtimeMs - 25 * 3600 * 1000);
    for (const name of [ours, young, resticOwn]) writeFileSync(join(inside, name), 'half');
    for (const name of [ours, resticOwn]) utimesSync(join(inside, name), longAgo, longAgo);
    expect(await listAll(backend, 'pack')).toEqual([]);
    await backend.put({ type: 'pack', name: `ab${'2'.repeat(62)}` }, Buffer.from('x'));
    expect(readdirSync(inside).sort()).toEqual([resticOwn, young, `ab${'2'.repeat(62)}`].sort());
  });

  it('leaves no temporary file behind when a name is taken', async () => {
    const backend = new LocalBackend(folder);
    await backend.create();
    const handle: Handle = { type: 'key', name: 'c'.repeat(64) };
    await backend.put(handle, Buffer.from('x'));
    await expect(backend.put(handle, Buffer.from('y'))).rejects.toMatchObject({ kind: 'conflict' });
    expect(readdirSync(join(folder, 'keys'))).toEqual([handle.name]);
  });

  it('survives a kill at any moment of a put: the name has all bytes or is absent', async () => {
    const backend = new LocalBackend(folder);
    await backend.create();
    const script = join(folder, 'writer.ts');
    const local = new URL('./local-backend.ts', import.meta.url).href;
    const lines = [
      `import { LocalBackend } from '${local}';`,
      `const backend = new LocalBackend(process.argv[2]);`,
      `const body = Buffer.alloc(3_000_000, 7);`,
      `for (let i = 0; ; i += 1) await backend.put({ type: 'pack', name: i.toString(16).padStart(64, '0') }, body);`,
    ];
    writeFileSync(script, lines.join('\n'));
    for (const afterMs of [150, 230, 310]) {
      spawnSync(process.execPath, [script, folder], { timeout: afterMs, killSignal: 'SIGKILL', stdio: 'ignore' });
      for await (const file of backend.list('pack')) expect(file.sizeBytes).toBe(3_000_000);
    }
  });
});

describe('LocalBackend when the disk says no', () => {
  it('calls a full disk no-space and keeps nothing half-written', async ({ skip }) => {
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', folder], { stdio: 'pipe' });
    if (mounted.status !== 0) skip(`needs root and mount to make a tiny disk: ${mounted.stderr?.toString() ?? 'no mount command'}`);
    try {
      const backend = new LocalBackend(folder);
      await backend.put(config, Buffer.from('x'));
      const body = randomBytes(400_000);
      await expect(backend.put({ type: 'snapshot', name: pack(body).name }, body)).rejects.toMatchObject({
        kind: 'no-space',
        code: 'enospc',
      });
      await expect(backend.replaceConfig(body)).rejects.toMatchObject({ kind: 'no-space' });
      expect(readdirSync(join(folder, 'snapshots'))).toEqual([]);
      expect(Buffer.from(await backend.get(config)).toString()).toBe('x');
      expect(readdirSync(folder).sort()).toEqual(['config', 'snapshots']);
    } finally {
      execFileSync('umount', [folder]);
    }
  });

  it('calls a read-only file system denied', async ({ skip }) => {
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder], { stdio: 'pipe' });
    if (mounted.status !== 0) skip(`needs root and mount to make a read-only disk: ${mounted.stderr?.toString() ?? 'no mount command'}`);
    try {
      const backend = new LocalBackend(folder);
      await backend.create();
      await backend.put(config, Buffer.from('x'));
      execFileSync('mount', ['-o', 'remount,ro', folder]);
      const handle: Handle = { type: 'key', name: 'd'.repeat(64) };
      await expect(backend.put(handle, Buffer.from('x'))).rejects.toMatchObject({ kind: 'denied', code: 'erofs' });
      await expect(backend.remove(config)).rejects.toMatchObject({ kind: 'denied' });
      expect(Buffer.from(await backend.get(config)).toString()).toBe('x');
    } finally {
      execFileSync('umount', [folder]);
    }
  });

  it('calls a folder without permission denied', async ({ skip }) => {
    if (process.getuid?.() === 0) {
      const code = `import { LocalBackend } from '${new URL('./local-backend.ts', import.meta.url).href}';
        const kinds = [];
        process.setgid(65534); process.setuid(65534);
        const backend = new LocalBackend(${JSON.stringify(folder)});
        await backend.put({ type: 'key', name: 'e'.repeat(64) }, Buffer.from('x')).catch((error) => kinds.push(error.kind));
        await backend.create().catch((error) => kinds.push(error.kind));
        process.stdout.write(kinds.join());`;
      mkdirSync(join(folder, 'keys'));
      chmodSync(folder, 0o755);
      const child = spawnSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8' });
      expect(child.stdout, child.stderr).toBe('denied,denied');
      return;
    }
    chmodSync(folder, 0o500);
    const backend = new LocalBackend(folder);
    await expect(backend.create()).rejects.toMatchObject({ kind: 'denied' });
    chmodSync(folder, 0o700);
    skip('the part about another user needs root');
  });

  it('moves without replacing where hard links are refused, as for files of another user', ({ skip }) => {
    const protectedLinks = '/proc/sys/fs/protected_hardlinks';
    const isProtected = existsSync(protectedLinks) && readFileSync(protectedLinks, 'utf8').trim() === '1';
    if (process.getuid?.() !== 0 || !isProtected) skip('needs root, and a kernel that protects hard links');
    const name = (digit: string): string => digit.repeat(64);
    for (const inside of ['locks', 'snapshots']) {
      mkdirSync(join(folder, inside));
      chmodSync(join(folder, inside), 0o777);
    }
    chmodSync(folder, 0o755);
    for (const path of ['locks/a', 'locks/b', 'snapshots/b']) {
      const [inside = '', digit = ''] = path.split('/');
      writeFileSync(join(folder, inside, name(digit)), path, { mode: 0o400 });
    }
    const code = `import { LocalBackend } from '${new URL('./local-backend.ts', import.meta.url).href}';
      process.setgid(65534); process.setuid(65534);
      const backend = new LocalBackend(${JSON.stringify(folder)});
      const move = (digit) => backend.move({ type: 'lock', name: digit.repeat(64) }, { type: 'snapshot', name: digit.repeat(64) });
      const ends = [];
      for (const digit of ['a', 'b', 'c']) ends.push(await move(digit).then(() => 'moved', (error) => error.kind));
      process.stdout.write(ends.join());`;
    const child = spawnSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8' });
    expect(child.stdout, child.stderr).toBe('moved,conflict,not-found');
    expect(readFileSync(join(folder, 'snapshots', name('a')), 'utf8')).toBe('locks/a');
    expect(readFileSync(join(folder, 'snapshots', name('b')), 'utf8')).toBe('snapshots/b');
    expect(readdirSync(join(folder, 'locks'))).toEqual([name('b')]);
  });
});

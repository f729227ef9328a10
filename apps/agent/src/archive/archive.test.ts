import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removeTree } from '@fortfail/source';
import { describeTree, type EntryDescription, listenAt, makeNastyTree } from '@fortfail/source/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Extraction, extractArchive } from './extract-archive.ts';
import { writeArchive } from './write-archive.ts';

const never = new AbortController().signal;
const isRoot = process.getuid?.() === 0;

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'fortfail-archive-'));
  onTestFinished(() => removeTree(Buffer.from(path)));
  return path;
}

const tar = (...args: string[]): string =>
  execFileSync('tar', args, { encoding: 'utf8', maxBuffer: 2 ** 28, stdio: ['ignore', 'pipe', 'pipe'] });

async function extracted(archive: string): Promise<{ readonly into: string; readonly found: Extraction }> {
  const into = join(folder(), 'into');
  mkdirSync(into, { mode: 0o700 });
  return { into, found: await extractArchive({ archive, into: Buffer.from(into), keepsOwners: isRoot, signal: never }) };
}

async function written(source: string, leaveOut: readonly string[] = []) {
  const into = join(folder(), 'made.tar');
  return { into, ...(await writeArchive({ folder: source, into, leaveOut, mostBytes: 2 ** 30, signal: never })) };
}

function nastyTree(): string {
  const tree = join(folder(), 'tree');
  makeNastyTree(tree);
  return tree;
}

/** What an extraction does not bring back, on purpose: powers, devices, links that lead out. */
function asRestored(entries: readonly EntryDescription[]): unknown[] {
  return entries
    .filter(({ type }) => ['file', 'dir', 'symlink'].includes(type))
    .filter(({ linkTarget }) => linkTarget === undefined || !linkTarget.startsWith('/'))
    .map(({ xattrs, mode, ...entry }) => {
      const kept = Object.entries(xattrs ?? {}).filter(([name]) => entry.type !== 'symlink' && name.startsWith('user.'));
      const plainMode = mode === '' ? '' : (Number.parseInt(mode, 8) & 0o777).toString(8);
      return { ...entry, mode: plainMode, ...(kept.length === 0 ? {} : { xattrs: Object.fromEntries(kept) }) };
    });
}

describe('an archive that we write', () => {
  it('is read by GNU tar with every name, byte, mode, owner, time, link and attribute', async () => {
    const tree = nastyTree();
    const { into } = await written(tree);
    const back = folder();
    tar(
      '--extract',
      '--file',
      into,
      '--directory',
      back,
      '--same-permissions',
      '--xattrs',
      '--xattrs-include=*',
      ...(isRoot ? ['--numeric-owner', '--same-owner'] : []),
    );
    // GNU tar sets the times of links to whole seconds before 1970 its own way, and no lists of access without --acls.
    const plain = (path: string) =>
      describeTree(path, { withoutRoot: true })
        .filter(({ type }) => type !== 'socket')
        .map(({ xattrs, ...entry }) => ({
          ...entry,
          xattrs: Object.entries(xattrs ?? {}).filter(([name]) => !name.startsWith('system.')),
        }));
    expect(plain(back)).toEqual(plain(tree));
  });

  it('says its size, its sum and its counts as other programs find them', async () => {
    const tree = join(folder(), 'tree');
    mkdirSync(join(tree, 'sub'), { recursive: true });
    writeFileSync(join(tree, 'sub', 'a'), 'hello');
    const made = await written(tree);
    expect(execFileSync('sha256sum', [made.into], { encoding: 'utf8' }).slice(0, 64)).toBe(made.sha256);
    expect(made).toMatchObject({ files: 1, folders: 1, bytes: 5, notReadCount: 0, sizeBytes: 10_240 });
    expect(tar('-tf', made.into).split('\n')).toEqual(['./', './sub/', './sub/a', '']);
  });

  it('is read by Python, whose archives the agents before ours made', async () => {
    const tree = nastyTree();
    const { into } = await written(tree);
    const code =
      "import sys,tarfile\nfor m in tarfile.open(sys.argv[1]):\n  sys.stdout.buffer.write(m.name.encode('utf-8','surrogateescape')+b'\\0')";
    const result = spawnSync('python3', ['-c', code, into], { maxBuffer: 2 ** 26 });
    if (result.error !== undefined) return process.stdout.write('skipped: no python3 here\n');
    const names = result.stdout.toString('latin1').split('\0').slice(0, -1);
    const expected = tar('-tf', into, '--quoting-style=literal', '--show-transformed-names', '--null').length;
    expect(expected).toBeGreaterThan(0);
    expect(names).toHaveLength(describeTree(tree).filter(({ type }) => type !== 'socket').length);
    expect(names).toContain('./names/\xff\xfe\x80'.replace('./', './'));
    return undefined;
  });

  it('names what cannot be read, leaves out what it is told to, and what is no file of anyone', async () => {
    const tree = join(folder(), 'tree');
    mkdirSync(join(tree, 'own'), { recursive: true });
    writeFileSync(join(tree, 'own', 'token'), 'secret');
    writeFileSync(join(tree, 'kept'), 'kept');
    const server = await listenAt(join(tree, 'socket'));
    onTestFinished(() => void server.close());
    if (!isRoot) {
      writeFileSync(join(tree, 'closed'), 'x');
      chmodSync(join(tree, 'closed'), 0);
    }
    const made = await written(tree, [join(tree, 'own')]);
    expect(tar('-tf', made.into).split('\n')).toEqual(['./', './kept', '']);
    expect(made.notReadCount).toBe(isRoot ? 0 : 1);
  });

  it('is given up when it would be larger than allowed', async () => {
    const tree = folder();
    writeFileSync(join(tree, 'large'), Buffer.alloc(300_000));
    const into = join(folder(), 'made.tar');
    const options = { folder: tree, into, leaveOut: [], mostBytes: 100_000, signal: never };
    await expect(writeArchive(options)).rejects.toMatchObject({ kind: 'invalid-input', code: 'archive-too-large' });
  });
});

describe('an archive that GNU tar wrote', () => {
  it.each(['gnu', 'posix', 'oldgnu'])(
    'in its format %s comes back with every name, byte, mode, owner, time, link and attribute',
    async (format) => {
      const tree = nastyTree();
      const archive = join(folder(), 'a.tar');
      tar(
        '--create',
        '--file',
        archive,
        '--format',
        format,
        '--directory',
        tree,
        ...(format === 'posix' ? ['--xattrs', '--xattrs-include=*'] : []),
        '.',
      );
      const { into } = await extracted(archive);
      const expected = asRestored(describeTree(tree, { withoutRoot: true })) as { mtimeNs: string; xattrs?: unknown }[];
      const found = asRestored(describeTree(into, { withoutRoot: true })) as { mtimeNs: string; xattrs?: unknown }[];
      // Only POSIX archives have parts of seconds and attributes.
      const seconds = (ns: string): string => (BigInt(ns) - (((BigInt(ns) % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n)).toString();
      const plain =
        format === 'posix'
          ? (list: typeof found) => list
          : (list: typeof found) => list.map(({ xattrs: _, ...one }) => ({ ...one, mtimeNs: seconds(one.mtimeNs) }));
      expect(plain(found)).toEqual(plain(expected));
    },
  );

  it.each([
    ['its own', ['--format=gnu']],
    ['0.0', ['--format=posix', '--sparse-version=0.0']],
    ['0.1', ['--format=posix', '--sparse-version=0.1']],
    ['1.0', ['--format=posix', '--sparse-version=1.0']],
  ])('with holes in the form %s comes back with its bytes and its holes', async (_name, options) => {
    const tree = join(folder(), 'tree');
    mkdirSync(tree);
    const image = join(tree, 'image');
    writeFileSync(image, '');
    truncateSync(image, 64 * 1024 * 1024);
    for (let at = 1; at < 60; at += 1) {
      execFileSync('dd', ['if=/dev/urandom', `of=${image}`, 'bs=4096', 'count=2', `seek=${at * 251}`, 'conv=notrunc', 'status=none']);
    }
    writeFileSync(join(tree, 'next'), 'what follows is not out of step');
    const archive = join(folder(), 'a.tar');
    tar('--create', '--file', archive, '--sparse', ...options, '--directory', tree, '.');
    const { into } = await extracted(archive);
    const digests = (path: string) =>
      describeTree(path, { withoutRoot: true, allocated: true }).map(({ path: name, sha256 }) => [name, sha256]);
    expect(digests(into)).toEqual(digests(tree));
    const [restored] = describeTree(into, { withoutRoot: true, allocated: true });
    expect(restored?.allocatedBytes).toBeLessThan(2 * 1024 * 1024);
  });

  it('is found to be packed or not, and refused in words when packed otherwise', async () => {
    const tree = folder();
    writeFileSync(join(tree, 'a'), 'b'.repeat(5000));
    const place = folder();
    tar('--create', '--gzip', '--file', join(place, 'a.tgz'), '--directory', tree, '.');
    const { into, found } = await extracted(join(place, 'a.tgz'));
    expect([readdirSync(into), found.bytes]).toEqual([['a'], 5000]);
    writeFileSync(join(place, 'a.xz'), Buffer.from('fd377a585a000004', 'hex'));
    await expect(extracted(join(place, 'a.xz'))).rejects.toMatchObject({ code: 'broken-archive', message: expect.stringContaining('xz') });
  });

  it('that ends early is refused, wherever it was cut', async () => {
    const tree = folder();
    writeFileSync(join(tree, 'a'), 'b'.repeat(700));
    writeFileSync(join(tree, 'c'), 'd');
    const archive = join(folder(), 'a.tar');
    tar('--create', '--file', archive, '--directory', tree, '.');
    for (const size of [3072, 2560, 2048, 1700, 1536, 600, 512, 100, 0]) {
      truncateSync(archive, size);
      await expect(extracted(archive)).rejects.toMatchObject({ kind: 'damaged', code: 'broken-archive' });
    }
    tar('--create', '--gzip', '--file', archive, '--directory', tree, '.');
    truncateSync(archive, 100);
    await expect(extracted(archive)).rejects.toMatchObject({ kind: 'damaged', code: 'broken-archive' });
  });
});

describe('an archive that Python wrote', () => {
  it('comes back with long names and names that are no text', async () => {
    const tree = join(folder(), 'tree');
    makeNastyTree(tree, { privileged: false });
    const archive = join(folder(), 'a.tar');
    const result = spawnSync('python3', [
      '-c',
      "import sys,tarfile\nt=tarfile.open(sys.argv[1],'w')\nt.add(sys.argv[2],arcname='.')\nt.close()",
      archive,
      tree,
    ]);
    if (result.error !== undefined) return process.stdout.write('skipped: no python3 here\n');
    const { into } = await extracted(archive);
    const plain = (path: string) =>
      (asRestored(describeTree(path, { withoutRoot: true })) as EntryDescription[]).map(
        ({ path: name, sha256, linkTarget, mode, hardLinkOf }) => ({ name, sha256, linkTarget, mode, hardLinkOf }),
      );
    expect(plain(into)).toEqual(plain(tree));
    return undefined;
  });
});

describe('a restore of an archive', () => {
  it('is given up when it is told to stop', async () => {
    const tree = folder();
    writeFileSync(join(tree, 'a'), 'b');
    symlinkSync('a', join(tree, 'l'));
    const archive = join(folder(), 'a.tar');
    tar('--create', '--file', archive, '--directory', tree, '.');
    const into = folder();
    const stop = AbortSignal.abort(new Error('stopping'));
    await expect(extractArchive({ archive, into: Buffer.from(into), keepsOwners: false, signal: stop })).rejects.toThrow('stopping');
    rmSync(archive);
  });
});

import { execFileSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { removeTree } from '@fortfail/source';
import { describe, expect, it, onTestFinished } from 'vitest';
import { extendedRecord } from './extended-header.ts';
import { extractArchive } from './extract-archive.ts';
import { type ArchiveLimits, archiveLimits, caseClashes, EntryJudge, entryParts } from './judge-entries.ts';
import { endOfArchive, fill, type NewEntry, writeHeader } from './write-header.ts';

const never = new AbortController().signal;

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'fortfail-hostile-'));
  onTestFinished(() => removeTree(Buffer.from(path)));
  return path;
}

const plain = {
  mode: 0o644,
  uid: 0,
  gid: 0,
  user: '',
  group: '',
  mtimeNs: 0n,
  sizeBytes: 0,
  linkTarget: '',
  device: { major: 1, minor: 3 },
  attributes: [],
};

function header(path: string, type: NewEntry['type'], more: Partial<NewEntry> = {}): Buffer {
  return writeHeader({ ...plain, path, type, ...more });
}

function file(path: string, text = 'x', more: Partial<NewEntry> = {}): Buffer {
  const content = Buffer.from(text);
  return Buffer.concat([header(path, 'file', { sizeBytes: content.length, ...more }), content, fill(content.length)]);
}

/** An extended header with what no writer of ours would put there. */
function extended(...records: readonly (readonly [string, string])[]): Buffer {
  const body = Buffer.concat(records.map(([key, value]) => extendedRecord(key, value)));
  const block = header('PaxHeader', 'file', { sizeBytes: body.length });
  return Buffer.concat([withFlag(block, 'x'), body, fill(body.length)]);
}

function withFlag(bytes: Buffer, flag: string): Buffer {
  const changed = Buffer.from(bytes);
  changed.write(flag, 156, 'latin1');
  changed.write('        ', 148, 'latin1');
  const sum = changed.subarray(0, 512).reduce((total, byte) => total + byte, 0);
  changed.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return changed;
}

const link = (path: string, linkTarget: string): Buffer => header(path, 'symlink', { linkTarget });
const hardLink = (path: string, linkTarget: string): Buffer => header(path, 'hard-link', { linkTarget });

function place(bytes: Buffer): { readonly archive: string; readonly outside: string; readonly into: string } {
  const outside = folder();
  const [archive, into] = [join(outside, 'a.tar'), join(outside, 'into')];
  writeFileSync(archive, bytes);
  mkdirSync(into, { mode: 0o700 });
  return { archive, outside, into };
}

async function extract(parts: readonly Buffer[], limits: ArchiveLimits = archiveLimits) {
  const body = Buffer.concat(parts);
  const { archive, into, outside } = place(Buffer.concat([body, endOfArchive(body.length)]));
  const found = await extractArchive({ archive, into: Buffer.from(into), keepsOwners: false, signal: never, limits });
  return { into, outside, found };
}

const hostile = { kind: 'denied', code: 'hostile-archive' };

describe('a hostile archive', () => {
  const out = join(tmpdir(), 'fortfail-outside');

  it.each<readonly [string, readonly Buffer[]]>([
    ['an absolute path', [file(out)]],
    ['a path that climbs out', [file('../fortfail-outside')]],
    ['a path that climbs out from within', [file('a/b/../../../fortfail-outside')]],
    ['a path that is only two dots', [header('..', 'folder')]],
    ['a path that climbs out in an extended header', [extended(['path', '../fortfail-outside']), file('harmless')]],
    ['a name with NUL', [extended(['path', 'a\0b']), file('harmless')]],
    ['a file through a link that leads out', [link('a', tmpdir()), file('a/fortfail-outside')]],
    ['a file through a link that stays inside', [header('d/', 'folder'), link('a', 'd'), file('a/b')]],
    ['a folder through a link', [link('a', tmpdir()), header('a/fortfail-outside/', 'folder')]],
    ['a folder in place of a link', [link('a', tmpdir()), header('a/', 'folder')]],
    ['a link through a link', [link('a', tmpdir()), link('a/fortfail-outside', 'x')]],
    ['a hard link to an absolute path', [hardLink('a', '/etc/passwd')]],
    ['a hard link that climbs out', [hardLink('a', '../../etc/passwd')]],
    ['a hard link through a link', [link('a', '/etc'), hardLink('b', 'a/passwd')]],
    ['more folders than anybody needs', [file(`${'d/'.repeat(256)}f`)]],
    ['a longer path than the system takes', [file(`${'d'.repeat(250)}/`.repeat(15))]],
    ['a longer name than file systems take', [file('n'.repeat(256))]],
  ])('with %s is refused as a whole', async (_name, parts) => {
    await expect(extract([file('first'), ...parts])).rejects.toMatchObject(hostile);
    expect(existsSync(out)).toBe(false);
  });

  it.each<readonly [string, readonly Buffer[]]>([
    ['a hard link to a file that it does not have', [hardLink('a', 'gone')]],
    ['a file in place of a folder', [header('a/', 'folder'), file('a')]],
    ['a link in place of a folder with something in it', [file('a/b'), link('a', 'c')]],
    ['a size that is no number', [extended(['size', '-5']), file('a')]],
    ['a size beyond its end', [header('a', 'file', { sizeBytes: 50_000 })]],
    ['an extended header out of shape', [withFlag(file('x', '99999 path=a\n'), 'x'), file('a')]],
    ['a map of holes that overlaps', [extended(['GNU.sparse.map', '0,5,3,5'], ['GNU.sparse.size', '100']), file('a', '0123456789')]],
    ['a map of holes beyond the file', [extended(['GNU.sparse.map', '0,10'], ['GNU.sparse.size', '5']), file('a', '0123456789')]],
    ['a map of holes of more than it has', [extended(['GNU.sparse.map', '0,90'], ['GNU.sparse.size', '90']), file('a', '0123456789')]],
  ])('with %s is refused as a whole', async (_name, parts) => {
    await expect(extract([file('first'), ...parts])).rejects.toMatchObject({
      message: expect.stringMatching(/^unable to (read|restore from) the archive: /),
    });
  });

  it('that is a bomb is noticed while it unpacks', async () => {
    const zeros = Buffer.alloc(40 * 1024 * 1024);
    const body = Buffer.concat([header('bomb', 'file', { sizeBytes: zeros.length }), zeros]);
    const { archive, into } = place(gzipSync(Buffer.concat([body, endOfArchive(body.length)])));
    await expect(extractArchive({ archive, into: Buffer.from(into), keepsOwners: false, signal: never })).rejects.toMatchObject(hostile);
    expect(statSync(join(into, 'bomb')).size).toBeLessThan(20 * 1024 * 1024);
  });

  it('that has too many entries, bytes or names to remember is refused', async () => {
    const limits = { ...archiveLimits, entries: 2 };
    await expect(extract([file('a'), file('b'), file('c')], limits)).rejects.toMatchObject(hostile);
    await expect(extract([file('a', '12345'), file('b', '12345')], { ...archiveLimits, totalBytes: 9 })).rejects.toMatchObject(hostile);
    const hole = [extended(['GNU.sparse.map', '0,1'], ['GNU.sparse.size', '9000000000000000']), file('a', 'x')];
    await expect(extract(hole)).rejects.toMatchObject(hostile);
    const folders = Array.from({ length: 20 }, (_, index) => header(`folder-${index}/`, 'folder'));
    await expect(extract(folders, { ...archiveLimits, keptNameBytes: 100 })).rejects.toMatchObject(hostile);
  });

  it('does not write through a link that another program puts in its way', async () => {
    const { into, outside } = place(Buffer.alloc(0));
    const body = Buffer.concat([file('a/one'), file('a/two')]);
    const archive = join(outside, 'b.tar');
    writeFileSync(archive, Buffer.concat([body, endOfArchive(body.length)]));
    mkdirSync(join(outside, 'elsewhere'));
    symlinkSync(join(outside, 'elsewhere'), join(into, 'a'));
    await expect(extractArchive({ archive, into: Buffer.from(into), keepsOwners: false, signal: never })).rejects.toMatchObject(hostile);
    expect(readdirSync(join(outside, 'elsewhere'))).toEqual([]);
  });
});

describe('an odd but honest archive', () => {
  it('may have names with two dots in them, and a name twice, of which the last holds', async () => {
    const { into, found } = await extract([
      file('a..b', 'dots'),
      file('...', 'three'),
      file('..c/d', 'in'),
      file('twice', 'old'),
      file('twice', 'new'),
    ]);
    expect(['a..b', '...', '..c/d', 'twice'].map((name) => readFileSync(join(into, name), 'utf8'))).toEqual(['dots', 'three', 'in', 'new']);
    expect(found).toMatchObject({ files: 4, leftOutCount: 0 });
  });

  it('loses devices, pipes, unknown kinds, links that lead out and powers, and says so', async () => {
    const { into, found } = await extract([
      header('null', 'char-device'),
      header('disk', 'block-device'),
      header('pipe', 'fifo'),
      withFlag(file('label', 'body'), 'V'),
      link('out', '/etc/passwd'),
      link('up', '../x'),
      extended(['SCHILY.xattr.security.capability', 'power']),
      file('suid', 'x', { mode: 0o6755 }),
      header('sgid/', 'folder', { mode: 0o2775 }),
    ]);
    expect(readdirSync(into).sort()).toEqual(['sgid', 'suid']);
    expect([statSync(join(into, 'suid')).mode & 0o7777, statSync(join(into, 'sgid')).mode & 0o7777]).toEqual([0o755, 0o775]);
    expect(found.leftOut.map(({ path }) => path).sort()).toEqual(['disk', 'label', 'null', 'out', 'pipe', 'suid', 'up']);
  });

  it('reports names that differ only in case or composition, and keeps both', async () => {
    const { into, found } = await extract([file('d/Name'), file('d/name'), file('d/\xc3\xa9'), file('d/e\xcc\x81'), file('d/other')]);
    expect(readdirSync(join(into, 'd'))).toHaveLength(5);
    expect([...found.caseClashes].sort()).toEqual(['d/Name', 'd/e\u0301', 'd/name', 'd/\u00e9']);
    expect(caseClashes(['a', 'b'])).toEqual([]);
  });

  it('has its links made last, also those that lead nowhere, in circles, or to links', async () => {
    const { into, found } = await extract([
      link('to-later', 'd/file'),
      link('nowhere', 'gone'),
      link('circle', 'circle'),
      link('d/back', '../d/file'),
      hardLink('also-link', 'to-later'),
      file('d/file', 'hello'),
      hardLink('d/second', './d/file'),
    ]);
    expect(readFileSync(join(into, 'to-later'), 'utf8')).toBe('hello');
    expect([readlinkSync(join(into, 'nowhere')), readlinkSync(join(into, 'also-link'))]).toEqual(['gone', 'd/file']);
    expect(lstatSync(join(into, 'd/second')).ino).toBe(lstatSync(join(into, 'd/file')).ino);
    expect(found).toMatchObject({ links: 6, leftOutCount: 0 });
  });

  it('keeps only links that really stay inside, whichever links they pass', async () => {
    const { into, found } = await extract([
      header('p/q/r/', 'folder'),
      link('p/q/r/up', '../../..'),
      link('escape', 'p/q/r/up/../x'),
      link('fine', 'p/q/r/up/y'),
      file('y'),
    ]);
    expect(found.leftOut.map(({ path }) => path)).toEqual(['escape']);
    expect(readdirSync(into).sort()).toEqual(['fine', 'p', 'y']);
  });

  it('is what stock tar makes of the same files again, whoever packed it', async () => {
    const source = folder();
    mkdirSync(join(source, 'x..y'));
    writeFileSync(join(source, 'x..y', `${'long-name-'.repeat(24)}`), 'long');
    symlinkSync('x..y', join(source, 'link'));
    const archive = join(folder(), 'a.tar');
    execFileSync('tar', ['-C', source, '-czf', archive, '.']);
    const into = folder();
    await extractArchive({ archive, into: Buffer.from(into), keepsOwners: false, signal: never });
    expect(execFileSync('diff', ['-r', source, into], { encoding: 'utf8' })).toBe('');
  });
});

describe('the judge of entries', () => {
  it.each(['a..b', '..a', 'a..', '...', 'a/..b/c', './a', 'a//b', 'a/./b', ' '])('takes %j', (path) => {
    expect(entryParts(path)).toEqual(path.split('/').filter((part) => part !== '' && part !== '.'));
  });

  it.each(['/a', '//a', '..', './..', 'a/..', '../a', 'a/../b', 'a\0'])('refuses %j', (path) => {
    expect(() => entryParts(path)).toThrow(/^unable to restore from the archive: /);
  });

  it('gives up on links that are too tangled to be looked through', () => {
    const judge = new EntryJudge();
    const target = 'a/'.repeat(1700);
    for (let index = 0; index < 2000; index += 1) {
      judge.judge({
        path: `l${index}`,
        type: 'symlink',
        linkTarget: target,
        mode: 0,
        uid: 0,
        gid: 0,
        mtimeNs: 0n,
        sizeBytes: 0,
        attributes: [],
        regions: undefined,
      });
    }
    expect(() => judge.symlinks()).toThrow(/too tangled/);
  });
});

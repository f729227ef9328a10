import { chmodSync, existsSync, mkdirSync, rmSync, symlinkSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { listenAt, makeNastyTree, runAsNobody } from '../testing/index.ts';
import { temporaryFolder } from '../testing/temporary-folder.ts';
import { ExcludeMatcher } from './exclude-matcher.ts';
import { cacheFolderTag, parseFolderTag } from './exclude-rules.ts';
import { pathText } from './path.ts';
import { existingTargets, type WalkEvent, type WalkOptions, walk } from './walk.ts';

function show(event: WalkEvent, folder: string): string {
  const path = pathText(event.path).replace(folder, '');
  if (event.kind === 'error') return `error ${event.error.code} ${path}`;
  return event.kind === 'skipped' ? `${event.reason} ${path}` : `${event.kind} ${path}`;
}

function walked(folder: string, options: Partial<WalkOptions> = {}): string[] {
  return Array.from(walk({ targets: ['.'], workingFolder: folder, ...options }), (event) => show(event, folder));
}

function makeFiles(folder: string, files: readonly string[]): void {
  for (const file of files) {
    if (file.includes('/')) mkdirSync(`${folder}/${file.slice(0, file.lastIndexOf('/'))}`, { recursive: true });
    if (!file.endsWith('/')) writeFileSync(`${folder}/${file}`, file);
  }
}

describe('walk', () => {
  it('goes in the order of the bytes, folders around their entries', () => {
    const folder = temporaryFolder();
    makeFiles(folder, ['b/x', 'b/y/z', 'b.txt', 'B', 'a/', 'ä']);
    expect(walked(folder)).toEqual([
      'entry /B',
      'enter /a',
      'leave /a',
      'enter /b',
      'entry /b/x',
      'enter /b/y',
      'entry /b/y/z',
      'leave /b/y',
      'leave /b',
      'entry /b.txt',
      'entry /ä',
    ]);
  });

  it('reads all metadata of every kind of entry', () => {
    const folder = temporaryFolder();
    makeNastyTree(`${folder}/tree`);
    const entries = new Map<string, WalkEvent & { kind: 'entry' }>();
    for (const event of walk({ targets: ['tree'], workingFolder: folder })) {
      if (event.kind === 'error') throw event.error;
      if (event.kind === 'entry') entries.set(event.path.toString('latin1').slice(folder.length + 6), event);
    }
    expect(entries.get('names/\xff\xfe\x80')?.metadata.name).toEqual(Buffer.from([0xff, 0xfe, 0x80]));
    expect(entries.get('times/before-1970')?.metadata).toMatchObject({ mtimeNs: -1n, atimeNs: -1n, type: 'file' });
    expect(entries.get('links/bad-bytes')?.metadata).toMatchObject({ linkTarget: Buffer.from('\xff/\x80\n', 'latin1'), mode: 0x80001ff });
    expect(entries.get('links/hard-a')?.metadata.links).toBe(3n);
    expect(entries.get('links/hard-a')?.metadata.inode).toBe(entries.get('contents/hard-c')?.metadata.inode);
    expect(entries.get('modes/fifo')?.metadata).toMatchObject({ type: 'fifo', links: 0n, mode: 2 ** 25 + 0o620 });
    expect(entries.get('modes/file-4755')?.metadata.mode).toBe(2 ** 23 + 0o755);
    expect(entries.get('contents/sparse')?.metadata.size).toBe(4_000_004n);
    if (process.getuid?.() === 0) {
      expect(entries.get('root/large-numbers')?.metadata).toMatchObject({ type: 'chardev', device: 0x56723489n, links: 1n });
      expect(entries.get('root/owner-known')?.metadata).toMatchObject({ uid: 1, user: 'daemon', group: 'daemon' });
      expect(entries.get('root/owner-large')?.metadata).toMatchObject({ uid: 4_000_000_000, user: '' });
      expect(entries.get('root/trusted')?.metadata.xattrs).toEqual([{ name: 'trusted.fortfail', value: Buffer.from('only root sees it') }]);
    }
  });

  it('shows the parents of an absolute target with their own metadata', () => {
    const folder = temporaryFolder();
    makeFiles(folder, ['a/b/file', 'a/not-this']);
    chmodSync(`${folder}/a`, 0o711);
    const events = Array.from(walk({ targets: [`${folder}/a/b`] }));
    expect(events.map((event) => show(event, folder))).toContain('enter /a/b');
    expect(events.map((event) => show(event, folder))).not.toContain('entry /a/not-this');
    const parent = events.find((event) => event.kind === 'enter' && pathText(event.path) === `${folder}/a`);
    expect(parent?.kind === 'enter' && parent.metadata.mode).toBe(2 ** 31 + 0o711);
  });

  it('takes a symbolic link to a folder among the parents for the folder, and as a target for a link', () => {
    const folder = temporaryFolder();
    makeFiles(folder, ['real/file']);
    symlinkSync('real', `${folder}/link`);
    expect(walked(folder, { targets: ['link/file'] })).toEqual(['enter /link', 'entry /link/file', 'leave /link']);
    expect(walked(folder, { targets: ['link'] })).toEqual(['entry /link']);
  });

  it('leaves out what is excluded and says so, but never a target named by the user', () => {
    const folder = temporaryFolder();
    makeFiles(folder, ['keep/a.o', 'keep/b.c', 'skip/x', 'c.o']);
    const exclude = ExcludeMatcher.of(['*.o', 'skip']);
    expect(walked(folder, { exclude })).toEqual([
      'excluded /c.o',
      'enter /keep',
      'excluded /keep/a.o',
      'entry /keep/b.c',
      'leave /keep',
      'excluded /skip',
    ]);
    expect(walked(folder, { exclude, targets: ['c.o', 'keep'] })[0]).toBe('entry /c.o');
    expect(walked(folder, { exclude, targets: ['skip'] })).toEqual(['enter /skip', 'excluded /skip/x', 'leave /skip']);
  });

  it('leaves out the contents of tagged folders but keeps the tag', () => {
    const folder = temporaryFolder();
    makeFiles(folder, ['cache/CACHEDIR.TAG', 'cache/data', 'cache/sub/x', 'fake/CACHEDIR.TAG', 'fake/data', 'no/.nobackup', 'no/data']);
    writeFileSync(`${folder}/cache/CACHEDIR.TAG`, 'Signature: 8a477f597d28d172789f06886806bc55\n# more');
    const excludeIfPresent = [parseFolderTag(cacheFolderTag), parseFolderTag('.nobackup')];
    expect(walked(folder, { excludeIfPresent })).toEqual([
      'enter /cache',
      'entry /cache/CACHEDIR.TAG',
      'excluded /cache/data',
      'excluded /cache/sub',
      'leave /cache',
      'enter /fake',
      'entry /fake/CACHEDIR.TAG',
      'entry /fake/data',
      'leave /fake',
      'enter /no',
      'entry /no/.nobackup',
      'excluded /no/data',
      'leave /no',
    ]);
    expect(() => parseFolderTag(':x')).toThrow('the name of the file is empty');
  });

  it('leaves out files larger than the limit', () => {
    const folder = temporaryFolder();
    makeFiles(folder, ['small', 'limit', 'large']);
    truncateSync(`${folder}/limit`, 1000);
    truncateSync(`${folder}/large`, 1001);
    expect(walked(folder, { excludeLargerThanBytes: 1000 })).toEqual(['excluded /large', 'entry /limit', 'entry /small']);
  });

  it('stays on the file system of its target and keeps mount points as empty folders', () => {
    const events = Array.from(walk({ targets: ['/'], oneFileSystem: true, exclude: ExcludeMatcher.of(['/*/*/*']) }), (event) =>
      show(event, ''),
    );
    expect(events).toContain('enter /proc');
    expect(events[events.indexOf('enter /proc') + 1]).toMatch(/^(excluded|vanished) \/proc\//);
    expect(events.filter((event) => /^(entry|enter) \/proc\//.test(event))).toEqual([]);
    expect(Array.from(walk({ targets: ['/proc/sys/kernel/ostype'], oneFileSystem: true }), (event) => show(event, ''))).toContain(
      'entry /proc/sys/kernel/ostype',
    );
  });

  it('skips sockets', async () => {
    const folder = temporaryFolder();
    const server = await listenAt(`${folder}/socket`);
    expect(walked(folder)).toEqual(['skipped /socket'.replace('skipped', 'socket')]);
    await new Promise((resolve) => server.close(resolve));
  });

  it('passes over what vanishes while it walks, but names a target that is missing', () => {
    const folder = temporaryFolder();
    makeFiles(folder, ['a', 'b', 'c/x']);
    const shown: string[] = [];
    for (const event of walk({ targets: ['.'], workingFolder: folder })) {
      shown.push(show(event, folder));
      if (shown.length === 1) {
        unlinkSync(`${folder}/b`);
        rmSync(`${folder}/c`, { recursive: true });
      }
    }
    expect(shown).toEqual(['entry /a', 'vanished /b', 'vanished /c']);
    expect(walked(folder, { targets: ['gone', 'a', 'no/where'] })).toEqual(['entry /a', 'error missing /gone', 'error missing /no']);
    const check = existingTargets(['a', 'gone', ''], folder);
    expect(check.existing.map(String)).toEqual(['a']);
    expect(check.missing.map(({ error }) => error.message)).toEqual([
      "unable to read target 'gone': it does not exist",
      'unable to read the empty path',
    ]);
  });

  it('names what an ordinary user cannot read and goes on', () => {
    const folder = temporaryFolder();
    chmodSync(folder, 0o755);
    makeFiles(folder, ['closed/x', 'listable/x', 'open', 'secret']);
    chmodSync(`${folder}/closed`, 0o000);
    chmodSync(`${folder}/listable`, 0o744);
    chmodSync(`${folder}/secret`, 0o000);
    const code = `
      import { openForRead, walk } from '@fortfail/source';
      const shown = [];
      for (const event of walk({ targets: ['.'], workingFolder: ${JSON.stringify(folder)} })) {
        shown.push(event.kind + ' ' + event.path.toString().slice(${folder.length}) + (event.kind === 'error' ? ' ' + event.error.kind : ''));
      }
      try { openForRead(Buffer.from(${JSON.stringify(`${folder}/secret`)})); } catch (error) { shown.push(error.code); }
      console.log(JSON.stringify(shown));`;
    expect(runAsNobody(code)).toEqual([
      'error /closed denied',
      ...(process.getuid?.() === 0
        ? ['enter /listable', 'error /listable/x denied', 'leave /listable']
        : ['enter /listable', 'entry /listable/x', 'leave /listable']),
      'entry /open',
      'entry /secret',
      'EACCES',
    ]);
    chmodSync(`${folder}/closed`, 0o700);
  });

  it('walks 100,000 entries in one folder, in order', () => {
    const folder = temporaryFolder(existsSync('/dev/shm') ? '/dev/shm' : undefined);
    for (let i = 0; i < 100_000; i += 1) symlinkSync('x', `${folder}/${(i * 7919) % 100_000}`);
    let previous: Buffer = Buffer.alloc(0);
    let count = 0;
    for (const event of walk({ targets: ['.'], workingFolder: folder })) {
      if (event.kind !== 'entry') throw new Error(event.kind);
      if (Buffer.compare(previous, event.metadata.name) >= 0) throw new Error('not ascending');
      previous = event.metadata.name;
      count += 1;
    }
    expect(count).toBe(100_000);
  });
});

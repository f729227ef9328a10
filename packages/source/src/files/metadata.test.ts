import { closeSync, mkdirSync, openSync, symlinkSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../testing/temporary-folder.ts';
import { applyMetadata } from './apply-metadata.ts';
import { compareMetadata } from './compare.ts';
import { HardLinkIndex } from './hard-links.ts';
import { type FileMetadata, readMetadata } from './metadata.ts';
import { goMode, nodeTypeOf, unixPermissions } from './mode.ts';
import { OwnerNames } from './names.ts';
import { decideOverwrite } from './overwrite.ts';

const names = new OwnerNames();

describe('modes', () => {
  it('converts as Go does, both ways', () => {
    expect(goMode(0o040755)).toBe(2147484141);
    expect(goMode(0o120777)).toBe(134218239);
    expect(goMode(0o020644)).toBe(69206436);
    expect(goMode(0o100000)).toBe(0);
    expect(goMode(0o107777)).toBe(2 ** 23 + 2 ** 22 + 2 ** 20 + 0o777);
    for (const permissions of [0, 0o644, 0o7777, 0o4755, 0o2750, 0o1777]) {
      expect(unixPermissions(goMode(0o100000 | permissions))).toBe(permissions);
      expect(unixPermissions(goMode(0o040000 | permissions))).toBe(permissions);
    }
    expect([0o100000, 0o040000, 0o120000, 0o060000, 0o020000, 0o010000, 0o140000, 0o150000].map(nodeTypeOf)).toEqual([
      'file',
      'dir',
      'symlink',
      'dev',
      'chardev',
      'fifo',
      'socket',
      'irregular',
    ]);
  });
});

describe('OwnerNames', () => {
  it('takes the first line of an id, ignores faulty lines and lives without the files', () => {
    const folder = temporaryFolder();
    writeFileSync(`${folder}/passwd`, 'root:x:0:0::/:/bin/sh\ntoor:x:0:0::/:/bin/sh\n#c:x:5:5\nbroken\nann:x:1000:1000::/:\n');
    const own = new OwnerNames({ passwd: `${folder}/passwd`, group: `${folder}/none` });
    expect([own.user(0), own.user(5), own.user(1000), own.user(7), own.group(0)]).toEqual(['root', '', 'ann', '', '']);
    expect([own.uid('toor'), own.uid('nobody-here'), own.gid('root')]).toEqual([0, undefined, undefined]);
  });
});

describe('compareMetadata', () => {
  const base: FileMetadata = {
    name: Buffer.from('x'),
    type: 'file',
    mode: 0o644,
    mtimeNs: 1n,
    atimeNs: 1n,
    ctimeNs: 1n,
    uid: 1,
    gid: 2,
    user: '',
    group: '',
    inode: 1n,
    deviceId: 1n,
    size: 3n,
    links: 1n,
    linkTarget: undefined,
    xattrs: [{ name: 'user.a', value: Buffer.from('1') }],
    device: 0n,
  };

  it('says nothing of equal entries, though inode and change time differ', () => {
    const other: FileMetadata = { ...base, inode: 9n, ctimeNs: 9n, atimeNs: 9n, deviceId: 4n };
    expect(compareMetadata(base, other)).toEqual([]);
  });

  it('says in words what differs', () => {
    const found: FileMetadata = {
      ...base,
      mode: 2 ** 23 + 0o600,
      mtimeNs: -1n,
      uid: 5,
      size: 4n,
      xattrs: [{ name: 'user.b', value: Buffer.from('') }],
    };
    expect(compareMetadata(base, found)).toEqual([
      'mode is 4600, should be 0644',
      'user is 5, should be 1',
      'modification time is -0.000000001 s, should be 0.000000001 s',
      'size is 4, should be 3',
      'extended attribute user.a is missing',
      'extended attribute user.b is too much',
    ]);
    expect(compareMetadata(base, found, { owner: false, xattrs: false })).toHaveLength(3);
    expect(compareMetadata(base, { ...base, type: 'dir' })).toEqual(['type is dir, should be file']);
    const link: FileMetadata = { ...base, type: 'symlink', linkTarget: Buffer.from('a') };
    expect(compareMetadata(link, { ...link, mode: 0, linkTarget: Buffer.from([0xff]) })).toEqual(["link target is '\\xff', should be 'a'"]);
    const device: FileMetadata = { ...base, type: 'dev', device: 5n };
    expect(compareMetadata(device, { ...device, device: 6n })).toEqual(['device number is 6, should be 5']);
    expect(compareMetadata(base, { ...base, xattrs: [{ name: 'user.a', value: Buffer.from('2') }] })).toEqual([
      'extended attribute user.a has another value',
    ]);
  });
});

describe('HardLinkIndex', () => {
  const file = { type: 'file', inode: 5n, deviceId: 1n, links: 2n, size: 1n };

  it('links files of one true inode with equal contents', () => {
    const index = new HardLinkIndex<string>();
    expect(index.masterOf(file, 'a', '/1')).toBeUndefined();
    expect(index.masterOf(file, 'a', '/2')).toBe('/1');
    expect(index.masterOf(file, 'b', '/3')).toBeUndefined();
    expect(index.masterOf({ ...file, deviceId: 2n }, 'a', '/4')).toBeUndefined();
  });

  it('never links without an inode, a single file, or what is no file', () => {
    const index = new HardLinkIndex<string>();
    for (const candidate of [
      { ...file, inode: 0n },
      { ...file, links: 1n },
      { ...file, type: 'symlink' },
    ]) {
      expect(index.masterOf(candidate, 'a', '/1')).toBeUndefined();
      expect(index.masterOf(candidate, 'a', '/2')).toBeUndefined();
    }
  });
});

describe('decideOverwrite', () => {
  it('enters folders under every policy and writes what is not there', () => {
    const folder = temporaryFolder();
    const recorded = readMetadata(Buffer.from(folder), { names });
    for (const policy of ['always', 'if-changed', 'if-newer', 'never'] as const) {
      expect(decideOverwrite(policy, recorded, undefined)).toBe('write');
    }
  });
});

describe('applyMetadata', () => {
  it('uses names of this machine for owners when asked, and names those unknown', () => {
    const folder = temporaryFolder();
    mkdirSync(`${folder}/x`);
    const own = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
    writeFileSync(`${folder}/passwd`, `ann:x:${own.uid}:1:::\n`);
    writeFileSync(`${folder}/group`, `staff:x:${own.gid}:\n`);
    const ownershipByName = new OwnerNames({ passwd: `${folder}/passwd`, group: `${folder}/group` });
    const path = Buffer.from(`${folder}/x`);
    const metadata = { ...readMetadata(path, { names }), uid: 77, gid: 78 };
    const failures: string[] = [];
    const options = { ownershipByName, onFailure: ({ error }: { error: Error }) => failures.push(error.message) };
    applyMetadata(path, undefined, { ...metadata, user: 'ann', group: 'staff' }, options);
    expect(failures).toEqual([]);
    expect(readMetadata(path, { names })).toMatchObject(own);
    applyMetadata(path, undefined, { ...metadata, ...own, user: 'bob', group: 'staff' }, options);
    expect(failures).toEqual(["unable to find user 'bob' on this machine"]);
  });

  it('works through a descriptor and on a link itself', () => {
    const folder = temporaryFolder();
    const path = Buffer.from(`${folder}/file`);
    writeFileSync(path, 'x');
    symlinkSync('file', `${folder}/link`);
    const failures: unknown[] = [];
    const onFailure = (failure: unknown): number => failures.push(failure);
    const fd = openSync(path, 'r+');
    const recorded: FileMetadata = {
      ...readMetadata(path, { names }),
      mode: 2 ** 22 + 0o511,
      mtimeNs: -5n,
      atimeNs: 7n,
      xattrs: [{ name: 'user.x', value: Buffer.from('') }],
    };
    applyMetadata(path, fd, recorded, { onFailure });
    closeSync(fd);
    const link = Buffer.from(`${folder}/link`);
    const recordedLink = { ...readMetadata(link, { names }), mtimeNs: -1_000_000_001n };
    applyMetadata(link, undefined, recordedLink, { onFailure });
    expect(failures).toEqual([]);
    expect(compareMetadata(recorded, readMetadata(path, { names }))).toEqual([]);
    expect(compareMetadata(recordedLink, readMetadata(link, { names }))).toEqual([]);
    expect(readMetadata(path, { names, withAtime: true }).atimeNs).toBe(7n);
  });
});

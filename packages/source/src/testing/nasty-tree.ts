import { chmodSync, chownSync, closeSync, lchownSync, linkSync, mkdirSync, openSync, symlinkSync, writeFileSync, writeSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { makeDevice, makeFifo } from '../system/special-files.ts';
import { systemErrorCode } from '../system/system-error.ts';
import { setTimes } from '../system/times.ts';
import { setXattr } from '../system/xattrs.ts';

export interface NastyTreeOptions {
  /** What only root can make or read: a file of mode 000, owners, devices, trusted attributes, capabilities. By default when running as root. */
  readonly privileged?: boolean;
  /** Attributes on symbolic links (only `trusted.` are possible there), which restic before 0.16 does not keep. */
  readonly linkXattrs?: boolean;
}

const second = 1_000_000_000n;

/** POSIX ACLs as the kernel takes them: version 2, then tag, permissions and id of each entry. */
function acl(entries: readonly (readonly [tag: number, permissions: number, id: number])[]): Buffer {
  const bytes = Buffer.alloc(4 + 8 * entries.length);
  bytes.writeUInt32LE(2, 0);
  for (const [index, [tag, permissions, id]] of entries.entries()) {
    bytes.writeUInt16LE(tag, 4 + 8 * index);
    bytes.writeUInt16LE(permissions, 6 + 8 * index);
    bytes.writeUInt32LE(id, 8 + 8 * index);
  }
  return bytes;
}

const noId = 0xffffffff;
const someAcl = acl([
  [0x01, 6, noId],
  [0x02, 4, 1234],
  [0x04, 4, noId],
  [0x10, 4, noId],
  [0x20, 0, noId],
]);

/** Sets an attribute; false where the file system (tmpfs before Linux 6.6, overlays) does not take it. */
function trySetXattr(path: Buffer, name: string, value: Uint8Array): boolean {
  try {
    setXattr(path, name, value);
    return true;
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === 'ENOTSUP' || code === 'EOPNOTSUPP' || code === 'ENOSPC' || code === 'EPERM') return false;
    throw error;
  }
}

class TreeMaker {
  readonly #root: Buffer;

  constructor(root: Buffer) {
    this.#root = root;
  }

  /** `place` holds one character per byte. */
  path(place: string): Buffer {
    return Buffer.concat([this.#root, Buffer.from(`/${place}`, 'latin1')]);
  }

  folder(place: string, mode = 0o755): Buffer {
    const path = this.path(place);
    mkdirSync(path);
    chmodSync(path, mode);
    return path;
  }

  file(place: string, contents: string | Uint8Array = place, mode = 0o644): Buffer {
    const path = this.path(place);
    writeFileSync(path, contents);
    chmodSync(path, mode);
    return path;
  }

  link(place: string, target: string): Buffer {
    const path = this.path(place);
    symlinkSync(Buffer.from(target, 'latin1'), path);
    return path;
  }
}

/** Bytes that neither compress nor repeat and are equal on each run. */
function noise(length: number, seed: number): Buffer {
  const bytes = Buffer.alloc(length);
  let state = seed | 1;
  for (let i = 0; i < length; i += 1) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[i] = state & 0xff;
  }
  return bytes;
}

function makeNames(make: TreeMaker): void {
  make.folder('names');
  for (const name of [
    '\xff\xfe\x80',
    'new\nline',
    'quote"back\\slash',
    ' lead and trail ',
    "<&>'",
    '\x01\x1b[31m',
    '-rf',
    '...',
    '~',
    '*?[a]',
  ]) {
    make.file(`names/${name}`);
  }
  // UTF-8 of a letter with its mark composed and apart, an emoji, a line separator, a byte order mark.
  for (const name of ['\xc3\xa9', 'e\xcc\x81', '\xf0\x9f\x98\x80', '\xe2\x80\xa8', '\xef\xbb\xbf', '\xed\xa0\x80'])
    make.file(`names/${name}`);
  make.file(`names/${'n'.repeat(255)}`);
  make.folder('names/\xfffolder');
  make.file('names/\xfffolder/\x80inside');
}

function makeContents(make: TreeMaker): void {
  make.folder('contents');
  make.file('contents/empty', '');
  make.folder('contents/empty-folder');
  make.file('contents/one-byte', '\0');
  make.file('contents/small', noise(1000, 1));
  make.file('contents/large', noise(3_000_000, 2));
  make.file('contents/same-as-large', noise(3_000_000, 2));
  make.file('contents/zeros', Buffer.alloc(1_200_000));
  const sparse = openSync(make.path('contents/sparse'), 'w', 0o640);
  try {
    writeSync(sparse, noise(5000, 3), 0, 5000, 1_000_000);
    writeSync(sparse, Buffer.from('end'), 0, 3, 4_000_001);
  } finally {
    closeSync(sparse);
  }
  make.folder('contents/deep');
  let place = 'contents/deep';
  for (let depth = 0; depth < 30; depth += 1) {
    place += `/${depth}`;
    make.folder(place);
  }
  make.file(`${place}/bottom`);
}

function makeLinks(make: TreeMaker): void {
  make.folder('links');
  make.link('links/relative', '../contents/small');
  make.link('links/absolute', '/etc/hostname');
  make.link('links/dangling', 'nowhere');
  make.link('links/to-folder', '../contents');
  make.link('links/bad-bytes', '\xff/\x80\n');
  make.link('links/itself', 'itself');
  const original = make.file('links/hard-a', 'one file, three names');
  linkSync(original, make.path('links/hard-b'));
  linkSync(original, make.path('contents/hard-c'));
  linkSync(make.file('links/other-a', 'another file'), make.path('links/other-b'));
}

function makeModes(make: TreeMaker): void {
  make.folder('modes');
  for (const mode of [0o400, 0o644, 0o777, 0o4755, 0o2755, 0o1644, 0o6711]) make.file(`modes/file-${mode.toString(8)}`, 'x', mode);
  for (const mode of [0o700, 0o1777, 0o2775, 0o500]) make.folder(`modes/folder-${mode.toString(8)}`, mode);
  makeFifo(make.path('modes/fifo'));
  chmodSync(make.path('modes/fifo'), 0o620);
}

function makeXattrs(make: TreeMaker): void {
  const folder = make.folder('xattrs');
  const file = make.file('xattrs/file');
  if (trySetXattr(file, 'user.text', Buffer.from('value'))) {
    trySetXattr(file, 'user.bytes', Buffer.from([0, 255, 10, 0]));
    trySetXattr(file, 'user.empty', Buffer.alloc(0));
    trySetXattr(file, 'user.name with spaces', Buffer.alloc(1000, 7));
    trySetXattr(folder, 'user.of-folder', Buffer.from('folder'));
  }
  const listed = make.file('xattrs/acl', 'acl', 0o640);
  trySetXattr(listed, 'system.posix_acl_access', someAcl);
  trySetXattr(make.folder('xattrs/default-acl'), 'system.posix_acl_default', someAcl);
}

function makePrivileged(make: TreeMaker, options: NastyTreeOptions): void {
  make.folder('root');
  make.file('root/mode-000', 'only root reads this', 0o000);
  for (const [name, uid, gid] of [
    ['known', 1, 1],
    ['unknown', 54321, 54322],
    ['large', 4_000_000_000, 4_000_000_001],
  ] as const) {
    chownSync(make.file(`root/owner-${name}`), uid, gid);
  }
  const owned = make.file('root/owned-setuid', 'x');
  chownSync(owned, 65534, 65534);
  chmodSync(owned, 0o6755);
  lchownSync(make.link('root/owned-link', 'nowhere'), 12, 34);
  makeDevice(make.path('root/null'), 'chardev', 0x103n);
  makeDevice(make.path('root/large-numbers'), 'chardev', 0x56723489n);
  makeDevice(make.path('root/disk'), 'dev', 0x801n);
  chmodSync(make.path('root/disk'), 0o660);
  trySetXattr(make.file('root/trusted'), 'trusted.fortfail', Buffer.from('only root sees it'));
  // cap_net_raw, permitted and effective, version 2.
  trySetXattr(make.file('root/capable', 'x', 0o755), 'security.capability', Buffer.from('0100000200200000000000000000000000000000', 'hex'));
  const link = make.link('root/link-with-attribute', 'nowhere');
  if (options.linkXattrs !== false) trySetXattr(link, 'trusted.on-link', Buffer.from('link'));
}

function makeTimes(make: TreeMaker): void {
  const folder = make.folder('times');
  const times: readonly (readonly [string, bigint])[] = [
    ['nanoseconds', 1_700_000_000n * second + 123_456_789n],
    ['before-1970', -1n],
    ['long-before-1970', -86_400n * 365n * 20n * second + 999_999_999n],
    ['epoch', 0n],
    ['after-2038', 2_200_000_000n * second + 1n],
    ['whole-second', 1_600_000_000n * second],
  ];
  for (const [name, time] of times) {
    setTimes(make.file(`times/${name}`), time, time);
    setTimes(make.link(`times/${name}-link`, name), time + 7n, time + 7n);
    const inner = make.folder(`times/${name}-folder`);
    make.file(`times/${name}-folder/inner`);
    setTimes(inner, time, time);
  }
  setTimes(folder, 5n, 1_234_567_890_123_456_789n);
}

/**
 * Makes a folder that holds every kind of entry a backup must keep: names that are no UTF-8, holes, hard links, links
 * with odd targets, all special modes, times before 1970 and to the nanosecond, attributes and ACLs where the file
 * system takes them, and as root also a file nobody may read, owners, devices, `trusted.` attributes and capabilities. The folder must not
 * exist. `removeTree` takes it away again.
 */
export function makeNastyTree(folder: string | Uint8Array, options: NastyTreeOptions = {}): void {
  const root = Buffer.from(folder);
  mkdirSync(root, { mode: 0o755 });
  const make = new TreeMaker(root);
  makeNames(make);
  makeContents(make);
  makeLinks(make);
  makeModes(make);
  makeXattrs(make);
  if (options.privileged ?? process.getuid?.() === 0) makePrivileged(make, options);
  makeTimes(make);
  setTimes(root, 1_111_111_111_111_111_111n, 1_111_111_111_111_111_111n);
}

/** Puts a listening socket at `path`, which backups leave out. Ends with the server. */
export function listenAt(path: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(path, () => resolve(server));
  });
}

import { createHash } from 'node:crypto';
import { closeSync, lstatSync, readSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import { FortFailError, formatBytes, toHex } from '@fortfail/base';
import { type FileMetadata, fileError, OwnerNames, openForRead, pathText, systemErrorCode, unixPermissions, walk } from '@fortfail/source';
import { type ByteText, byteText } from './tar-entry.ts';
import { endOfArchive, fill, type NewEntry, writeHeader } from './write-header.ts';

export interface NotRead {
  readonly path: string;
  readonly why: string;
}

export interface WrittenArchive {
  readonly sizeBytes: number;
  /** SHA-256 of the archive's bytes, hexadecimal. */
  readonly sha256: string;
  readonly files: number;
  readonly folders: number;
  /** Bytes of the files. */
  readonly bytes: number;
  /** What could not be read, or changed while it was; the first hundred. Not empty: the archive is not complete. */
  readonly notRead: readonly NotRead[];
  readonly notReadCount: number;
}

export interface WriteOptions {
  readonly folder: string;
  /** The file to make; it must not exist. Mode 0600. */
  readonly into: string;
  /** Folders that are left out with all below them, such as where the archive itself is written. */
  readonly leaveOut: readonly string[];
  /** An archive that would be larger is given up. */
  readonly mostBytes: number;
  readonly signal: AbortSignal;
}

const mostTold = 100;
const pieceBytes = 256 * 1024;
/** The walk is synchronous; so many entries pass before others get a turn. */
const entriesPerTurn = 64;

/**
 * Writes a plain tar archive of what is in a folder, its paths beginning with `./`, while hashing it. What cannot be read is
 * named and left out. Throws `invalid-input`/`archive-too-large`, `no-space`, and the kinds of file errors; the file is then
 * the caller's to remove.
 */
export async function writeArchive(options: WriteOptions): Promise<WrittenArchive> {
  const file = await open(options.into, 'wx', 0o600);
  try {
    const writer = new ArchiveWriter(options, file);
    await writer.write();
    await file.sync();
    return writer.result();
  } catch (error) {
    if (systemErrorCode(error) !== undefined) throw fileError(error, 'write archive', Buffer.from(options.into));
    throw error;
  } finally {
    await file.close();
  }
}

class ArchiveWriter {
  readonly #options: WriteOptions;
  readonly #file: FileHandle;
  readonly #hash = createHash('sha256');
  readonly #root: Buffer;
  /** First names of files that have several, by device and inode. */
  readonly #linked = new Map<string, ByteText>();
  readonly #notRead: NotRead[] = [];
  readonly #piece = Buffer.allocUnsafeSlow(pieceBytes);
  #notReadCount = 0;
  #sizeBytes = 0;
  #counts = { files: 0, folders: 0, bytes: 0 };

  constructor(options: WriteOptions, file: FileHandle) {
    this.#options = options;
    this.#file = file;
    this.#root = Buffer.from(options.folder);
  }

  result(): WrittenArchive {
    return {
      sizeBytes: this.#sizeBytes,
      sha256: toHex(this.#hash.digest()),
      ...this.#counts,
      notRead: this.#notRead,
      notReadCount: this.#notReadCount,
    };
  }

  async write(): Promise<void> {
    let count = 0;
    let leftOut: Buffer | undefined;
    const places = this.#options.leaveOut.map((path) => Buffer.from(path));
    const root = lstatSync(this.#options.folder, { bigint: true });
    await this.#append(
      writeHeader({
        ...bare,
        path: './',
        type: 'folder',
        mode: Number(root.mode) & 0o7777,
        uid: Number(root.uid),
        gid: Number(root.gid),
        mtimeNs: root.mtimeNs,
      }),
    );
    for (const event of walk({ targets: ['.'], workingFolder: this.#options.folder, names: new OwnerNames() })) {
      this.#options.signal.throwIfAborted();
      count += 1;
      if (count % entriesPerTurn === 0) await setImmediate();
      if (leftOut !== undefined) {
        if (event.kind === 'leave' && event.path.equals(leftOut)) leftOut = undefined;
        continue;
      }
      if (event.kind === 'enter' && places.some((place) => place.equals(event.path))) leftOut = event.path;
      else if (event.kind === 'enter') await this.#addFolder(event.path, event.metadata);
      else if (event.kind === 'entry') await this.#addEntry(event.path, event.metadata);
      else if (event.kind === 'error') this.#tell(event.path, event.error.message);
    }
    await this.#append(endOfArchive(this.#sizeBytes));
  }

  async #append(bytes: Buffer): Promise<void> {
    this.#sizeBytes += bytes.length;
    if (this.#sizeBytes > this.#options.mostBytes) {
      throw new FortFailError({
        kind: 'invalid-input',
        code: 'archive-too-large',
        message: `unable to take a snapshot of '${this.#options.folder}': its archive is larger than ${formatBytes(this.#options.mostBytes)}`,
        hint: 'The first API takes no larger objects. Protect this folder with a plan, which has no such limit.',
      });
    }
    this.#hash.update(bytes);
    for (let at = 0; at < bytes.length; ) at += (await this.#file.write(bytes, at, bytes.length - at)).bytesWritten;
  }

  #tell(path: Buffer, why: string): void {
    this.#notReadCount += 1;
    if (this.#notRead.length < mostTold) this.#notRead.push({ path: pathText(path), why });
  }

  #nameOf(path: Buffer): ByteText {
    return `.${byteText(path.subarray(this.#root.length === 1 ? 0 : this.#root.length))}`;
  }

  async #addFolder(path: Buffer, metadata: FileMetadata): Promise<void> {
    await this.#append(writeHeader({ ...entryOf(metadata), path: `${this.#nameOf(path)}/`, type: 'folder' }));
    this.#counts.folders += 1;
  }

  async #addEntry(path: Buffer, metadata: FileMetadata): Promise<void> {
    const name = this.#nameOf(path);
    const type = typesByNode[metadata.type];
    if (type === undefined) return;
    const identity = `${metadata.deviceId}:${metadata.inode}`;
    const first = type === 'file' && metadata.links > 1n ? this.#linked.get(identity) : undefined;
    if (first !== undefined) {
      await this.#append(writeHeader({ ...entryOf(metadata), path: name, type: 'hard-link', linkTarget: first, attributes: [] }));
    } else if (type === 'file') {
      if (await this.#addFile(path, name, metadata)) this.#linked.set(identity, name);
    } else {
      await this.#append(writeHeader({ ...entryOf(metadata), path: name, type }));
    }
  }

  /** False when it could not be read. */
  async #addFile(path: Buffer, name: ByteText, metadata: FileMetadata): Promise<boolean> {
    let opened: ReturnType<typeof openForRead>;
    try {
      opened = openForRead(path);
    } catch (error) {
      // What was removed since its folder was read was not there.
      if (systemErrorCode(error) !== 'ENOENT') this.#tell(path, fileError(error, 'read', path).message);
      return false;
    }
    const { fd, stat } = opened;
    try {
      const sizeBytes = Number(stat.size);
      await this.#append(writeHeader({ ...entryOf(metadata), path: name, type: 'file', sizeBytes, mtimeNs: stat.mtimeNs }));
      await this.#copy(fd, sizeBytes, path);
      await this.#append(fill(sizeBytes));
      this.#counts.files += 1;
      this.#counts.bytes += sizeBytes;
      return metadata.links > 1n;
    } finally {
      closeSync(fd);
    }
  }

  /** Exactly so many bytes: what is missing of a file that shrank, or cannot be read, becomes zeros and is told. */
  async #copy(fd: number, sizeBytes: number, path: Buffer): Promise<void> {
    for (let at = 0; at < sizeBytes; ) {
      this.#options.signal.throwIfAborted();
      const wanted = Math.min(pieceBytes, sizeBytes - at);
      const read = this.#read(fd, wanted, at, path);
      if (read === 0) {
        for (let rest = sizeBytes - at; rest > 0; rest -= pieceBytes) await this.#append(Buffer.alloc(Math.min(rest, pieceBytes)));
        return;
      }
      await this.#append(this.#piece.subarray(0, read));
      at += read;
    }
  }

  #read(fd: number, wanted: number, at: number, path: Buffer): number {
    try {
      const read = readSync(fd, this.#piece, 0, wanted, at);
      if (read === 0) this.#tell(path, 'it became shorter while it was read');
      return read;
    } catch (error) {
      this.#tell(path, fileError(error, 'read', path).message);
      return 0;
    }
  }
}

const typesByNode: Readonly<Partial<Record<string, NewEntry['type']>>> = {
  file: 'file',
  symlink: 'symlink',
  dev: 'block-device',
  chardev: 'char-device',
  fifo: 'fifo',
};

const bare: Omit<NewEntry, 'path' | 'type'> = {
  mode: 0o700,
  uid: 0,
  gid: 0,
  user: '',
  group: '',
  mtimeNs: 0n,
  sizeBytes: 0,
  linkTarget: '',
  device: { major: 0, minor: 0 },
  attributes: [],
};

function entryOf(metadata: FileMetadata): Omit<NewEntry, 'path' | 'type'> {
  const device = metadata.device;
  return {
    mode: unixPermissions(metadata.mode),
    uid: metadata.uid,
    gid: metadata.gid,
    user: metadata.user,
    group: metadata.group,
    mtimeNs: metadata.mtimeNs,
    sizeBytes: 0,
    linkTarget: metadata.linkTarget === undefined ? '' : byteText(metadata.linkTarget),
    // How Linux packs the two numbers into one.
    device: {
      major: Number(((device >> 8n) & 0xfffn) | ((device >> 32n) & ~0xfffn)),
      minor: Number((device & 0xffn) | ((device >> 12n) & ~0xffn & 0xffffffffn)),
    },
    attributes: metadata.xattrs,
  };
}

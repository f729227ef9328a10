import { createHash } from 'node:crypto';
import { type BigIntStats, closeSync, lstatSync, readdirSync, readlinkSync, readSync } from 'node:fs';
import { nodeTypeOf } from '../files/mode.ts';
import { joinPath } from '../files/path.ts';
import { openForRead } from '../files/read-file.ts';
import { getXattr, listXattrs } from '../system/xattrs.ts';

/** One entry with everything a restore must bring back. All values are texts and numbers, to be compared and printed. */
export interface EntryDescription {
  /** Path below the described folder, `.` for itself; bytes outside printable ASCII as `\xNN`. */
  readonly path: string;
  readonly type: string;
  /** Octal, with setuid, setgid and sticky; '' for symbolic links, which have none. */
  readonly mode: string;
  readonly uid: number;
  readonly gid: number;
  readonly mtimeNs: string;
  readonly size?: number;
  readonly sha256?: string;
  readonly linkTarget?: string;
  readonly device?: string;
  /** Name to base64 of the value. */
  readonly xattrs?: Readonly<Record<string, string>>;
  /** First path of the same file, when it has several names within the folder. */
  readonly hardLinkOf?: string;
  /** Bytes allocated on disk; only when asked for. */
  readonly allocatedBytes?: number;
}

export interface DescribeOptions {
  /** Leave the folder's own entry out. */
  readonly withoutRoot?: boolean;
  readonly allocated?: boolean;
  /** Leave paths (as in the description) out, with all below them. */
  readonly without?: (path: string) => boolean;
}

function asciiText(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes)
    text += byte >= 0x20 && byte < 0x7f && byte !== 0x5c ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`;
  return text;
}

function sha256Of(path: Buffer): string {
  const { fd } = openForRead(path);
  try {
    const digest = createHash('sha256');
    const piece = Buffer.allocUnsafe(1024 * 1024);
    for (let count = readSync(fd, piece); count > 0; count = readSync(fd, piece)) digest.update(piece.subarray(0, count));
    return digest.digest('hex');
  } finally {
    closeSync(fd);
  }
}

function xattrsOf(path: Buffer): Record<string, string> {
  const attributes: Record<string, string> = {};
  for (const name of [...listXattrs(path)].sort()) {
    if (name !== 'security.selinux') attributes[name] = getXattr(path, name)?.toString('base64') ?? '';
  }
  return attributes;
}

class TreeDescriber {
  readonly entries: EntryDescription[] = [];
  readonly #firstNames = new Map<string, string>();
  readonly #options: DescribeOptions;

  constructor(options: DescribeOptions) {
    this.#options = options;
  }

  #hardLinkOf(path: string, stat: BigIntStats): string | undefined {
    if (stat.isDirectory() || stat.nlink < 2n) return undefined;
    const key = `${stat.dev}:${stat.ino}`;
    const first = this.#firstNames.get(key);
    if (first === undefined) this.#firstNames.set(key, path);
    return first;
  }

  #describe(file: Buffer, path: string, stat: BigIntStats): EntryDescription {
    const type = nodeTypeOf(Number(stat.mode));
    const xattrs = xattrsOf(file);
    const hardLinkOf = this.#hardLinkOf(path, stat);
    return {
      path,
      type,
      mode: type === 'symlink' ? '' : (Number(stat.mode) & 0o7777).toString(8).padStart(4, '0'),
      uid: Number(stat.uid),
      gid: Number(stat.gid),
      mtimeNs: stat.mtimeNs.toString(),
      ...(type === 'file' ? { size: Number(stat.size), sha256: sha256Of(file) } : {}),
      ...(type === 'symlink' ? { linkTarget: asciiText(readlinkSync(file, { encoding: 'buffer' })) } : {}),
      ...(type === 'dev' || type === 'chardev' ? { device: stat.rdev.toString() } : {}),
      ...(Object.keys(xattrs).length > 0 ? { xattrs } : {}),
      ...(hardLinkOf === undefined ? {} : { hardLinkOf }),
      ...(this.#options.allocated === true && type === 'file' ? { allocatedBytes: Number(stat.blocks) * 512 } : {}),
    };
  }

  add(file: Buffer, path: string): void {
    if (path !== '.' && this.#options.without?.(path) === true) return;
    const stat = lstatSync(file, { bigint: true });
    if (path !== '.' || this.#options.withoutRoot !== true) this.entries.push(this.#describe(file, path, stat));
    if (!stat.isDirectory()) return;
    for (const name of readdirSync(file, { encoding: 'buffer' }).sort(Buffer.compare)) {
      this.add(joinPath(file, name), path === '.' ? asciiText(name) : `${path}/${asciiText(name)}`);
    }
  }
}

/**
 * Lists every entry of a folder with all its metadata and the SHA-256 of its contents, in the order of the names'
 * bytes: two folders are equal byte for byte exactly when their descriptions are deeply equal. Throws the system error
 * for what cannot be read.
 */
export function describeTree(folder: string | Uint8Array, options: DescribeOptions = {}): EntryDescription[] {
  const describer = new TreeDescriber(options);
  describer.add(Buffer.from(folder), '.');
  return describer.entries;
}

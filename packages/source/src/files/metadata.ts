import { type BigIntStats, lstatSync, readlinkSync } from 'node:fs';
import { FortFailError } from '@fortfail/base';
import { getXattr, listXattrs } from '../system/xattrs.ts';
import { goMode, type NodeType, nodeTypeOf } from './mode.ts';
import type { OwnerNames } from './names.ts';
import { pathText } from './path.ts';

export interface ExtendedAttribute {
  readonly name: string;
  readonly value: Buffer;
}

/** What a tree node records of an entry beside its contents; the shape of the repository's own node. */
export interface FileMetadata {
  /** The entry's own name, as bytes. */
  readonly name: Buffer;
  readonly type: NodeType;
  /** Go's mode bits, see mode.ts. */
  readonly mode: number;
  readonly mtimeNs: bigint;
  /** The modification time unless asked otherwise, as restic does: access times would make every tree new. */
  readonly atimeNs: bigint;
  readonly ctimeNs: bigint;
  readonly uid: number;
  readonly gid: number;
  readonly user: string;
  readonly group: string;
  readonly inode: bigint;
  readonly deviceId: bigint;
  /** Files only, else 0. What the folder said, not yet what was read. */
  readonly size: bigint;
  /** Files, symbolic links and devices; 0 for folders and pipes. */
  readonly links: bigint;
  readonly linkTarget: Buffer | undefined;
  readonly xattrs: readonly ExtendedAttribute[];
  /** `st_rdev` of a device, else 0. */
  readonly device: bigint;
}

/** Metadata as a repository gives it back: with types that are unknown here, too. */
export type RecordedMetadata = Omit<FileMetadata, 'type'> & { readonly type: string };

/** A part of the metadata that could not be read; the entry is kept without it. */
export interface MetadataFailure {
  readonly attribute: string | undefined;
  readonly error: unknown;
}

export interface MetadataOptions {
  readonly names: OwnerNames;
  /** Keep the access time instead of repeating the modification time. */
  readonly withAtime?: boolean;
  readonly onFailure?: (failure: MetadataFailure) => void;
}

const noAttributes: readonly ExtendedAttribute[] = [];

/** What stands in a text for bytes that are none. */
const replacement = '\ufffd';

function nameNotText(path: Uint8Array): FortFailError {
  return new FortFailError({
    kind: 'invalid-input',
    code: 'attribute-name',
    message: `unable to keep an extended attribute of '${pathText(path)}', its name is not UTF-8`,
  });
}

/** The extended attributes of an entry (never of what a link points at), in the kernel's order. */
export function readXattrs(path: Uint8Array, onFailure?: (failure: MetadataFailure) => void): readonly ExtendedAttribute[] {
  let names: readonly string[];
  try {
    names = listXattrs(path);
  } catch (error) {
    onFailure?.({ attribute: undefined, error });
    return noAttributes;
  }
  if (names.length === 0) return noAttributes;
  const attributes: ExtendedAttribute[] = [];
  for (const name of names) {
    try {
      const value = getXattr(path, name);
      // An attribute removed between the two calls was never there.
      if (value !== undefined) attributes.push({ name, value });
      else if (name.includes(replacement)) onFailure?.({ attribute: name, error: nameNotText(path) });
    } catch (error) {
      onFailure?.({ attribute: name, error });
    }
  }
  return attributes;
}

/** Metadata of an entry whose `lstat` is known already. Throws the system error when a link's target cannot be read. */
export function metadataFromStat(path: Buffer, name: Buffer, stat: BigIntStats, options: MetadataOptions): FileMetadata {
  const unixMode = Number(stat.mode);
  const type = nodeTypeOf(unixMode);
  const uid = Number(stat.uid);
  const gid = Number(stat.gid);
  return {
    name,
    type,
    mode: goMode(unixMode),
    mtimeNs: stat.mtimeNs,
    atimeNs: options.withAtime === true ? stat.atimeNs : stat.mtimeNs,
    ctimeNs: stat.ctimeNs,
    uid,
    gid,
    user: options.names.user(uid),
    group: options.names.group(gid),
    inode: stat.ino,
    deviceId: stat.dev,
    size: type === 'file' ? stat.size : 0n,
    links: type === 'dir' || type === 'fifo' || type === 'socket' ? 0n : stat.nlink,
    linkTarget: type === 'symlink' ? readlinkSync(path, { encoding: 'buffer' }) : undefined,
    xattrs: readXattrs(path, options.onFailure),
    device: type === 'dev' || type === 'chardev' ? stat.rdev : 0n,
  };
}

/** Metadata of the entry at `path`, not following a link. Throws the system error when it cannot be read. */
export function readMetadata(path: Buffer, options: MetadataOptions): FileMetadata {
  const slash = path.lastIndexOf(0x2f);
  return metadataFromStat(path, path.subarray(slash + 1), lstatSync(path, { bigint: true }), options);
}

import { type BigIntStats, closeSync, constants, lstatSync, openSync, readSync } from 'node:fs';
import { FortFailError } from '@fortfail/base';
import { fileError, isMissing } from '../system/system-error.ts';
import { type ByteString, byteString, parentPath, pathBytes } from './path.ts';

/** The header of the cache directory tagging specification, with the file that bears it. */
export const cacheFolderTag = 'CACHEDIR.TAG:Signature: 8a477f597d28d172789f06886806bc55';

/** A file whose presence excludes the folder it lies in; with a header, only when it starts with that. */
export interface FolderTag {
  readonly name: ByteString;
  readonly header: Buffer;
}

/** Parses `NAME[:HEADER]` of `--exclude-if-present`. Throws `invalid-input` without a name. */
export function parseFolderTag(spec: string | Uint8Array): FolderTag {
  const text = byteString(spec);
  const colon = text.indexOf(':');
  const name = colon < 0 ? text : text.slice(0, colon);
  if (name === '') {
    throw new FortFailError({
      kind: 'invalid-input',
      code: 'exclude-if-present',
      message: 'invalid --exclude-if-present: the name of the file is empty',
      hint: 'Give NAME or NAME:HEADER, for example .nobackup.',
    });
  }
  return { name, header: colon < 0 ? Buffer.alloc(0) : pathBytes(text.slice(colon + 1)) };
}

/** True when the tag lies in the folder. `onFailure` is told when that cannot be found out; the folder then stays in. */
export function isTagged(folder: ByteString, tag: FolderTag, onFailure: (path: Buffer, error: unknown) => void): boolean {
  const path = pathBytes(folder === '/' ? `/${tag.name}` : `${folder}/${tag.name}`);
  try {
    lstatSync(path);
    if (tag.header.length === 0) return true;
    const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const start = Buffer.alloc(tag.header.length);
      const length = readSync(fd, start, 0, start.length, 0);
      return length === start.length && start.equals(tag.header);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    if (!isMissing(error)) onFailure(path, error);
    return false;
  }
}

/**
 * `--one-file-system`: an entry must lie on the device of the nearest target above it. A folder on another device is
 * kept, empty, when the folder it is mounted in is allowed.
 */
export class DeviceRule {
  readonly #allowed = new Map<ByteString, bigint>();

  /** `targets` are absolute and cleaned; one that is not there (any more) allows nothing. Throws other system errors. */
  constructor(targets: Iterable<ByteString>) {
    for (const target of targets) {
      try {
        this.#allowed.set(target, lstatSync(pathBytes(target), { bigint: true }).dev);
      } catch (error) {
        // The walk itself will name it.
        if (!isMissing(error)) throw fileError(error, 'read target', pathBytes(target));
      }
    }
  }

  #isAllowed(path: ByteString, device: bigint): boolean {
    for (let folder = path; ; folder = parentPath(folder)) {
      const allowed = this.#allowed.get(folder);
      if (allowed !== undefined) return allowed === device;
      if (folder === '/' || folder === '.') return false;
    }
  }

  /** Whether the entry stays out. `parentDevice` is the device of the folder it lies in, when that is known. */
  rejects(path: ByteString, stat: BigIntStats, parentDevice: bigint | undefined): boolean {
    if (this.#isAllowed(path, stat.dev)) return false;
    if (!stat.isDirectory() || parentDevice === undefined) return true;
    return !this.#isAllowed(parentPath(path), parentDevice);
  }
}

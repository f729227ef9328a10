import { chmodSync, fchmodSync, fchownSync, lchownSync } from 'node:fs';
import { FortFailError } from '@fortfail/base';
import { systemErrorCode } from '../system/system-error.ts';
import { setTimes } from '../system/times.ts';
import { type FileReference, listXattrs, removeXattr, setXattr } from '../system/xattrs.ts';
import type { RecordedMetadata } from './metadata.ts';
import { unixPermissions } from './mode.ts';
import type { OwnerNames } from './names.ts';
import { type RestoreFailure, type RestoreStep, restoreFailure } from './restore-failure.ts';

export interface ApplyOptions {
  /** The path failures are reported under, when the entry is still at another one. */
  readonly reportAs?: Buffer;
  /** Told of each part that could not be set; the other parts are still set. */
  readonly onFailure: (failure: RestoreFailure) => void;
  /** Look the owner up by name here instead of by number; a name unknown here keeps the number and is a failure. */
  readonly ownershipByName?: OwnerNames;
  /** Attributes for which it says no are neither set nor removed. */
  readonly selectsXattr?: (name: string) => boolean;
}

/** The part of an entry's metadata that is set on disk. */
export type ApplicableMetadata = Pick<
  RecordedMetadata,
  'type' | 'mode' | 'uid' | 'gid' | 'user' | 'group' | 'mtimeNs' | 'atimeNs' | 'xattrs'
>;

// The kernel puts this label on every file by itself and nobody may take it off.
const kernelLabel = 'security.selinux';

function ownerOf(metadata: ApplicableMetadata, names: OwnerNames | undefined, fail: (error: FortFailError) => void): [number, number] {
  if (names === undefined) return [metadata.uid, metadata.gid];
  const uid = names.uid(metadata.user);
  const gid = names.gid(metadata.group);
  const unknown = uid === undefined ? `user '${metadata.user}'` : gid === undefined ? `group '${metadata.group}'` : undefined;
  if (unknown !== undefined) {
    const message = `unable to find ${unknown} on this machine`;
    fail(new FortFailError({ kind: 'not-found', code: 'owner-name', message, hint: 'The recorded number was used instead.' }));
  }
  return [uid ?? metadata.uid, gid ?? metadata.gid];
}

function applyXattrs(file: FileReference, metadata: ApplicableMetadata, options: ApplyOptions, fail: Fail): void {
  const selects = options.selectsXattr ?? (() => true);
  const expected = new Set<string>();
  for (const { name, value } of metadata.xattrs) {
    if (!selects(name)) continue;
    expected.add(name);
    try {
      setXattr(file, name, value);
    } catch (error) {
      fail('xattr', error, `set extended attribute ${name} of`);
    }
  }
  try {
    for (const name of listXattrs(file)) {
      if (expected.has(name) || name === kernelLabel || !selects(name)) continue;
      removeXattr(file, name);
    }
  } catch (error) {
    fail('xattr', error, 'remove the extended attributes of');
  }
}

type Fail = (step: RestoreStep, error: unknown, detail?: string) => void;

function attempt(step: RestoreStep, fail: Fail, action: () => void): void {
  try {
    action();
  } catch (error) {
    // A file system without modes or owners (FAT, some network ones) is left as it is, as restic does.
    if (step === 'mode' && systemErrorCode(error) === 'ENOTSUP') return;
    fail(step, error);
  }
}

/**
 * Sets owner, extended attributes (others are removed), times and mode, in restic's order: a change of owner takes
 * setuid and capabilities away, and a read-only mode must come last. `file` is the open descriptor of a regular file, or
 * undefined to work on `path`, which is never followed. Symbolic links have no mode.
 */
export function applyMetadata(path: Buffer, file: number | undefined, metadata: ApplicableMetadata, options: ApplyOptions): void {
  const reference: FileReference = file ?? path;
  const fail: Fail = (step, error, detail) => options.onFailure(restoreFailure(options.reportAs ?? path, step, error, detail));
  const [uid, gid] = ownerOf(metadata, options.ownershipByName, (error) => fail('owner', error));
  attempt('owner', fail, () => (file === undefined ? lchownSync(path, uid, gid) : fchownSync(file, uid, gid)));
  applyXattrs(reference, metadata, options, fail);
  attempt('times', fail, () => setTimes(reference, metadata.atimeNs, metadata.mtimeNs));
  if (metadata.type === 'symlink') return;
  const mode = unixPermissions(metadata.mode);
  attempt('mode', fail, () => (file === undefined ? chmodSync(path, mode) : fchmodSync(file, mode)));
}

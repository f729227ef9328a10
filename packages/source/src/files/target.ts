import {
  type BigIntStats,
  closeSync,
  constants,
  fstatSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmdirSync,
  symlinkSync,
  unlinkSync,
} from 'node:fs';
import { FortFailError } from '@fortfail/base';
import { makeDevice, makeFifo } from '../system/special-files.ts';
import { syncFileSystem } from '../system/sync.ts';
import { fileError, isMissing, systemErrorCode } from '../system/system-error.ts';
import { type ApplicableMetadata, type ApplyOptions, applyMetadata } from './apply-metadata.ts';
import { newStagingName, removeLeftOvers } from './left-overs.ts';
import { makeFolders } from './make-folders.ts';
import type { RecordedMetadata } from './metadata.ts';
import type { OwnerNames } from './names.ts';
import { decideOverwrite, type OverwriteDecision, type OverwritePolicy } from './overwrite.ts';
import { absolutePath, byteString, joinPath, parentPath, pathBytes, pathText } from './path.ts';
import { removeTree } from './remove-tree.ts';
import { type RestoreFailure, type RestoreStep, restoreFailure } from './restore-failure.ts';
import { renameOver, Staging } from './staging.ts';

export interface TargetOptions {
  readonly folder: string | Uint8Array;
  /**
   * `fresh`: everything is staged and appears at `publish`; the folder must not exist, or be empty.
   * `existing`: each entry is written beside its place and renamed, as the overwrite policy allows.
   */
  readonly placement: 'fresh' | 'existing';
  readonly overwrite?: OverwritePolicy;
  /** restic's `--delete`: a folder may give way to a file, and `leaveFolder` removes what the snapshot does not have. */
  readonly deleteExtra?: boolean;
  readonly ownershipByName?: OwnerNames;
  readonly selectsXattr?: (name: string) => boolean;
  /** Told of everything that is not as the snapshot says, with the path it has in the end. */
  readonly onFailure: (failure: RestoreFailure) => void;
  readonly onDeleted?: (path: Buffer) => void;
}

const creatableTypes: ReadonlySet<string> = new Set(['symlink', 'fifo', 'dev', 'chardev']);

/** Where and whether a regular file is written. */
export interface FilePlan {
  readonly decision: OverwriteDecision;
  readonly path: Buffer;
  /** The path to give to `createFile`, `openForWrite` and `applyMetadata`; becomes `path` at `commitFiles`. */
  readonly writePath: Buffer;
}

/** Name checks that no repository, however hostile, can pass to leave the target. Throws `damaged`. */
export function checkNodeName(name: Uint8Array): void {
  const isDots = (name.length === 1 || name.length === 2) && name.every((byte) => byte === 0x2e);
  if (name.length > 0 && !isDots && !name.includes(0x2f) && !name.includes(0)) return;
  throw new FortFailError({
    kind: 'damaged',
    code: 'node-name',
    message: `unable to restore an entry named '${pathText(name)}': the name is not allowed`,
    hint: 'The snapshot was made by a faulty or hostile program; everything else of it can be restored.',
  });
}

/**
 * Writes entries of a snapshot to disk. The caller walks the snapshot in tree order: `enterFolder`, its entries,
 * `leaveFolder` with the folder's metadata (so that writing into it neither fails nor changes its times). Paths come
 * from `root` and `pathOf` only. Calls are synchronous; regular files may be written by other threads between
 * `planFile` and `commitFiles`. Failures of single entries are reported, not thrown.
 */
export class RestoreTarget {
  readonly #options: TargetOptions;
  readonly #folder: Buffer;
  readonly #staging: Staging | undefined;
  readonly #temporaryPrefix = newStagingName();
  #temporaryCount = 0;
  /** Folders that this restore made where nothing was, by their paths. */
  readonly #ownFolders = new Set<string>();
  /** Where the entries of the snapshot's root tree are written. */
  readonly root: Buffer;

  /** Throws `conflict` for a fresh restore into a folder that is not empty, and errors of creating the folder. */
  constructor(options: TargetOptions) {
    this.#options = options;
    this.#folder = pathBytes(absolutePath(byteString(options.folder), process.cwd()));
    if (options.placement === 'fresh') this.#staging = Staging.open(this.#folder);
    else this.#makeFolder(this.#folder);
    this.root = this.#staging?.stage ?? this.#folder;
  }

  #makeFolder(folder: Buffer): void {
    try {
      makeFolders(folder);
    } catch (error) {
      throw fileError(error, 'create folder', folder);
    }
    removeLeftOvers(folder);
    if (isEmptyFolder(folder)) this.#ownFolders.add(byteString(folder));
  }

  /** True when nothing but what this restore wrote can lie in the folder: no look at what is there is needed. */
  isOwnFolder(folder: Buffer): boolean {
    return this.#staging !== undefined || this.#ownFolders.has(byteString(folder));
  }

  #isInOwnFolder(path: Buffer): boolean {
    return this.#staging !== undefined || this.#ownFolders.has(parentPath(byteString(path)));
  }

  /** The path of an entry in a folder of the target. Throws `damaged` for a name that would leave the folder. */
  pathOf(folder: Buffer, name: Uint8Array): Buffer {
    checkNodeName(name);
    return joinPath(folder, name);
  }

  /** The path that an entry written at `path` has when all is done. */
  finalPath(path: Buffer): Buffer {
    const stage = this.#staging?.stage;
    if (stage === undefined || path.compare(stage, 0, stage.length, 0, Math.min(stage.length, path.length)) !== 0) return path;
    return Buffer.concat([this.#folder, path.subarray(stage.length)]);
  }

  #fail(path: Buffer, step: RestoreStep, error: unknown): void {
    this.#options.onFailure(restoreFailure(this.finalPath(path), step, error));
  }

  #attempt(path: Buffer, step: RestoreStep, action: () => void): boolean {
    try {
      action();
      return true;
    } catch (error) {
      this.#fail(path, step, error);
      return false;
    }
  }

  #existing(path: Buffer): BigIntStats | undefined {
    try {
      return lstatSync(path, { bigint: true, throwIfNoEntry: false });
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  /** How metadata is to be applied by whoever writes the file: reported under the path it has in the end. */
  applyOptions(path: Buffer): ApplyOptions {
    const { ownershipByName, selectsXattr, onFailure } = this.#options;
    return {
      onFailure,
      reportAs: this.finalPath(path),
      ...(ownershipByName === undefined ? {} : { ownershipByName }),
      ...(selectsXattr === undefined ? {} : { selectsXattr }),
    };
  }

  /** Makes the folder, mode 0700 until `leaveFolder`. False when it cannot be entered: leave out what is below. */
  enterFolder(path: Buffer): boolean {
    return this.#attempt(path, 'create', () => {
      if (this.#makeOwnFolder(path)) return;
      const existing = this.#existing(path);
      if (existing?.isDirectory() === true) return removeLeftOvers(path);
      if (existing !== undefined) {
        // What is there is no folder, perhaps a link to one: following it would write somewhere else.
        if (this.#options.overwrite === 'never') throw inTheWay(path);
        unlinkSync(path);
      }
      mkdirSync(path, { mode: 0o700 });
      this.#ownFolders.add(byteString(path));
    });
  }

  /** False when something has the name already: another program's, or ours where names differ only in case. */
  #makeOwnFolder(path: Buffer): boolean {
    try {
      mkdirSync(path, { mode: 0o700 });
    } catch (error) {
      if (this.#staging !== undefined || systemErrorCode(error) !== 'EEXIST') throw error;
      return false;
    }
    if (this.#staging === undefined) this.#ownFolders.add(byteString(path));
    return true;
  }

  /** Decides on a regular file. Reports and answers `skip` when that cannot be found out. */
  planFile(path: Buffer, metadata: Pick<RecordedMetadata, 'type' | 'size' | 'mtimeNs'>): FilePlan {
    if (this.#staging !== undefined) return { decision: 'write', path, writePath: path };
    let decision: OverwriteDecision = 'skip';
    this.#attempt(path, 'create', () => {
      const existing = this.#isInOwnFolder(path) ? undefined : this.#existing(path);
      decision = decideOverwrite(this.#options.overwrite ?? 'always', metadata, existing);
    });
    return { decision, path, writePath: this.#temporaryPath(path) };
  }

  #temporaryPath(path: Buffer): Buffer {
    this.#temporaryCount += 1;
    return joinPath(pathBytes(parentPath(byteString(path))), Buffer.from(`${this.#temporaryPrefix}-${this.#temporaryCount}`));
  }

  /** Puts files that are written and have their metadata into their places, after one sync for all. Answers those that are there. */
  commitFiles(plans: readonly FilePlan[]): FilePlan[] {
    if (this.#staging !== undefined || plans.length === 0) return [...plans];
    syncFileSystem(this.#folder);
    return plans.filter((plan) => this.#attempt(plan.path, 'create', () => this.#replace(plan.writePath, plan.path)));
  }

  /** Gives up a file that could not be written. */
  dropFile(plan: FilePlan): void {
    this.#attempt(plan.path, 'delete', () => removeTree(plan.writePath));
  }

  #replace(from: Buffer, to: Buffer): void {
    try {
      if (this.#isInOwnFolder(to)) {
        renameSync(from, to);
        return;
      }
      if (this.#existing(to)?.isDirectory() === true) {
        // Without --delete a folder gives way only when nothing is in it.
        if (this.#options.deleteExtra === true) removeTree(to, this.#options.onDeleted);
        else rmdirSync(to);
      }
      renameOver(from, to);
    } catch (error) {
      removeTree(from);
      throw error;
    }
  }

  /** Creates a symbolic link, device or pipe with its metadata. Sockets and types unknown here are left out, as restic does. */
  createSpecial(path: Buffer, metadata: ApplicableMetadata & Pick<RecordedMetadata, 'size' | 'linkTarget' | 'device'>): OverwriteDecision {
    const { decision, writePath } = this.planFile(path, metadata);
    if (decision === 'skip' || !creatableTypes.has(metadata.type)) return 'skip';
    const isDone = this.#attempt(path, 'create', () => {
      if (metadata.type === 'symlink') symlinkSync(metadata.linkTarget ?? Buffer.alloc(0), writePath);
      else if (metadata.type === 'fifo') makeFifo(writePath);
      else if (metadata.type === 'dev' || metadata.type === 'chardev') makeDevice(writePath, metadata.type, metadata.device);
      applyMetadata(writePath, undefined, metadata, this.applyOptions(path));
      if (this.#staging === undefined) this.#replace(writePath, path);
    });
    return isDone ? 'write' : 'skip';
  }

  /** Makes `path` another name of the file `master`, which is in its place already. */
  link(master: Buffer, path: Buffer, metadata: Pick<RecordedMetadata, 'type' | 'size' | 'mtimeNs'>): OverwriteDecision {
    const { decision, writePath } = this.planFile(path, metadata);
    if (decision === 'skip') return 'skip';
    const isDone = this.#attempt(path, 'create', () => {
      const existing = this.#staging === undefined ? this.#existing(path) : undefined;
      const masterStat = lstatSync(master, { bigint: true });
      if (existing !== undefined && existing.ino === masterStat.ino && existing.dev === masterStat.dev) return;
      linkSync(master, writePath);
      if (this.#staging === undefined) this.#replace(writePath, path);
    });
    return isDone ? 'write' : 'skip';
  }

  /** Sets the metadata of a file whose contents are right already. */
  updateMetadata(path: Buffer, metadata: ApplicableMetadata): void {
    this.#attempt(path, 'content', () => {
      const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
      try {
        if (!fstatSync(fd).isFile()) throw inTheWay(path);
        applyMetadata(path, fd, metadata, this.applyOptions(path));
      } finally {
        closeSync(fd);
      }
    });
  }

  /**
   * Finishes a folder: with `deleteExtra`, removes what is not among `expectedNames` (all names of the snapshot's
   * folder, also those that were not chosen) and chosen by `mayDelete`; then sets the metadata, if any.
   */
  leaveFolder(
    path: Buffer,
    metadata: ApplicableMetadata | undefined,
    expectedNames: Iterable<Uint8Array> = [],
    mayDelete: (path: Buffer) => boolean = () => true,
  ): void {
    if (this.#options.deleteExtra === true && this.#staging === undefined) {
      this.#attempt(path, 'delete', () => this.#deleteExtra(path, new Set(Array.from(expectedNames, byteString)), mayDelete));
    }
    if (metadata !== undefined) applyMetadata(path, undefined, metadata, this.applyOptions(path));
  }

  #deleteExtra(folder: Buffer, expected: ReadonlySet<string>, mayDelete: (path: Buffer) => boolean): void {
    for (const name of readdirSync(folder, { encoding: 'buffer' })) {
      const path = joinPath(folder, name);
      if (expected.has(byteString(name)) || !mayDelete(path)) continue;
      this.#attempt(path, 'delete', () => removeTree(path, this.#options.onDeleted));
    }
  }

  /** Ends the restore: a fresh folder appears under its name, an existing one is made durable. Throws, see Staging. */
  publish(): void {
    if (this.#staging === undefined) syncFileSystem(this.#folder);
    else this.#staging.publish();
  }

  /** Ends a restore that is given up: a fresh folder leaves nothing behind; an existing one stays as far as it came. */
  discard(): void {
    this.#staging?.discard();
  }
}

function isEmptyFolder(folder: Buffer): boolean {
  try {
    return readdirSync(folder, { encoding: 'buffer' }).length === 0;
  } catch (error) {
    // What cannot be listed may hold anything.
    if (systemErrorCode(error) === undefined) throw error;
    return false;
  }
}

function inTheWay(path: Buffer): FortFailError {
  return new FortFailError({
    kind: 'conflict',
    code: 'in-the-way',
    message: `unable to restore '${pathText(path)}': something else is in its place`,
    hint: 'Move it away, or restore with an overwrite policy other than never.',
  });
}

import { lstatSync, mkdirSync, readdirSync, renameSync, rmdirSync } from 'node:fs';
import { FortFailError } from '@fortfail/base';
import { renameExclusive } from '../system/rename.ts';
import { syncFileSystem, syncFolder } from '../system/sync.ts';
import { fileError, isMissing } from '../system/system-error.ts';
import { newStagingName, removeLeftOvers } from './left-overs.ts';
import { makeFolders } from './make-folders.ts';
import { byteString, joinPath, parentPath, pathBytes, pathText } from './path.ts';
import { removeTree } from './remove-tree.ts';

/**
 * A folder that comes into being at once: written beside its final place (or, when that is an existing empty folder,
 * which may be a mount point, inside it), made durable, then renamed. What was never published is never seen.
 */
export class Staging {
  readonly folder: Buffer;
  /** Where entries are written until they are published. */
  readonly stage: Buffer;
  readonly #isInside: boolean;

  private constructor(folder: Buffer, stage: Buffer, isInside: boolean) {
    this.folder = folder;
    this.stage = stage;
    this.#isInside = isInside;
  }

  /** Throws `conflict` when the folder exists and is not empty, and the errors of making the stage. */
  static open(folder: Buffer): Staging {
    const name = Buffer.from(newStagingName());
    try {
      removeLeftOvers(folder);
      const isThere = Staging.#isEmptyFolder(folder);
      const parent = isThere ? folder : pathBytes(parentPath(byteString(folder)));
      makeFolders(parent);
      removeLeftOvers(parent);
      const stage = joinPath(parent, name);
      mkdirSync(stage, { mode: 0o700 });
      return new Staging(folder, stage, isThere);
    } catch (error) {
      throw fileError(error, 'prepare restore into', folder);
    }
  }

  static #isEmptyFolder(folder: Buffer): boolean {
    try {
      lstatSync(folder);
    } catch (error) {
      if (isMissing(error)) return false;
      throw error;
    }
    if (readdirSync(folder, { encoding: 'buffer' }).length === 0) return true;
    throw new FortFailError({
      kind: 'conflict',
      code: 'target-not-empty',
      message: `unable to restore into '${pathText(folder)}': it is not empty`,
      hint: 'Choose a folder that does not exist, or say what may be overwritten there.',
    });
  }

  /** Makes all of it durable and visible. Throws `conflict` when something has taken the place meanwhile; the stage then stays. */
  publish(): void {
    try {
      syncFileSystem(this.stage);
      if (this.#isInside) {
        for (const name of readdirSync(this.stage, { encoding: 'buffer' })) {
          renameExclusive(joinPath(this.stage, name), joinPath(this.folder, name));
        }
        rmdirSync(this.stage);
        syncFolder(this.folder);
      } else {
        renameExclusive(this.stage, this.folder);
        syncFolder(pathBytes(parentPath(byteString(this.folder))));
      }
    } catch (error) {
      throw fileError(error, 'publish the restored folder', this.folder);
    }
  }

  /** Removes everything that was not published. Throws the system error. */
  discard(): void {
    removeTree(this.stage);
  }
}

/** Renames `from` over `to`; when both are names of one file already, rename does nothing and the first name must go. */
export function renameOver(from: Buffer, to: Buffer): void {
  renameSync(from, to);
  removeTree(from);
}

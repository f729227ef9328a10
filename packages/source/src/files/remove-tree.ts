import { chmodSync, lstatSync, readdirSync, rmdirSync, unlinkSync } from 'node:fs';
import { isMissing, systemErrorCode } from '../system/system-error.ts';
import { joinPath } from './path.ts';

function namesIn(folder: Buffer): Buffer[] {
  try {
    return readdirSync(folder, { encoding: 'buffer' });
  } catch (error) {
    if (systemErrorCode(error) !== 'EACCES') throw error;
    // A restored folder of mode 0500 or 000 is still its owner's to remove.
    chmodSync(folder, 0o700);
    return readdirSync(folder, { encoding: 'buffer' });
  }
}

function unlinkIn(path: Buffer, folder: Buffer): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (systemErrorCode(error) !== 'EACCES') throw error;
    chmodSync(folder, 0o700);
    unlinkSync(path);
  }
}

/**
 * Removes an entry and all below it, bottom-up, names as bytes (`fs.rmSync` is not sure for names that are no UTF-8) and
 * never through a symbolic link. Nothing happens when it is gone. `onRemoved` is told each path. Throws the system error.
 */
export function removeTree(path: Buffer, onRemoved: (path: Buffer) => void = () => undefined, parent: Buffer = path): void {
  try {
    // Often nothing is there, and an error with its stack costs ten times what looking does.
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found === undefined) return;
    if (found.isDirectory()) {
      for (const name of namesIn(path)) removeTree(joinPath(path, name), onRemoved, path);
      rmdirSync(path);
    } else if (parent === path) unlinkSync(path);
    else unlinkIn(path, parent);
    onRemoved(path);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

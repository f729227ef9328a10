import { lstatSync, mkdirSync, statSync } from 'node:fs';
import { isMissing, systemErrorCode } from '../system/system-error.ts';

const slash = 0x2f;

/**
 * Makes a folder and those above it that are missing, mode 0700. One by one: Node's recursive mkdir never ends where a
 * file system answers that a folder it just showed does not exist, as /proc does.
 */
export function makeFolders(folder: Buffer): void {
  const missing: Buffer[] = [];
  for (let at = folder; at.length > 1 && !isThere(at); at = above(at)) missing.unshift(at);
  for (const path of missing) {
    try {
      mkdirSync(path, { mode: 0o700 });
    } catch (error) {
      if (systemErrorCode(error) !== 'EEXIST') throw error;
    }
  }
  // A file in the last place must not pass for the folder.
  if (!statSync(folder).isDirectory()) mkdirSync(folder);
}

function isThere(path: Buffer): boolean {
  try {
    lstatSync(path);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

function above(path: Buffer): Buffer {
  let end = path.length;
  while (end > 1 && path[end - 1] === slash) end -= 1;
  const cut = path.subarray(0, end).lastIndexOf(slash);
  return path.subarray(0, Math.max(1, cut));
}

import { renameSync } from 'node:fs';
import { lastErrno, nativeFunction, nulEnded } from './library.ts';
import { SystemCallError } from './system-error.ts';

const renameat2 = nativeFunction('int renameat2(int fromFolder, const void *from, int toFolder, const void *to, unsigned int flags)');

const AT_FDCWD = -100;
const RENAME_NOREPLACE = 1;

/**
 * Renames only when nothing has the new name; throws EEXIST otherwise. On a file system without the flag (some network
 * ones answer EINVAL) a plain rename follows: the caller has looked before, so only a race is left open there.
 */
export function renameExclusive(from: Buffer, to: Buffer): void {
  if (renameat2(AT_FDCWD, nulEnded(from, 0), AT_FDCWD, nulEnded(to, 1), RENAME_NOREPLACE) === 0) return;
  const error = new SystemCallError('renameat2', lastErrno());
  if (error.code !== 'EINVAL' && error.code !== 'ENOSYS') throw error;
  renameSync(from, to);
}

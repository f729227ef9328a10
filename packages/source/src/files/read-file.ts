import { type BigIntStats, closeSync, constants, fstatSync, openSync } from 'node:fs';
import { FortFailError } from '@fortfail/base';
import { systemErrorCode } from '../system/system-error.ts';
import { pathText } from './path.ts';

export interface OpenedFile {
  /** The caller closes it. */
  readonly fd: number;
  /** What was really opened: it may be a newer file than the one the folder showed. */
  readonly stat: BigIntStats;
}

// O_NONBLOCK: a pipe that took the file's place would block the thread for ever.
const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
// Not there on every system; without it nothing is lost but access times.
const noAtime = constants.O_NOATIME ?? 0;

function open(path: Buffer): number {
  if (noAtime === 0) return openSync(path, flags);
  try {
    return openSync(path, flags | noAtime);
  } catch (error) {
    // Only the owner and root may read without a trace in the access time.
    if (systemErrorCode(error) !== 'EPERM') throw error;
    return openSync(path, flags);
  }
}

/**
 * Opens a regular file for reading: never through a symbolic link, without touching its access time where allowed.
 * Throws the system error, or `conflict`/`changed-type` when something else took the file's place. Cheap enough for
 * every file of a backup; works on any thread.
 */
export function openForRead(path: Buffer): OpenedFile {
  const fd = open(path);
  try {
    const stat = fstatSync(fd, { bigint: true });
    if (!stat.isFile()) {
      throw new FortFailError({
        kind: 'conflict',
        code: 'changed-type',
        message: `unable to read '${pathText(path)}': it is no regular file any more`,
      });
    }
    return { fd, stat };
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

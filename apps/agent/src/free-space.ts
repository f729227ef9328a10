import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { FortFailError, formatBytes } from '@fortfail/base';
import { errnoOf } from './durable-file.ts';

/** Bytes this user may still write where a path lies or would lie. */
export async function freeBytesAt(path: string): Promise<number> {
  for (let at = path; ; at = dirname(at)) {
    try {
      const { bavail, bsize } = await statfs(at);
      return bavail * bsize;
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT' || at === dirname(at)) throw error;
    }
  }
}

/** What a restore needs beside the files' bytes: blocks that are not full, folders, the file system's own books. */
const reserveBytes = 64 * 1024 * 1024;

/** Throws `no-space` when a tree of so many bytes and entries does not fit below a folder. */
export async function requireSpace(folder: string, bytes: number, entries: number, what: string): Promise<void> {
  const needed = bytes + entries * 4096 + reserveBytes;
  const free = await freeBytesAt(folder);
  if (free >= needed) return;
  throw new FortFailError({
    kind: 'no-space',
    code: 'scratch-too-small',
    message: `unable to ${what} in '${folder}', it needs ${formatBytes(needed)} and ${formatBytes(free)} are free`,
    hint: 'Free space there, or put that folder on a larger disk.',
    context: { needed, free },
  });
}

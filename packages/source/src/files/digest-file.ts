import { createHash, hash } from 'node:crypto';
import { closeSync, readSync } from 'node:fs';
import { openForRead } from './read-file.ts';

export interface FileDigests {
  /** SHA-256 of each piece, in order; shorter than asked when the file ended before. */
  readonly digests: readonly Buffer[];
  /** True when the file has exactly the asked pieces: nothing is missing and nothing follows. */
  readonly isWhole: boolean;
  readonly bytesRead: number;
}

const defaultScratchBytes = 8 * 1024 * 1024;

/** Reads until `length` bytes are in `into` or the file ends; answers how many there are. */
function readFully(fd: number, into: Uint8Array, length: number): number {
  let filled = 0;
  while (filled < length) {
    const count = readSync(fd, into, filled, length - filled, null);
    if (count === 0) break;
    filled += count;
  }
  return filled;
}

/** The digest of the next `length` bytes; undefined when the file ends before. */
function digestPiece(fd: number, length: number, scratch: Uint8Array): Buffer | undefined {
  if (length <= scratch.length) {
    if (readFully(fd, scratch, length) < length) return undefined;
    return hash('sha256', scratch.subarray(0, length), 'buffer');
  }
  const running = createHash('sha256');
  for (let rest = length; rest > 0; ) {
    const part = Math.min(rest, scratch.length);
    if (readFully(fd, scratch, part) < part) return undefined;
    running.update(scratch.subarray(0, part));
    rest -= part;
  }
  return running.digest();
}

/**
 * Reads a regular file from its start and digests pieces of the given lengths: the ids its blobs must have. Stops at the
 * first piece that is not whole. `scratch` may be re-used from call to call. Throws the system error.
 */
export function digestFile(
  path: Buffer,
  lengths: Iterable<number>,
  scratch: Uint8Array = Buffer.allocUnsafe(defaultScratchBytes),
): FileDigests {
  const { fd } = openForRead(path);
  try {
    const digests: Buffer[] = [];
    let bytesRead = 0;
    for (const length of lengths) {
      const digest = digestPiece(fd, length, scratch);
      if (digest === undefined) return { digests, isWhole: false, bytesRead };
      digests.push(digest);
      bytesRead += length;
    }
    return { digests, isWhole: readFully(fd, scratch, 1) === 0, bytesRead };
  } finally {
    closeSync(fd);
  }
}

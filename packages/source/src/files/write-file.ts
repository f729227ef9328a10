import { closeSync, constants, fstatSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { FortFailError } from '@fortfail/base';
import { allocate } from '../system/allocate.ts';
import { pathText } from './path.ts';

const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK } = constants;

// Smaller files lie in one piece anyway, and one call less for each of them is felt.
const allocateFromBytes = 1024 * 1024;
const holeBytes = 4096;
const zeros = Buffer.alloc(holeBytes);

export interface CreateFileOptions {
  readonly sizeBytes: number;
  /** Zero runs become holes: the file must then be written by `writeAt` with the same flag. */
  readonly sparse?: boolean;
}

/**
 * Creates a regular file of mode 0600 that did not exist, and makes room for its contents. Returns the open descriptor,
 * which the caller closes. Throws the system error: EEXIST when anything (also a link) has the name, ENOSPC.
 */
export function createFile(path: Buffer, options: CreateFileOptions): number {
  const fd = openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  try {
    if (options.sparse === true) ftruncateSync(fd, options.sizeBytes);
    else if (options.sizeBytes >= allocateFromBytes) allocate(fd, options.sizeBytes);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** Opens a file made by `createFile` once more (on any thread) for further writes. Never follows a link. */
export function openForWrite(path: Buffer): number {
  const fd = openSync(path, O_WRONLY | O_NOFOLLOW | O_NONBLOCK);
  try {
    if (fstatSync(fd).isFile()) return fd;
    throw new FortFailError({
      kind: 'conflict',
      code: 'changed-type',
      message: `unable to write '${pathText(path)}': it is no regular file any more`,
    });
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function writeAll(fd: number, bytes: Uint8Array, start: number, end: number, position: number): void {
  let at = start;
  while (at < end) at += writeSync(fd, bytes, at, end - at, position + at - start);
}

function isZero(bytes: Buffer, start: number, end: number): boolean {
  return bytes.compare(zeros, 0, end - start, start, end) === 0;
}

/**
 * Writes all of `bytes` at `position`. With `sparse`, blocks of the file that are all zero are left out, which is right
 * only in a file made by `createFile` with the same flag.
 */
export function writeAt(fd: number, bytes: Uint8Array, position: number, sparse = false): void {
  if (!sparse) {
    writeAll(fd, bytes, 0, bytes.length, position);
    return;
  }
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let runStart = 0;
  let at = 0;
  while (at < buffer.length) {
    // Holes begin and end at block borders of the file, not of the piece that is written.
    const end = Math.min(buffer.length, at + holeBytes - ((position + at) % holeBytes));
    if (isZero(buffer, at, end)) {
      writeAll(fd, buffer, runStart, at, position + runStart);
      runStart = end;
    }
    at = end;
  }
  writeAll(fd, buffer, runStart, buffer.length, position + runStart);
}

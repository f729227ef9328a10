import { constants } from 'node:os';
import { lastErrno, nativeFunction, nulEnded } from './library.ts';
import { checkAnswer, SystemCallError, systemErrorCode } from './system-error.ts';

const llistxattr = nativeFunction('long llistxattr(const void *path, void *list, size_t size)');
const flistxattr = nativeFunction('long flistxattr(int fd, void *list, size_t size)');
const lgetxattr = nativeFunction('long lgetxattr(const void *path, const void *name, void *value, size_t size)');
const lsetxattr = nativeFunction('int lsetxattr(const void *path, const void *name, const void *value, size_t size, int flags)');
const fsetxattr = nativeFunction('int fsetxattr(int fd, const void *name, const void *value, size_t size, int flags)');
const lremovexattr = nativeFunction('int lremovexattr(const void *path, const void *name)');
const fremovexattr = nativeFunction('int fremovexattr(int fd, const void *name)');

// XATTR_LIST_MAX and XATTR_SIZE_MAX: the kernel's own bounds for both calls.
const scratch = Buffer.allocUnsafeSlow(65536);
const nothing: readonly string[] = [];

/** An open file's descriptor, or a path that is never followed when it is a symbolic link. */
export type FileReference = number | Uint8Array;

function namesIn(length: number): readonly string[] {
  if (length === 0) return nothing;
  return scratch.toString('utf8', 0, length - 1).split('\0');
}

/**
 * Names of the extended attributes, in the kernel's order. Empty where the file system knows none. Throws
 * SystemCallError for everything else. Names of `trusted.` are seen by root only.
 */
export function listXattrs(file: FileReference): readonly string[] {
  const length = typeof file === 'number' ? flistxattr(file, scratch, scratch.length) : llistxattr(nulEnded(file), scratch, scratch.length);
  if (length >= 0) return namesIn(length);
  const error = new SystemCallError('listxattr', lastErrno());
  if (error.code === 'ENOTSUP' || error.code === 'EOPNOTSUPP') return nothing;
  throw error;
}

/** The attribute's value; undefined when it is gone or not supported. Throws SystemCallError. */
export function getXattr(path: Uint8Array, name: string): Buffer | undefined {
  const length = lgetxattr(nulEnded(path), nulEnded(Buffer.from(name), 1), scratch, scratch.length);
  if (length >= 0) return Buffer.from(scratch.subarray(0, length));
  const error = new SystemCallError('getxattr', lastErrno());
  if (error.code === 'ENODATA' || error.code === 'ENOTSUP' || error.code === 'EOPNOTSUPP') return undefined;
  throw error;
}

/** Creates or replaces the attribute. Throws SystemCallError. */
export function setXattr(file: FileReference, name: string, value: Uint8Array): void {
  // The call would take what is before the NUL for the name.
  if (name.includes('\0')) throw new SystemCallError('setxattr', constants.errno.EINVAL);
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  const nameBytes = nulEnded(Buffer.from(name), 1);
  checkAnswer(
    'setxattr',
    typeof file === 'number'
      ? fsetxattr(file, nameBytes, bytes, bytes.length, 0)
      : lsetxattr(nulEnded(file), nameBytes, bytes, bytes.length, 0),
  );
}

/** Removes the attribute; nothing happens when it is not there. Throws SystemCallError. */
export function removeXattr(file: FileReference, name: string): void {
  const nameBytes = nulEnded(Buffer.from(name), 1);
  try {
    checkAnswer('removexattr', typeof file === 'number' ? fremovexattr(file, nameBytes) : lremovexattr(nulEnded(file), nameBytes));
  } catch (error) {
    if (systemErrorCode(error) !== 'ENODATA') throw error;
  }
}

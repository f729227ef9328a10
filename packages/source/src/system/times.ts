import { nativeFunction, nulEnded } from './library.ts';
import { checkAnswer } from './system-error.ts';
import type { FileReference } from './xattrs.ts';

const utimensat = nativeFunction('int utimensat(int folder, const void *path, const void *times, int flags)');
const futimens = nativeFunction('int futimens(int fd, const void *times)');

const AT_FDCWD = -100;
const AT_SYMLINK_NOFOLLOW = 0x100;
const second = 1_000_000_000n;
const timespecs = Buffer.alloc(32);

function writeTimespec(timeNs: bigint, offset: number): void {
  // The kernel wants nanoseconds of 0 and above, also before 1970: the division rounds down, not to zero.
  let seconds = timeNs / second;
  let rest = timeNs % second;
  if (rest < 0n) {
    rest += second;
    seconds -= 1n;
  }
  timespecs.writeBigInt64LE(seconds, offset);
  timespecs.writeBigInt64LE(rest, offset + 8);
}

/** Sets both times to the nanosecond, on a symbolic link itself too (node:fs rounds to a double). Throws SystemCallError. */
export function setTimes(file: FileReference, atimeNs: bigint, mtimeNs: bigint): void {
  writeTimespec(atimeNs, 0);
  writeTimespec(mtimeNs, 16);
  checkAnswer(
    'utimensat',
    typeof file === 'number' ? futimens(file, timespecs) : utimensat(AT_FDCWD, nulEnded(file), timespecs, AT_SYMLINK_NOFOLLOW),
  );
}

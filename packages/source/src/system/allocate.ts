import { nativeFunction } from './library.ts';
import { checkAnswer, systemErrorCode } from './system-error.ts';

const fallocate = nativeFunction('int fallocate(int fd, int mode, int64_t offset, int64_t length)');

const FALLOC_FL_KEEP_SIZE = 1;

/**
 * Reserves the blocks of a file about to be written, so that a full disk shows before the work and the file lies in
 * one piece. The file's size stays. A file system that cannot do it is left alone. Throws SystemCallError, ENOSPC.
 */
export function allocate(fd: number, sizeBytes: number): void {
  try {
    checkAnswer('fallocate', fallocate(fd, FALLOC_FL_KEEP_SIZE, 0n, BigInt(sizeBytes)));
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG') throw error;
  }
}

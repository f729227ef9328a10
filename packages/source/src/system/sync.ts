import { closeSync, constants, fsyncSync, openSync } from 'node:fs';
import { nativeFunction } from './library.ts';
import { checkAnswer, systemErrorCode } from './system-error.ts';

const syncfs = nativeFunction('int syncfs(int fd)');

function withFolder(folder: Buffer, action: (fd: number) => void): void {
  const fd = openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    action(fd);
  } finally {
    closeSync(fd);
  }
}

/** Waits until everything written to the folder's file system is on its device: one call for any number of files. */
export function syncFileSystem(folder: Buffer): void {
  withFolder(folder, (fd) => checkAnswer('syncfs', syncfs(fd)));
}

/** Waits until the folder's own entries (new names, renames) are on the device. */
export function syncFolder(folder: Buffer): void {
  try {
    withFolder(folder, fsyncSync);
  } catch (error) {
    // Some network file systems refuse fsync on folders; their rename is as safe as it gets there.
    if (systemErrorCode(error) !== 'EINVAL' && systemErrorCode(error) !== 'EACCES') throw error;
  }
}

import { nativeFunction, nulEnded } from './library.ts';
import { checkAnswer } from './system-error.ts';

const mknod = nativeFunction('int mknod(const void *path, unsigned int mode, unsigned long device)');

const S_IFIFO = 0o010000;
const S_IFCHR = 0o020000;
const S_IFBLK = 0o060000;

/** Creates a device file of mode 0600; `device` is `st_rdev` as Linux encodes it. Throws SystemCallError, EPERM when not root. */
export function makeDevice(path: Uint8Array, type: 'dev' | 'chardev', device: bigint): void {
  checkAnswer('mknod', mknod(nulEnded(path), (type === 'dev' ? S_IFBLK : S_IFCHR) | 0o600, device));
}

/** Creates a named pipe of mode 0600. Throws SystemCallError. */
export function makeFifo(path: Uint8Array): void {
  checkAnswer('mkfifo', mknod(nulEnded(path), S_IFIFO | 0o600, 0n));
}

import { constants } from 'node:os';
import { type ErrorKind, FortFailError } from '@fortfail/base';
import { pathText } from '../files/path.ts';
import { lastErrno } from './library.ts';

const errnoNames = new Map<number, string>();
for (const [name, number] of Object.entries(constants.errno)) {
  // EAGAIN and EOPNOTSUPP share their numbers with older names; the first one listed stays.
  if (!errnoNames.has(number)) errnoNames.set(number, name);
}

/** A failed native call, with the same `code` and `errno` as the errors of `node:fs`, so that both are handled by one rule. */
export class SystemCallError extends Error {
  readonly code: string;
  readonly errno: number;
  readonly syscall: string;

  constructor(syscall: string, errno: number) {
    const code = errnoNames.get(errno) ?? `E${errno}`;
    super(`${code}: ${syscall}`);
    this.name = 'SystemCallError';
    this.code = code;
    this.errno = errno;
    this.syscall = syscall;
  }
}

/** Throws the SystemCallError of the native call just made when its `answer` is negative. */
export function checkAnswer(syscall: string, answer: number): number {
  if (answer < 0) throw new SystemCallError(syscall, lastErrno());
  return answer;
}

/** `ENOENT` and the like of a system error; undefined for anything else. */
export function systemErrorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** True when the error says that nothing is there. */
export function isMissing(error: unknown): boolean {
  const code = systemErrorCode(error);
  return code === 'ENOENT' || code === 'ENOTDIR';
}

interface SystemErrorRule {
  readonly kind: ErrorKind;
  readonly code: string;
  readonly words: string;
}

const rules: Readonly<Record<string, SystemErrorRule>> = {
  ENOENT: { kind: 'not-found', code: 'missing', words: 'it does not exist' },
  ENOTDIR: { kind: 'not-found', code: 'missing', words: 'a part of the path is not a folder' },
  EACCES: { kind: 'denied', code: 'permission', words: 'permission denied' },
  EPERM: { kind: 'denied', code: 'not-permitted', words: 'operation not permitted' },
  EROFS: { kind: 'denied', code: 'read-only', words: 'the file system is read-only' },
  EEXIST: { kind: 'conflict', code: 'exists', words: 'it exists already' },
  ENOTEMPTY: { kind: 'conflict', code: 'not-empty', words: 'the folder is not empty' },
  EISDIR: { kind: 'conflict', code: 'is-folder', words: 'it is a folder' },
  ENOSPC: { kind: 'no-space', code: 'disk-full', words: 'no space left on the device' },
  EDQUOT: { kind: 'no-space', code: 'quota', words: 'the disk quota is used up' },
  EFBIG: { kind: 'no-space', code: 'file-too-large', words: 'the file system takes no file of this size' },
  EIO: { kind: 'damaged', code: 'input-output', words: 'input/output error' },
  EUCLEAN: { kind: 'damaged', code: 'input-output', words: 'the file system is damaged' },
  ENAMETOOLONG: { kind: 'invalid-input', code: 'name-too-long', words: 'the name is too long' },
  EINVAL: { kind: 'invalid-input', code: 'not-accepted', words: 'the system does not accept the value' },
  ELOOP: { kind: 'conflict', code: 'is-symlink', words: 'it is a symbolic link' },
  ENXIO: { kind: 'conflict', code: 'changed-type', words: 'it is not a regular file' },
  EMFILE: { kind: 'unavailable', code: 'too-many-files', words: 'too many open files' },
  ENFILE: { kind: 'unavailable', code: 'too-many-files', words: 'too many open files' },
  EBUSY: { kind: 'unavailable', code: 'busy', words: 'it is in use' },
  ETXTBSY: { kind: 'unavailable', code: 'busy', words: 'it is in use' },
  EAGAIN: { kind: 'unavailable', code: 'busy', words: 'it is in use' },
  ESTALE: { kind: 'unavailable', code: 'stale', words: 'the network file system lost it' },
  ETIMEDOUT: { kind: 'unavailable', code: 'timeout', words: 'the file system does not answer' },
  EHOSTDOWN: { kind: 'unavailable', code: 'timeout', words: 'the file system does not answer' },
  ENOTCONN: { kind: 'unavailable', code: 'not-connected', words: 'the file system is not connected' },
  ENOTSUP: { kind: 'denied', code: 'not-supported', words: 'the file system does not support it' },
  EOPNOTSUPP: { kind: 'denied', code: 'not-supported', words: 'the file system does not support it' },
};

/**
 * The FortFailError of a failed call on a file: "unable to VERB OBJECT 'NAME': reason". A FortFailError passes as it
 * is; an error that is no system error is a bug and keeps its own text.
 */
export function fileError(error: unknown, verbAndObject: string, path: Uint8Array): FortFailError {
  if (error instanceof FortFailError) return error;
  const systemCode = systemErrorCode(error);
  const rule = systemCode === undefined ? undefined : rules[systemCode];
  const reason = rule?.words ?? (error instanceof Error ? error.message : String(error));
  return new FortFailError({
    kind: rule?.kind ?? 'bug',
    code: rule?.code ?? (systemCode === undefined ? 'unclassified' : systemCode.toLowerCase()),
    message: `unable to ${verbAndObject} '${pathText(path)}': ${reason}`,
    context: { systemCode },
    cause: error,
  });
}

import { type ErrorKind, FortFailError } from '@fortfail/base';

const kinds: Readonly<Record<string, ErrorKind>> = {
  ENOENT: 'not-found',
  ENOTDIR: 'not-found',
  EEXIST: 'conflict',
  EACCES: 'denied',
  EPERM: 'denied',
  EROFS: 'denied',
  ELOOP: 'denied',
  ENOSPC: 'no-space',
  EDQUOT: 'no-space',
  EFBIG: 'no-space',
  EISDIR: 'damaged',
  EUCLEAN: 'damaged',
  EBADMSG: 'damaged',
  ENAMETOOLONG: 'invalid-input',
  EINVAL: 'invalid-input',
  EIO: 'unavailable',
  ESTALE: 'unavailable',
  ENXIO: 'unavailable',
  ENODEV: 'unavailable',
  EAGAIN: 'unavailable',
  EBUSY: 'unavailable',
  EINTR: 'unavailable',
  EMFILE: 'unavailable',
  ENFILE: 'unavailable',
  ENOMEM: 'unavailable',
  ETIMEDOUT: 'unavailable',
  ENOTCONN: 'unavailable',
  ECONNABORTED: 'unavailable',
  ECONNREFUSED: 'unavailable',
  ECONNRESET: 'unavailable',
  EHOSTDOWN: 'unavailable',
  EHOSTUNREACH: 'unavailable',
  ENETDOWN: 'unavailable',
  ENETUNREACH: 'unavailable',
  EREMOTEIO: 'unavailable',
  ESHUTDOWN: 'unavailable',
};

/** The system's names in words, where people meet them. */
const words: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the quota is used up',
  EROFS: 'the file system is read-only',
  EACCES: 'permission is denied',
  EPERM: 'permission is denied',
  ENOENT: 'it is not there',
  EIO: 'the disk does not read or write',
};

const hints: Partial<Record<ErrorKind, string>> = {
  denied: 'Let the user that FortFail runs as read and write that folder, and see that its file system is not mounted read-only.',
  'no-space': 'Free space on that file system, or raise the quota. Nothing half-written was kept.',
  unavailable: 'See that the disk or share is mounted and answers, then try again.',
};

/** The system's name of a failure, `ENOSPC`; undefined when it was not a system call that failed. */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/**
 * A failed system call as a FortFailError of a kind; `doing` says what could not be done, "store pack 'ab'".
 * A call that failed for a reason not in the table is a bug; what is a FortFailError already stays itself.
 */
export function fromErrno(error: unknown, doing: string, path: string): FortFailError {
  if (error instanceof FortFailError) return error;
  const errno = errnoOf(error);
  const kind = (errno === undefined ? undefined : kinds[errno]) ?? 'bug';
  const why = errno === undefined ? '' : `: ${words[errno] === undefined ? errno : `${words[errno]} (${errno})`}`;
  const message = `unable to ${doing} in '${path}'${why}`;
  const code = errno === undefined ? 'unclassified' : errno.toLowerCase();
  return new FortFailError({ kind, code, message, hint: hints[kind], context: { path, errno }, cause: error });
}

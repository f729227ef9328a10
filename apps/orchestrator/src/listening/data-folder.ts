import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { FortFailError } from '@fortfail/base';

/** Linux gives a unix socket's path 108 bytes, one of them for the end. */
const maxSocketPath = 107;

export interface DataFolder extends Disposable {
  readonly path: string;
  readonly socketPath: string;
  readonly databasePath: string;
  readonly firstLoginPath: string;
}

/**
 * Makes the data folder if it is missing and takes it for this process. The lock is the kernel's, on an open file, so it
 * ends with the process however that dies. Throws `conflict` while another process has it, `denied` or `no-space` when it
 * cannot be used.
 */
export function openDataFolder(path: string): DataFolder {
  const run = join(path, 'run');
  const socketPath = join(run, 'orchestrator.sock');
  if (Buffer.byteLength(socketPath) > maxSocketPath) {
    throw new FortFailError({
      kind: 'invalid-input',
      code: 'data-path-too-long',
      message: `unable to use data folder '${path}', its path is too long for a socket in it`,
      hint: 'Choose one of at most 80 characters with --data.',
    });
  }
  inFolder(path, () => {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    mkdirSync(run, { recursive: true, mode: 0o700 });
  });
  checkPrivate(run);
  const lock = takeLock(path, join(run, 'lock'));
  const pidPath = join(run, 'orchestrator.pid');
  inFolder(path, () => {
    writeFileSync(pidPath, `${process.pid}\n`, { mode: 0o600 });
    // What is left of a process that died; the lock says that it is gone.
    rmSync(socketPath, { force: true });
  });
  return {
    path,
    socketPath,
    databasePath: join(path, 'catalog.db'),
    firstLoginPath: join(path, 'first-login'),
    [Symbol.dispose]() {
      rmSync(pidPath, { force: true });
      lock.close();
    },
  };
}

/** Whoever can enter this folder has all rights, so nobody else may. */
function checkPrivate(run: string): void {
  const { mode, uid } = statSync(run);
  const own = process.getuid?.() ?? uid;
  if (uid !== own) {
    throw new FortFailError({
      kind: 'denied',
      code: 'run-folder-owner',
      message: `unable to use '${run}', it belongs to another user`,
      hint: `Run: chown ${own} '${run}'`,
    });
  }
  if ((mode & 0o077) !== 0) {
    throw new FortFailError({
      kind: 'denied',
      code: 'run-folder-mode',
      message: `unable to use '${run}', others may enter it`,
      hint: `Run: chmod 0700 '${run}'`,
    });
  }
}

function takeLock(folder: string, path: string): DatabaseSync {
  return inFolder(folder, () => {
    const lock = new DatabaseSync(path, { timeout: 0 });
    try {
      lock.exec('pragma journal_mode = memory; begin exclusive');
    } catch (error) {
      lock.close();
      const isBusy = error instanceof Error && 'errcode' in error && error.errcode === 5;
      if (!isBusy) throw error;
      throw inUse(folder);
    }
    chmodSync(path, 0o600);
    return lock;
  });
}

function inUse(folder: string): FortFailError {
  const pidPath = join(folder, 'run', 'orchestrator.pid');
  const pid = existsSync(pidPath) ? readFileSync(pidPath, 'utf8').trim() : 'unknown';
  return new FortFailError({
    kind: 'conflict',
    code: 'data-folder-in-use',
    message: `unable to use data folder '${folder}', process ${pid} is using it`,
    hint: 'Stop that one first, or choose another folder with --data.',
  });
}

const refusals: Readonly<Record<string, { kind: 'denied' | 'no-space' | 'conflict'; code: string; why: string; hint: string }>> = {
  EROFS: {
    kind: 'denied',
    code: 'data-folder-read-only',
    why: 'it is on a read-only file system',
    hint: 'Make it writable, or choose another folder with --data.',
  },
  EACCES: {
    kind: 'denied',
    code: 'data-folder-denied',
    why: 'this user may not write to it',
    hint: 'Give it to this user, or choose another folder with --data.',
  },
  EPERM: {
    kind: 'denied',
    code: 'data-folder-denied',
    why: 'this user may not write to it',
    hint: 'Give it to this user, or choose another folder with --data.',
  },
  ENOSPC: { kind: 'no-space', code: 'disk-full', why: 'the disk is full', hint: 'Free some space, or choose another folder with --data.' },
  EDQUOT: {
    kind: 'no-space',
    code: 'disk-full',
    why: 'the quota is used up',
    hint: 'Free some space, or choose another folder with --data.',
  },
  ENOTDIR: {
    kind: 'conflict',
    code: 'data-folder-is-file',
    why: 'there is a file in its place',
    hint: 'Choose another folder with --data.',
  },
  EEXIST: {
    kind: 'conflict',
    code: 'data-folder-is-file',
    why: 'there is a file in its place',
    hint: 'Choose another folder with --data.',
  },
};
const sqliteRefusals: Readonly<Record<number, string>> = { 8: 'EACCES', 13: 'ENOSPC', 14: 'EACCES', 10: 'ENOSPC' };

/** Does something in the data folder; what the file system refuses becomes one plain sentence. */
export function inFolder<T>(folder: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw explain(folder, error);
  }
}

/** A file system's refusal as one plain sentence about the data folder; anything else as it was. */
export function explain(folder: string, error: unknown): unknown {
  if (error instanceof FortFailError || !(error instanceof Error)) return error;
  const code =
    'errcode' in error && typeof error.errcode === 'number'
      ? sqliteRefusals[error.errcode & 0xff]
      : 'code' in error
        ? String(error.code)
        : undefined;
  const refusal = refusals[code ?? ''];
  if (refusal === undefined) return error;
  return new FortFailError({
    kind: refusal.kind,
    code: refusal.code,
    message: `unable to use data folder '${folder}', ${refusal.why}`,
    hint: refusal.hint,
    cause: error,
  });
}

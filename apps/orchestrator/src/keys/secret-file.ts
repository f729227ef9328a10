import { closeSync, constants, fstatSync, fsyncSync, linkSync, mkdirSync, openSync, readFileSync, unlinkSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { FortFailError } from '@fortfail/base';
import { randomHex } from '../ids.ts';

/** The system's name of a failure, `ENOENT`. */
export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/**
 * Reads a file with a secret in it; undefined when there is none. Throws `denied` when it belongs to somebody else or others
 * may read it, and says what to type.
 */
export function readSecretFile(path: string): string | undefined {
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw unreadable(path, error);
  }
  try {
    const { mode, uid } = fstatSync(file);
    const own = process.getuid?.() ?? uid;
    if (uid !== own) throw refused(path, 'secret-file-owner', 'it belongs to another user', `Run: chown ${own} '${path}'`);
    if ((mode & 0o077) !== 0) throw refused(path, 'secret-file-mode', 'others may read it', `Run: chmod 0600 '${path}'`);
    return readFileSync(file, 'utf8');
  } finally {
    closeSync(file);
  }
}

/** Writes a file for this user alone that must not exist yet, whole or not at all. False when somebody else made it first. */
export function createSecretFile(path: string, text: string): boolean {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.${randomHex(8)}.tmp`;
  writeWhole(temporary, text, 0o600);
  try {
    linkSync(temporary, path);
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    throw error;
  } finally {
    unlinkSync(temporary);
  }
  syncFolder(dirname(path));
  return true;
}

/** Writes a new file and forces it to the disk. */
export function writeWhole(path: string, text: string, mode: number): void {
  const file = openSync(path, 'wx', mode);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Makes a folder's names durable. */
export function syncFolder(path: string): void {
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

function unreadable(path: string, error: unknown): FortFailError {
  return new FortFailError({
    kind: 'denied',
    code: 'secret-file-unreadable',
    message: `unable to read '${path}' (${errnoOf(error) ?? 'unknown'})`,
    hint: 'It must be an ordinary file that this user can read.',
    cause: error,
  });
}

function refused(path: string, code: string, why: string, hint: string): FortFailError {
  return new FortFailError({ kind: 'denied', code, message: `unable to use '${path}', ${why}`, hint });
}

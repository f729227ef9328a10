import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { FortFailError, Secret } from '@fortfail/base';
import { createFile, errnoOf } from '../durable-file.ts';

/** Largest file of secrets: a key, never data. */
const mostBytes = 64 * 1024;

/**
 * Reads a file that only its owner may read; undefined when there is none. Throws `denied` for a link, for a file of
 * another user and for one that others may read, naming the command that puts it right.
 */
export async function readSecretFile(path: string): Promise<Secret | undefined> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW).catch((error: unknown) => {
    const errno = errnoOf(error);
    if (errno === 'ENOENT') return undefined;
    if (errno === 'ELOOP') throw refusal('secret-link', `unable to use '${path}', it is a link`, `Put the file itself there.`);
    if (errno === 'EACCES') throw refusal('secret-owner', `unable to read '${path}'`, 'It belongs to another user: run this as that user.');
    throw error;
  });
  if (file === undefined) return undefined;
  try {
    const { uid, mode, size } = await file.stat();
    const self = process.getuid?.() ?? uid;
    if (uid !== self && self !== 0)
      throw refusal('secret-owner', `unable to use '${path}', it belongs to another user`, `Type: chown ${self} '${path}'`);
    if ((mode & 0o077) !== 0) throw refusal('secret-mode', `unable to use '${path}', other users may read it`, `Type: chmod 600 '${path}'`);
    if (size > mostBytes) throw refusal('secret-size', `unable to use '${path}', it is no key file`, 'Put the right file there.');
    return new Secret(await file.readFile('utf8'));
  } finally {
    await file.close();
  }
}

/** Writes a new file of secrets, mode 0600; false when one is there already, which stays as it is. */
export async function createSecretFile(path: string, text: string): Promise<boolean> {
  try {
    await createFile(path, text);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    throw error;
  }
}

function refusal(code: string, message: string, hint: string): FortFailError {
  return new FortFailError({ kind: 'denied', code, message, hint });
}

import { readFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { basename, join } from 'node:path';
import { FortFailError } from '@fortfail/base';
import { formatSshPublicKey, parseSshPublicKey } from '@fortfail/trust';
import type { Environment } from '../command-context.ts';

/** Somebody who may approve, grant and enrol: by a public key of their own. */
export interface AdminKey {
  readonly name: string;
  readonly key: string;
  readonly file: string;
}

const usual = ['id_ed25519.pub', 'id_ed25519_sk.pub', 'id_ecdsa.pub'];

/** The named public key files; without any, the first usual one of whoever types. Throws `invalid-input` for what is no public key. */
export async function readAdminKeys(files: readonly string[], env: Environment): Promise<AdminKey[]> {
  if (files.length > 0) return Promise.all(files.map((file) => readAdminKey(file)));
  if (env.HOME === undefined) return [];
  for (const name of usual) {
    const file = join(env.HOME, '.ssh', name);
    const text = await readFile(file, 'utf8').catch(() => undefined);
    if (text !== undefined) return [parse(file, text)];
  }
  return [];
}

async function readAdminKey(file: string): Promise<AdminKey> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new FortFailError({ kind: 'not-found', code: 'admin-key', message: `unable to read the public key '${file}'`, cause });
  });
  return parse(file, text);
}

function parse(file: string, text: string): AdminKey {
  if (text.includes('PRIVATE KEY')) {
    throw new FortFailError({
      kind: 'invalid-input',
      code: 'admin-key-private',
      message: `unable to use '${file}', it is a private key`,
      hint: `Name the public one: '${file}.pub'.`,
    });
  }
  const line = text.split('\n').find((one) => one.trim() !== '') ?? '';
  const key = parseSshPublicKey(line);
  const comment = line.trim().split(/\s+/).slice(2).join(' ');
  return { name: nameOf(comment, file), key: formatSshPublicKey(key), file };
}

/** What the key itself is called, else who types. */
function nameOf(comment: string, file: string): string {
  const name = comment.replaceAll(/[^A-Za-z0-9._@-]+/g, '-').slice(0, 64);
  if (name !== '') return name;
  try {
    return userInfo().username;
  } catch {
    // A uid without an account, usual in containers.
    return basename(file, '.pub');
  }
}

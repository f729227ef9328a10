import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FortFailError } from '@fortfail/base';
import { randomHex } from '../ids.ts';
import { createSecretFile, errnoOf } from '../keys/secret-file.ts';

/**
 * What names a data folder, made at the first start: the agent that comes over its socket is its resident agent and no other
 * folder's, also when several orchestrators share a database. Throws `damaged` when the file holds something else.
 */
export function openHomeId(dataFolder: string): string {
  const path = join(dataFolder, 'home-id');
  if (read(path) === undefined) createSecretFile(path, `home_${randomHex(8)}\n`);
  const id = read(path)?.trim() ?? '';
  if (/^home_[0-9a-f]{16}$/.test(id)) return id;
  throw new FortFailError({
    kind: 'damaged',
    code: 'bad-home-id',
    message: `unable to read '${path}', it does not name a data folder`,
    hint: 'Remove it: a new one is made, and the agent of this folder keeps its own id.',
  });
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

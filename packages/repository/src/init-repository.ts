import { randomBytes } from 'node:crypto';
import { type Clock, FortFailError, isFortFailError, type Secret } from '@fortfail/base';
import type { FileType, StorageBackend } from '@fortfail/storage';
import { randomPolynomial, requireUsablePolynomial } from './chunker/polynomial.ts';
import type { MasterKey } from './crypto/master-key.ts';
import { Sealer } from './crypto/sealer.ts';
import { encodeConfig } from './format/config.ts';
import type { KdfParameters } from './format/key-document.ts';
import { createKeySlot, requirePassword } from './key/key-slots.ts';

export interface InitOptions {
  readonly backend: StorageBackend;
  readonly password: Secret;
  /** 2 unless given. */
  readonly version?: 1 | 2 | undefined;
  /** Another repository's, so that both cut files alike; random unless given. */
  readonly polynomial?: bigint | undefined;
  readonly hostname: string;
  readonly username: string;
  readonly clock: Clock;
  /** Chosen for this machine unless given. */
  readonly kdf?: KdfParameters | undefined;
  readonly allowEmptyPassword?: boolean | undefined;
}

async function hasConfig(backend: StorageBackend): Promise<boolean> {
  try {
    await backend.stat({ type: 'config', name: '' });
    return true;
  } catch (error) {
    if (isFortFailError(error, 'not-found')) return false;
    throw error;
  }
}

async function hasAny(backend: StorageBackend, type: FileType): Promise<boolean> {
  for await (const _ of backend.list(type)) return true;
  return false;
}

/** Nothing of an old repository may be there, not even half of it: its snapshots could never be read with a new key. */
async function requireEmpty(backend: StorageBackend): Promise<void> {
  if (!(await hasConfig(backend)) && !(await hasAny(backend, 'key')) && !(await hasAny(backend, 'snapshot'))) return;
  throw new FortFailError({
    kind: 'conflict',
    code: 'repository-exists',
    message: `unable to make repository in '${backend.location.path}', there is one already`,
    hint: 'Choose another place, or open the repository that is there.',
  });
}

/**
 * Makes a repository: folders, a key slot, and the config as the last, which is what makes it one. Throws `conflict` when
 * there is one or the rest of one.
 */
export async function initRepository(options: InitOptions): Promise<{ readonly id: string; readonly keyId: string }> {
  const { backend, password, hostname, username, clock, kdf, allowEmptyPassword } = options;
  requirePassword(password, allowEmptyPassword);
  const chunkerPolynomial = options.polynomial ?? randomPolynomial();
  requireUsablePolynomial(chunkerPolynomial);
  await backend.create();
  await requireEmpty(backend);
  const key: MasterKey = { encrypt: randomBytes(32), macK: randomBytes(16), macR: randomBytes(16) };
  const keyId = await createKeySlot({ backend, key, password, hostname, username, clock, kdf, allowEmptyPassword });
  const id = randomBytes(32).toString('hex');
  const config = encodeConfig({ version: options.version ?? 2, id, chunkerPolynomial });
  await backend.put({ type: 'config', name: '' }, new Sealer(key).seal(config));
  return { id, keyId };
}

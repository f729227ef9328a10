import { randomBytes } from 'node:crypto';
import { type Clock, FortFailError, isFortFailError, type Logger, noLogger, type Secret } from '@fortfail/base';
import type { FileType, StorageBackend } from '@fortfail/storage';
import { randomPolynomial, requireUsablePolynomial } from './chunker/polynomial.ts';
import type { MasterKey } from './crypto/master-key.ts';
import { Sealer } from './crypto/sealer.ts';
import { encodeConfig } from './format/config.ts';
import type { KdfParameters } from './format/key-document.ts';
import { createKeySlot, type OpenedKey, openKeySlot, requirePassword } from './key/key-slots.ts';

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
  readonly logger?: Logger | undefined;
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

/** Nothing of an old repository may be there: its snapshots could never be read with a new key. */
async function requireEmpty(backend: StorageBackend): Promise<void> {
  if (await hasConfig(backend)) throw existing(backend);
  for (const type of ['pack', 'index', 'snapshot'] as const) if (await hasAny(backend, type)) throw existing(backend);
}

function existing(backend: StorageBackend): FortFailError {
  return new FortFailError({
    kind: 'conflict',
    code: 'repository-exists',
    message: `unable to make repository in '${backend.location.path}', there is one already`,
    hint: 'Choose another place, or open the repository that is there.',
  });
}

/**
 * The key of an `init` that was killed before it wrote the config; undefined when there is none. Taken up rather than
 * removed: so nothing that might be of use is ever thrown away, and two `init` at once cannot take each other's key.
 */
async function unfinishedKey({ backend, password, logger }: InitOptions): Promise<OpenedKey | undefined> {
  if (!(await hasAny(backend, 'key'))) return undefined;
  try {
    return await openKeySlot({ backend, password, logger: logger ?? noLogger });
  } catch (cause) {
    if (!isFortFailError(cause, 'wrong-password') && !isFortFailError(cause, 'damaged')) throw cause;
    throw new FortFailError({
      kind: 'conflict',
      code: 'repository-exists',
      message: `unable to make repository in '${backend.location.path}', there is the rest of one, with another password`,
      hint: "Give the password that its making was begun with, choose another place, or remove the folder 'keys' there.",
      cause,
    });
  }
}

/**
 * Makes a repository: folders, a key slot, and the config as the last, which is what makes it one. One whose making was
 * broken off is finished. Throws `conflict` when there is one, or the rest of one that the password does not open.
 */
export async function initRepository(options: InitOptions): Promise<{ readonly id: string; readonly keyId: string }> {
  const { backend, password, hostname, username, clock, kdf, allowEmptyPassword } = options;
  requirePassword(password, allowEmptyPassword);
  const chunkerPolynomial = options.polynomial ?? randomPolynomial();
  requireUsablePolynomial(chunkerPolynomial);
  await backend.create();
  await requireEmpty(backend);
  const unfinished = await unfinishedKey(options);
  const { key, keyId } = unfinished ?? (await makeKey());
  const id = randomBytes(32).toString('hex');
  const config = encodeConfig({ version: options.version ?? 2, id, chunkerPolynomial });
  try {
    await backend.put({ type: 'config', name: '' }, new Sealer(key).seal(config));
  } catch (error) {
    if (!isFortFailError(error, 'conflict')) throw error;
    // Another `init` was first. Our key opens nothing of its repository, and with the same password it would be in the way.
    if (unfinished === undefined) await backend.remove({ type: 'key', name: keyId });
    throw existing(backend);
  }
  return { id, keyId };

  async function makeKey(): Promise<OpenedKey> {
    const fresh: MasterKey = { encrypt: randomBytes(32), macK: randomBytes(16), macR: randomBytes(16) };
    const slot = await createKeySlot({ backend, key: fresh, password, hostname, username, clock, kdf, allowEmptyPassword });
    return { key: fresh, keyId: slot };
  }
}

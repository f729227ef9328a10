import { type Clock, FortFailError, isFortFailError, type Logger, noLogger } from '@fortfail/base';
import type { StorageBackend } from '@fortfail/storage';
import { requireUsablePolynomial } from './chunker/polynomial.ts';
import type { MasterKey } from './crypto/master-key.ts';
import { Sealer } from './crypto/sealer.ts';
import { DocumentStore } from './document-store.ts';
import { decodeConfig, type RepositoryConfig } from './format/config.ts';
import { openKeySlot } from './key/key-slots.ts';
import type { OpenOptions, Repository, RepositoryOptions } from './repository.ts';
import { StoredRepository } from './stored-repository.ts';

/** What opening found out. */
export interface OpenedRepository {
  readonly backend: StorageBackend;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly options: RepositoryOptions;
  readonly config: RepositoryConfig;
  readonly documents: DocumentStore;
  readonly key: MasterKey;
  readonly keyId: string;
}

async function readConfig(backend: StorageBackend): Promise<Uint8Array> {
  try {
    return await backend.get({ type: 'config', name: '' });
  } catch (error) {
    if (!isFortFailError(error, 'not-found')) throw error;
    throw new FortFailError({
      kind: 'repository-missing',
      code: 'no-config',
      message: `unable to open repository, there is none at '${backend.location.path}'`,
      hint: 'Check the location, or make a repository there with `fortfail init`.',
      cause: error,
    });
  }
}

/**
 * Opens a repository with a password. Throws `repository-missing`, `wrong-password`, `damaged`, and `invalid-input` for
 * a format version it does not know.
 */
export async function openRepository(open: OpenOptions): Promise<Repository> {
  const { backend, password, clock, keyHint } = open;
  const logger = open.logger ?? noLogger;
  const stored = await readConfig(backend);
  const { key, keyId } = await openKeySlot({ backend, password, logger, keyHint });
  const sealer = new Sealer(key);
  const config = decodeConfig(sealer.open(stored));
  requireUsablePolynomial(config.chunkerPolynomial);
  const documents = new DocumentStore(backend, sealer, config.version);
  return new StoredRepository({ backend, clock, logger, options: open.options ?? {}, config, documents, key, keyId });
}

import { FortFailError, type Logger } from '@fortfail/base';
import type { Location, StorageBackend } from './backend.ts';
import { LocalBackend } from './local/local-backend.ts';
import { findMemoryBackend } from './memory/memory-backend.ts';

/**
 * Opens the store at a location; it need not hold anything yet. Cheap, and safe to call in every worker thread.
 * The caller closes it.
 */
export async function openBackend(location: Location, options: { readonly logger?: Logger | undefined } = {}): Promise<StorageBackend> {
  if (location.kind === 'local') return new LocalBackend(location.path, options.logger);
  const backend = findMemoryBackend(location.path);
  if (backend !== undefined) return backend;
  throw new FortFailError({ kind: 'not-found', code: 'memory-store', message: `unable to find memory store '${location.path}'` });
}

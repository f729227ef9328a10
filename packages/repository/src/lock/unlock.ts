import { boundedMap, type Clock } from '@fortfail/base';
import type { DocumentStore } from '../document-store.ts';
import { parseGoTimeNs } from '../format/go-time.ts';
import { removeLock } from './held-lock.ts';
import { isProcessAlive, readHostIdentity } from './host-identity.ts';
import { LockFiles, type SeenLock } from './lock-files.ts';

/** restic's: six missed refreshes. */
const staleAfterMs = 30 * 60_000;

/** Whether nobody can be behind that file any more: too old, or of this host and its process gone. */
function isStale({ file, modified }: SeenLock, now: Date, hostname: string): boolean {
  if (file === undefined) return false;
  // A document waiting to be moved bears the time of its contents; only the storage knows its age.
  if (file.kind !== 'lock') return now.getTime() - modified.getTime() > staleAfterMs;
  const { lock } = file;
  const createdMs = lock.time === '' ? 0 : Number(parseGoTimeNs(lock.time) / 1_000_000n);
  if (now.getTime() - createdMs > staleAfterMs) return true;
  return lock.hostname === hostname && !isProcessAlive(lock.pid);
}

/**
 * Removes stale locks, or all of them: also documents of a writer that died between sealing and moving. A living client
 * whose lock is taken notices, and starts over. Answers with how many went.
 */
export async function unlock(documents: DocumentStore, clock: Clock, options: { readonly removeAll: boolean }): Promise<number> {
  const now = clock.now();
  const { hostname } = readHostIdentity();
  const seen = await new LockFiles(documents, clock).look({ acceptUnreadable: true });
  const doomed = seen.filter((lock) => options.removeAll || isStale(lock, now, hostname));
  await boundedMap(doomed, documents.backend.properties.connections, ({ name }) => removeLock(documents, name));
  return doomed.length;
}

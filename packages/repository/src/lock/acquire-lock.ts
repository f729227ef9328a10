import { type Clock, isFortFailError } from '@fortfail/base';
import type { DocumentStore } from '../document-store.ts';
import type { LockDocument } from '../format/lock-document.ts';
import { HeldLock, type LockContent, removeLock, settle } from './held-lock.ts';
import { isProcessAlive } from './host-identity.ts';
import { findConflict, type LockPurpose, lockedBy } from './lock-conflict.ts';
import { LockFiles, type SeenLock } from './lock-files.ts';

/** restic waits as long between its lock and its second look. */
const exclusiveSettleMs = 200;
const firstRetryWaitMs = 5_000;
const longestRetryWaitMs = 60_000;

export interface AcquireOptions {
  readonly documents: DocumentStore;
  readonly clock: Clock;
  readonly content: LockContent;
  /** How long to wait for others; 0 gives up at once. */
  readonly retryLockMs: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Takes a lock: looks, puts, settles, looks again, and withdraws when somebody came first. A lock in the way is never
 * removed for its age. Throws `repository-locked`.
 */
export async function acquireLock(options: AcquireOptions): Promise<HeldLock> {
  const { clock, signal } = options;
  const locks = new LockFiles(options.documents, clock);
  const deadline = clock.monotonicMs() + options.retryLockMs;
  for (let waitMs = firstRetryWaitMs; ; waitMs = Math.min(waitMs * 2, longestRetryWaitMs)) {
    try {
      return await tryLock(options, locks);
    } catch (error) {
      const leftMs = deadline - clock.monotonicMs();
      if (!isFortFailError(error, 'repository-locked') || leftMs <= 0) throw error;
      await clock.sleep(Math.min(waitMs, leftMs), signal);
    }
  }
}

async function tryLock(options: AcquireOptions, locks: LockFiles): Promise<HeldLock> {
  const { documents, clock, content, signal } = options;
  const purpose: LockPurpose = content.exclusive ? 'keeper' : 'session';
  const { hasMove } = documents.backend.properties;
  await requireNoConflict(options, await locks.look({ signal }), purpose);
  const held = await HeldLock.put(documents, clock, content, signal);
  try {
    // Without the exclusive wait both sides would still see each other; restic's shorter wait is kept for its sake.
    await settle(documents, clock, signal, content.exclusive ? exclusiveSettleMs : 0);
    const conflict = findConflict(await locks.look({ signal }), purpose, held.name, hasMove);
    if (conflict !== undefined) throw lockedBy(conflict);
    return held;
  } catch (error) {
    await held.remove();
    throw error;
  }
}

async function requireNoConflict(options: AcquireOptions, seen: readonly SeenLock[], purpose: LockPurpose): Promise<void> {
  const { documents, content } = options;
  const { hostname } = content.identity;
  const living = seen.filter((lock) => !isOfDeadSession(lock, hostname));
  if (content.session.kind !== 'reader') {
    for (const lock of seen) if (isLeftover(lock, living, hostname)) await removeLock(documents, lock.name);
  }
  const conflict = findConflict(living, purpose, undefined, documents.backend.properties.hasMove);
  if (conflict !== undefined) throw lockedBy(conflict);
}

function sessionOf({ file }: SeenLock): LockDocument | undefined {
  return file?.kind === 'lock' && file.lock.fortfail !== undefined ? file.lock : undefined;
}

/** A session of this host whose process is gone has ended; restic's locks are left to `unlock`. */
function isOfDeadSession(seen: SeenLock, hostname: string): boolean {
  const session = sessionOf(seen);
  return session !== undefined && session.hostname === hostname && !isProcessAlive(session.pid);
}

/**
 * What a killed client left and its successor clears away: its lock, and documents that wait to be moved while no
 * session lives that could move them. Were one alive after all, it would be fenced and start over.
 */
function isLeftover(seen: SeenLock, living: readonly SeenLock[], hostname: string): boolean {
  if (isOfDeadSession(seen, hostname)) return true;
  const isWaiting = seen.file !== undefined && seen.file.kind !== 'lock';
  return isWaiting && !living.some((other) => sessionOf(other) !== undefined);
}

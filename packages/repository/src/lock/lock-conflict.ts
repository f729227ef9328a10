import { FortFailError } from '@fortfail/base';
import type { LockDocument } from '../format/lock-document.ts';
import type { SeenLock } from './lock-files.ts';

/** What a client is about to do: `session` reads or adds, `keeper` forgets and removes. */
export type LockPurpose = 'session' | 'keeper';

function lockOf(seen: SeenLock): LockDocument | undefined {
  return seen.file?.kind === 'lock' ? seen.file.lock : undefined;
}

/** Whether `theirs` keeps a client of that purpose out. `hasMove` is false on stores where restic's rules are all there is. */
function isInTheWay(theirs: LockDocument, purpose: LockPurpose, hasMove: boolean): boolean {
  if (!hasMove) return purpose === 'keeper' || theirs.exclusive;
  // Sessions and keepers of FortFail pass each other by: seals and condemn records keep them apart.
  if (theirs.fortfail === undefined) return purpose === 'keeper' || theirs.exclusive;
  return purpose === 'keeper' && theirs.fortfail.kind === 'keeper';
}

/** The first lock in the way of that purpose; the client's own is not. */
export function findConflict(
  locks: readonly SeenLock[],
  purpose: LockPurpose,
  own: string | undefined,
  hasMove: boolean,
): SeenLock | undefined {
  return locks.find((seen) => {
    const lock = lockOf(seen);
    return lock !== undefined && seen.name !== own && isInTheWay(lock, purpose, hasMove);
  });
}

/** The error that says who holds the repository. */
export function lockedBy(seen: SeenLock): FortFailError {
  const lock = lockOf(seen);
  const who = lock === undefined ? 'somebody' : `PID ${lock.pid} on ${lock.hostname} by ${lock.username}`;
  const kind = lock?.exclusive ? 'exclusively ' : '';
  return new FortFailError({
    kind: 'repository-locked',
    code: 'locked',
    message: `unable to lock repository, it is already locked ${kind}by ${who}`,
    hint: 'Wait for it, with --retry-lock if you like. If that client is dead, run `fortfail unlock`.',
    context: {
      lock: seen.name,
      created: lock?.time,
      hostname: lock?.hostname,
      username: lock?.username,
      pid: lock?.pid,
      exclusive: lock?.exclusive,
    },
  });
}

import { hostname } from 'node:os';
import process from 'node:process';
import { isFortFailError } from '@fortfail/base';
import type { Repository } from '@fortfail/repository';
import { listAll } from '@fortfail/storage';
import { errnoOf } from '../durable-file.ts';

interface LockLine {
  readonly hostname: string;
  readonly pid: number;
}

/**
 * Removes session locks that FortFail left on this host when its process died; answers how many. Everything else stays:
 * locks of restic, of other hosts, and documents on their way. Only to be called before this process has a session of its
 * own in the repository, since a lock with its own process number is taken for one of an earlier life (usual in containers,
 * where the numbers repeat).
 */
export async function removeDeadLocks(repository: Repository): Promise<number> {
  let removed = 0;
  for (const { name } of await listAll(repository.backend, 'lock')) {
    const lock = await readOwnLock(repository, name);
    if (lock === undefined || lock.hostname !== hostname() || (lock.pid !== process.pid && isAlive(lock.pid))) continue;
    await repository.backend.remove({ type: 'lock', name });
    removed += 1;
  }
  return removed;
}

/** Undefined for what is not a session lock of FortFail, or gone meanwhile, or not readable. */
async function readOwnLock(repository: Repository, name: string): Promise<LockLine | undefined> {
  try {
    const document: unknown = JSON.parse((await repository.loadRaw('lock', name)).toString('utf8'));
    if (typeof document !== 'object' || document === null || !('fortfail' in document)) return undefined;
    const { hostname: host, pid } = document as { hostname?: unknown; pid?: unknown };
    return typeof host === 'string' && typeof pid === 'number' ? { hostname: host, pid } : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || isFortFailError(error, 'not-found') || isFortFailError(error, 'damaged')) return undefined;
    throw error;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errnoOf(error) !== 'ESRCH';
  }
}

import { type Clock, isFortFailError, type Logger } from '@fortfail/base';
import type { JobPayload } from '@fortfail/protocol';
import { openRepository, type Repository } from '@fortfail/repository';
import { openBackend, parseLocation, type StorageBackend } from '@fortfail/storage';
import { removeDeadLocks } from './dead-locks.ts';
import type { PasswordFiles } from './password-file.ts';

export type RepositoryReference = JobPayload['repository'];

export interface ShelfParts {
  readonly passwords: PasswordFiles;
  readonly clock: Clock;
  readonly logger: Logger;
}

interface Kept {
  readonly repository: Repository;
  readonly backend: StorageBackend;
  users: number;
  lastUsedMs: number;
}

const idleMs = 60_000;
/** How long a job waits for locks of others before it goes back to the queue. */
const retryLockMs = 30_000;

/**
 * Opens repositories by their reference. A job gets one of its own, opened anew, so that it never works on an index that is
 * old; browsing shares one that is closed after a minute without questions.
 */
export class RepositoryShelf {
  readonly passwords: PasswordFiles;
  readonly #parts: ShelfParts;
  readonly #kept = new Map<string, Promise<Kept>>();
  readonly #cleared = new Map<string, Promise<void>>();

  constructor(parts: ShelfParts) {
    this.passwords = parts.passwords;
    this.#parts = parts;
  }

  /** Opens a repository for the length of `work`. The index is loaded by whoever needs it. */
  async use<T>(reference: RepositoryReference, work: (repository: Repository) => Promise<T>): Promise<T> {
    await using backend = await openBackend(parseLocation(reference.location), { logger: this.#parts.logger });
    await using repository = await this.#open(reference, backend);
    return await work(repository);
  }

  /**
   * Lends a repository with its index for reading. What was added after the index was read, or moved to other packs, is
   * found by reading the index once more.
   */
  async browse<T>(reference: RepositoryReference, work: (repository: Repository) => Promise<T>): Promise<T> {
    return await this.#lend(reference, async (repository) => {
      try {
        return await work(repository);
      } catch (error) {
        if (!mayBeStale(error)) throw error;
        await repository.loadIndex();
        return await work(repository);
      }
    });
  }

  /** Closes what nobody has asked for a while, until the signal; then all of it. */
  async tidy(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#parts.clock.sleep(idleMs / 2, signal).catch(() => undefined);
      const before = this.#parts.clock.monotonicMs() - (signal.aborted ? 0 : idleMs);
      for (const [id, kept] of [...this.#kept]) {
        const { users, lastUsedMs } = await kept.catch(() => ({ users: 0, lastUsedMs: before }));
        if (users === 0 && lastUsedMs <= before) await this.#forget(id);
      }
    }
  }

  async #lend<T>(reference: RepositoryReference, work: (repository: Repository) => Promise<T>): Promise<T> {
    let keeping = this.#kept.get(reference.id);
    if (keeping === undefined) {
      keeping = this.#keep(reference);
      this.#kept.set(reference.id, keeping);
      keeping.catch(() => this.#kept.delete(reference.id));
    }
    const kept = await keeping;
    kept.users += 1;
    try {
      return await work(kept.repository);
    } finally {
      kept.users -= 1;
      kept.lastUsedMs = this.#parts.clock.monotonicMs();
    }
  }

  async #keep(reference: RepositoryReference): Promise<Kept> {
    const backend = await openBackend(parseLocation(reference.location), { logger: this.#parts.logger });
    const repository = await this.#open(reference, backend);
    await repository.loadIndex();
    return { repository, backend, users: 0, lastUsedMs: this.#parts.clock.monotonicMs() };
  }

  async #forget(id: string): Promise<void> {
    const keeping = this.#kept.get(id);
    this.#kept.delete(id);
    const kept = await keeping?.catch(() => undefined);
    await kept?.repository[Symbol.asyncDispose]();
    await kept?.backend[Symbol.asyncDispose]();
  }

  async #open(reference: RepositoryReference, backend: StorageBackend): Promise<Repository> {
    const { passwords, clock, logger } = this.#parts;
    const password = await passwords.read(reference.id);
    const repository = await openRepository({ backend, password, clock, logger, options: { retryLockMs } });
    await this.#clearDeadLocks(reference.id, repository);
    return repository;
  }

  /** Once in this process's life, before it takes a lock of its own: an earlier agent may have died and left one. */
  async #clearDeadLocks(id: string, repository: Repository): Promise<void> {
    const clearing = this.#cleared.get(id) ?? this.#clear(id, repository);
    this.#cleared.set(id, clearing);
    await clearing;
  }

  async #clear(id: string, repository: Repository): Promise<void> {
    const { logger } = this.#parts;
    try {
      const removed = await removeDeadLocks(repository);
      if (removed > 0) logger.info({ component: 'repositories', repositoryId: id, removed }, 'locks of an agent that died removed');
    } catch (err) {
      // A store that cannot be tidied may still be read; what needs the lock away will say so itself.
      logger.warn({ component: 'repositories', repositoryId: id, err }, 'locks of an agent that died not removed');
    }
  }
}

/** A path that is not in a tree is not in it, however old the index: trees never change. */
function mayBeStale(error: unknown): boolean {
  return isFortFailError(error, 'damaged') || (isFortFailError(error, 'not-found') && error.code !== 'path');
}

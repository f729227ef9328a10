import { boundedMap, type Clock, FortFailError, isFortFailError } from '@fortfail/base';
import { listAll } from '@fortfail/storage';
import type { DocumentStore } from '../document-store.ts';
import { decodeLockFile, type LockFile } from '../format/lock-document.ts';

/** A file in `locks/`. `file` is undefined when it could not be read. */
export interface SeenLock {
  readonly name: string;
  /** The storage's time. */
  readonly modified: Date;
  readonly file: LockFile | undefined;
}

/** Waits before an unreadable lock is read again: another client may be writing it on a store that is not atomic. */
const retryWaitsMs = [5_000, 10_000, 20_000] as const;

/** Looks at `locks/`, reading each file once however often it looks. */
export class LockFiles {
  readonly #documents: DocumentStore;
  readonly #clock: Clock;
  readonly #known = new Map<string, LockFile>();

  constructor(documents: DocumentStore, clock: Clock) {
    this.#documents = documents;
    this.#clock = clock;
  }

  /**
   * Everything there now. Files of no bytes are left out, as restic does; one that vanishes meanwhile too. Throws
   * `repository-locked` when a file stays unreadable, unless told to answer with it.
   */
  async look(options: { readonly signal?: AbortSignal | undefined; readonly acceptUnreadable?: boolean } = {}): Promise<SeenLock[]> {
    const { signal } = options;
    const files = (await listAll(this.#documents.backend, 'lock', { signal })).filter((file) => file.sizeBytes > 0);
    const waits = options.acceptUnreadable === true ? [] : retryWaitsMs;
    const seen = await boundedMap(files, this.#documents.backend.properties.connections, async ({ name, modified }) => {
      const file = await this.#read(name, waits, signal);
      return file === 'gone' ? undefined : { name, modified, file };
    });
    const locks = seen.filter((lock) => lock !== undefined);
    const unreadable = locks.find((lock) => lock.file === undefined);
    if (unreadable !== undefined && options.acceptUnreadable !== true) throw unreadableLock(unreadable.name);
    return locks;
  }

  async #read(name: string, waitsMs: readonly number[], signal: AbortSignal | undefined): Promise<LockFile | 'gone' | undefined> {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    for (const waitMs of [...waitsMs, undefined]) {
      try {
        const file = decodeLockFile(name, await this.#documents.load('lock', name, { signal }));
        this.#known.set(name, file);
        return file;
      } catch (error) {
        if (isFortFailError(error, 'not-found')) return 'gone';
        if (!isFortFailError(error, 'damaged')) throw error;
      }
      if (waitMs !== undefined) await this.#clock.sleep(waitMs, signal);
    }
    return undefined;
  }
}

function unreadableLock(name: string): FortFailError {
  return new FortFailError({
    kind: 'repository-locked',
    code: 'unreadable-lock',
    message: `unable to lock repository, lock '${name}' cannot be read`,
    hint: 'Run `fortfail unlock --remove-all` when nothing else uses the repository.',
  });
}

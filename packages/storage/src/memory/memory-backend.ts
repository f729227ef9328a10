import { type Clock, FortFailError, systemClock } from '@fortfail/base';
import { throwIfAborted } from '../abort.ts';
import type {
  BackendProperties,
  ByteRange,
  FileInfo,
  FileType,
  GetOptions,
  Handle,
  IoOptions,
  Location,
  StorageBackend,
} from '../backend.ts';
import { describeHandle, pathOf } from '../layout.ts';
import { checkRange, endsEarly, memoryFor } from '../range.ts';

interface StoredFile {
  readonly handle: Handle;
  readonly body: Buffer;
  readonly modified: Date;
}

const stores = new Map<string, MemoryBackend>();

/** The store of that name in this thread's memory; undefined when no test made it. */
export function findMemoryBackend(name: string): MemoryBackend | undefined {
  return stores.get(name);
}

/** A store in this thread's memory, for tests. Its location opens the same store again in the same thread only. */
export class MemoryBackend implements StorageBackend {
  readonly location: Location;
  readonly properties: BackendProperties;
  readonly #files = new Map<string, StoredFile>();
  readonly #clock: Clock;

  constructor(options: { readonly name?: string; readonly clock?: Clock; readonly properties?: Partial<BackendProperties> } = {}) {
    const name = options.name ?? `store-${stores.size + 1}`;
    this.location = { kind: 'memory', path: name };
    this.properties = { connections: 4, hasMove: true, listDelayMs: 0, ...options.properties };
    this.#clock = options.clock ?? systemClock;
    stores.set(name, this);
  }

  /** Every file's path in restic's layout with its bytes, for a look from outside (or to write a store out to disk). */
  entries(): { readonly path: string; readonly body: Buffer }[] {
    return [...this.#files].map(([path, file]) => ({ path, body: file.body }));
  }

  /** Puts bytes where they should not be: for tests of damage. */
  overwrite(handle: Handle, body: Uint8Array): void {
    this.#files.set(pathOf(handle), { handle, body: Buffer.from(body), modified: this.#clock.now() });
  }

  create(options?: IoOptions): Promise<void> {
    return this.#answer(options, () => undefined);
  }

  put(handle: Handle, body: Uint8Array, options?: IoOptions): Promise<void> {
    return this.#answer(options, () => {
      const path = pathOf(handle);
      if (this.#files.has(path)) throw conflict('store', handle);
      this.#files.set(path, { handle, body: Buffer.from(body), modified: this.#clock.now() });
    });
  }

  get(handle: Handle, range?: ByteRange, options?: GetOptions): Promise<Uint8Array> {
    return this.#answer(options, () => {
      if (range !== undefined) checkRange(range);
      const { body } = this.#find(handle, 'read');
      const wanted = range ?? { offset: 0, length: body.length };
      if (wanted.offset + wanted.length > body.length) throw endsEarly(handle, wanted, body.length);
      const memory = memoryFor(wanted.length, options);
      memory.set(body.subarray(wanted.offset, wanted.offset + wanted.length));
      return memory;
    });
  }

  stat(handle: Handle, options?: IoOptions): Promise<FileInfo> {
    return this.#answer(options, () => infoOf(this.#find(handle, 'find')));
  }

  async *list(type: FileType, options?: IoOptions): AsyncIterable<FileInfo> {
    const infos = await this.#answer(options, () => [...this.#files.values()].filter((file) => file.handle.type === type).map(infoOf));
    yield* infos;
  }

  remove(handle: Handle, options?: IoOptions): Promise<void> {
    return this.#answer(options, () => {
      this.#find(handle, 'remove');
      this.#files.delete(pathOf(handle));
    });
  }

  move(from: Handle, to: Handle, options?: IoOptions): Promise<void> {
    return this.#answer(options, () => {
      const file = this.#find(from, 'move');
      const target = pathOf(to);
      if (this.#files.has(target)) throw conflict('move to', to);
      this.#files.set(target, { ...file, handle: to });
      this.#files.delete(pathOf(from));
    });
  }

  replaceConfig(body: Uint8Array, options?: IoOptions): Promise<void> {
    return this.#answer(options, () => this.overwrite({ type: 'config', name: '' }, body));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }

  /** Answers in a later turn, as every real store does. */
  async #answer<T>(options: IoOptions | undefined, work: () => T): Promise<T> {
    throwIfAborted(options);
    await Promise.resolve();
    return work();
  }

  #find(handle: Handle, verb: string): StoredFile {
    const file = this.#files.get(pathOf(handle));
    if (file !== undefined) return file;
    throw new FortFailError({ kind: 'not-found', code: 'enoent', message: `unable to ${verb} ${describeHandle(handle)}: ENOENT` });
  }
}

function infoOf(file: StoredFile): FileInfo {
  return { name: file.handle.name, sizeBytes: file.body.length, modified: file.modified };
}

function conflict(verb: string, handle: Handle): FortFailError {
  return new FortFailError({ kind: 'conflict', code: 'eexist', message: `unable to ${verb} ${describeHandle(handle)}: EEXIST` });
}

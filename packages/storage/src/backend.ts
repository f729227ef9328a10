/**
 * What lies in a store, by restic's names plus FortFail's own folder (`fortfail/`), which restic ignores.
 * `config` is one file and its name is the empty string.
 */
export type FileType = 'config' | 'key' | 'pack' | 'index' | 'snapshot' | 'lock' | 'condemned' | 'trash' | 'hold' | 'clock' | 'pass';

export interface Handle {
  readonly type: FileType;
  readonly name: string;
}

export interface ByteRange {
  readonly offset: number;
  readonly length: number;
}

export interface FileInfo {
  readonly name: string;
  readonly sizeBytes: number;
  /** The storage's own time, not the client's. */
  readonly modified: Date;
}

/** Where a store lies, as plain data: a worker thread opens its own connection from it. Secrets are never part of it. */
export interface Location {
  readonly kind: 'local' | 'memory';
  readonly path: string;
}

export interface IoOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface GetOptions extends IoOptions {
  /** Memory to read into, at least as long as the range; the answer is then a view of its beginning. */
  readonly into?: Uint8Array | undefined;
}

export interface BackendProperties {
  /** How many requests at once make sense. */
  readonly connections: number;
  /** True when `move` exists and fails once the source is gone. */
  readonly hasMove: boolean;
  /** Longest age of a listing in milliseconds (D of the prune protocol); 0 when listings are always current. */
  readonly listDelayMs: number;
}

/**
 * A place that holds whole, immutable files. Every kind must promise:
 * - a file is there whole or not at all, also after a crash at any moment; `put` resolves only when it is durable;
 * - what `put` resolved for is read back by the next `get`, by anyone;
 * - a listing names each file once, in no particular order, and skips names that are not FortFail's or restic's;
 * - failures carry a kind: `not-found`, `conflict`, `denied`, `retained`, `no-space`, `unavailable`, `damaged`.
 */
export interface StorageBackend extends AsyncDisposable {
  readonly location: Location;
  readonly properties: BackendProperties;
  /** Makes the folders of an empty store. Harmless when they are there. */
  create(options?: IoOptions): Promise<void>;
  /** Stores `body`, which must not change until this resolves. `conflict` when the handle is taken. */
  put(handle: Handle, body: Uint8Array, options?: IoOptions): Promise<void>;
  /** The file, or exactly that range of it; `damaged` when the file ends before the range does. */
  get(handle: Handle, range?: ByteRange, options?: GetOptions): Promise<Uint8Array>;
  stat(handle: Handle, options?: IoOptions): Promise<FileInfo>;
  list(type: FileType, options?: IoOptions): AsyncIterable<FileInfo>;
  remove(handle: Handle, options?: IoOptions): Promise<void>;
  /** Renames without ever replacing: `not-found` when `from` is gone, `conflict` when `to` is taken. A capability. */
  move?(from: Handle, to: Handle, options?: IoOptions): Promise<void>;
  /** Replaces `config` (a migration, a new chunker). Atomic where the storage can. */
  replaceConfig(body: Uint8Array, options?: IoOptions): Promise<void>;
}

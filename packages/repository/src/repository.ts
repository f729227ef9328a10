import type { Clock, Logger, Secret } from '@fortfail/base';
import type { StorageBackend } from '@fortfail/storage';
import type { MasterKey } from './crypto/master-key.ts';
import type { DocumentStore } from './document-store.ts';
import type { RepositoryConfig } from './format/config.ts';
import type { Snapshot } from './format/snapshot.ts';
import type { Tree } from './format/tree-node.ts';
import type { SharedIndex } from './index-store/shared-index.ts';
import type { NewPassword } from './key/key-ring.ts';
import type { KeyInfo } from './key/key-slots.ts';
import type { PackReader } from './pack/pack-reader.ts';
import type { BlobType } from './pack/packed-blob.ts';
import type { BlobPipelineInit } from './pack/pipeline-init.ts';
import type { LoadIndexOptions } from './session/index-loader.ts';
import type { Session } from './session/lock-session.ts';
import type { SnapshotFilter } from './session/snapshot-filter.ts';
import type { ListSnapshotsOptions } from './session/snapshot-store.ts';
import type { WriterSession } from './session/writer-session.ts';
import type { Compression } from './zstd/compression.ts';

/** How a repository is used; none of it is stored. */
export interface RepositoryOptions {
  readonly compression?: Compression | undefined;
  readonly packSizeBytes?: number | undefined;
  /** Do not open and compare a pack's blobs again before it is stored. */
  readonly noExtraVerify?: boolean | undefined;
  /** Readers show no lock. Writers always do. */
  readonly noLock?: boolean | undefined;
  /** How long to wait for other clients' locks; 0 gives up at once. */
  readonly retryLockMs?: number | undefined;
}

export interface OpenOptions {
  readonly backend: StorageBackend;
  readonly password: Secret;
  readonly clock: Clock;
  readonly logger?: Logger | undefined;
  readonly keyHint?: string | undefined;
  readonly options?: RepositoryOptions | undefined;
}

/** What `loadRaw` can show. */
export type RawType = 'config' | 'key' | 'pack' | 'index' | 'snapshot' | 'lock';

interface SignalOption {
  readonly signal?: AbortSignal | undefined;
}

/**
 * An opened repository: blobs, trees and snapshots in, and sessions to add to it. Closing it closes nothing of the
 * caller's: sessions and the storage are closed by whoever opened them. One writer at a time: for two at once open it twice.
 */
export interface Repository extends AsyncDisposable {
  readonly id: string;
  readonly version: 1 | 2;
  readonly config: RepositoryConfig;
  /** The key slot it was opened with; changes with `changePassword`. */
  readonly keyId: string;
  readonly key: MasterKey;
  readonly backend: StorageBackend;
  /** Sealed documents; for maintenance within this package. */
  readonly documents: DocumentStore;
  readonly options: RepositoryOptions;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Empty until `loadIndex` or `beginWriter`, and another object after one of these that had to begin anew. */
  readonly index: SharedIndex;

  /** Reads the index documents, or what is new of them. Throws `damaged`. */
  loadIndex(options?: LoadIndexOptions): Promise<void>;
  /** A blob's verified bytes. Throws `not-found` for an id that is not indexed, `damaged` when no copy is whole. */
  loadBlob(type: BlobType, id: string, signal?: AbortSignal): Promise<Buffer>;
  loadTree(id: string, signal?: AbortSignal): Promise<Tree>;
  /** A document or file as `cat` shows it: opened and decompressed, keys and packs as stored. */
  loadRaw(type: RawType, name: string): Promise<Buffer>;
  /** Oldest first. Throws for the first that cannot be read unless `onUnreadable` takes it. */
  listSnapshots(options?: ListSnapshotsOptions): Promise<Snapshot[]>;
  /** By the beginning of an id, or `latest` of those that match. Throws `not-found` or `invalid-input`/`ambiguous`. */
  findSnapshot(selector: string, filter?: SnapshotFilter, options?: ListSnapshotsOptions): Promise<Snapshot>;
  /** A new reader over the index as it is now, for this thread. */
  packReader(): PackReader;
  /** What worker threads need, keys included: only ever handed over as `workerData`. */
  pipelineInit(): BlobPipelineInit;

  /** Shows what is being read; `holds` keeps these snapshots' data while the session lives. Throws `repository-locked`. */
  beginReader(options?: SignalOption & { readonly holds?: readonly string[] }): Promise<Session>;
  /** Takes the writer's lock, then loads the index anew under it. Throws `repository-locked`. */
  beginWriter(options?: SignalOption): Promise<WriterSession>;
  /** The keeper's lock: alone against restic and other keepers, beside our own readers and writers. Throws `repository-locked`. */
  lockExclusive(kind: 'keeper', options?: SignalOption): Promise<Session>;
  /** Removes stale locks, or all; answers with how many. */
  unlock(options?: { readonly removeAll?: boolean }): Promise<number>;

  listKeys(): Promise<KeyInfo[]>;
  /** Adds a password; answers with the new slot's id. */
  addKey(password: NewPassword): Promise<string>;
  /** Removes the slot whose id begins so. Throws `conflict`/`current-key` for the one in use. */
  removeKey(idPrefix: string): Promise<string>;
  /** Puts a new password in the place of the one in use; answers with the new slot's id. */
  changePassword(password: NewPassword): Promise<string>;
}

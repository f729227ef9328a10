import { FortFailError, isFortFailError } from '@fortfail/base';
import { decodeTree } from './format/decode-tree.ts';
import type { Snapshot } from './format/snapshot.ts';
import type { Tree } from './format/tree-node.ts';
import { ClaimSet } from './index-store/claim-set.ts';
import type { SharedIndex } from './index-store/shared-index.ts';
import { loadKernelModule } from './kernels/kernel-module.ts';
import { type NewPassword, removeKeySlot, replaceKeySlot } from './key/key-ring.ts';
import { createKeySlot, type KeyInfo, listKeySlots } from './key/key-slots.ts';
import { fenced } from './lock/held-lock.ts';
import { readHostIdentity } from './lock/host-identity.ts';
import { unlock } from './lock/unlock.ts';
import type { OpenedRepository } from './open-repository.ts';
import { PackReader } from './pack/pack-reader.ts';
import type { BlobType } from './pack/packed-blob.ts';
import { type BlobPipelineInit, defaultPackSizeBytes } from './pack/pipeline-init.ts';
import type { RawType, Repository } from './repository.ts';
import { CondemnedPacks } from './session/condemned-packs.ts';
import { IndexLoader, type LoadIndexOptions } from './session/index-loader.ts';
import { beginSession, type LockSession, type Session, unlockedSession } from './session/lock-session.ts';
import type { SnapshotFilter } from './session/snapshot-filter.ts';
import { type ListSnapshotsOptions, SnapshotStore } from './session/snapshot-store.ts';
import { walkTrees } from './session/tree-walk.ts';
import { PublishingSession, type WriterSession } from './session/writer-session.ts';

const noPacks: ReadonlySet<string> = new Set();

/** The repository behind the interface; made by `openRepository`. */
export class StoredRepository implements Repository {
  readonly #opened: OpenedRepository;
  readonly #loader: IndexLoader;
  readonly #condemned: CondemnedPacks;
  readonly #snapshots: SnapshotStore;
  #keyId: string;
  #claims = ClaimSet.create();
  /** Packs kept from the writer that is at work; readers may use them while they are there. */
  #condemnedNow: ReadonlySet<string> = noPacks;
  #reader: { readonly index: SharedIndex; readonly packs: PackReader } | undefined;

  constructor(opened: OpenedRepository) {
    this.#opened = opened;
    this.#keyId = opened.keyId;
    this.#loader = new IndexLoader(opened.documents);
    this.#condemned = new CondemnedPacks(opened.documents);
    this.#snapshots = new SnapshotStore(opened.documents);
  }

  get id(): string {
    return this.#opened.config.id;
  }

  get version(): 1 | 2 {
    return this.#opened.config.version;
  }

  get config(): Repository['config'] {
    return this.#opened.config;
  }

  get keyId(): string {
    return this.#keyId;
  }

  get key(): Repository['key'] {
    return this.#opened.key;
  }

  get backend(): Repository['backend'] {
    return this.#opened.backend;
  }

  get options(): Repository['options'] {
    return this.#opened.options;
  }

  get clock(): Repository['clock'] {
    return this.#opened.clock;
  }

  get logger(): Repository['logger'] {
    return this.#opened.logger;
  }

  get documents(): OpenedRepository['documents'] {
    return this.#opened.documents;
  }

  get index(): SharedIndex {
    return this.#loader.index;
  }

  loadIndex(options: LoadIndexOptions = {}): Promise<void> {
    return this.#loader.load(this.#condemnedNow, options);
  }

  async loadBlob(type: BlobType, id: string, signal?: AbortSignal): Promise<Buffer> {
    try {
      return await this.#readBlob(type, id);
    } catch (error) {
      if (!isFortFailError(error, 'not-found') && !isFortFailError(error, 'damaged')) throw error;
      // Its pack may have been given up and the blob rescued into another one.
      await this.loadIndex({ signal });
      return this.#readBlob(type, id);
    }
  }

  async loadTree(id: string, signal?: AbortSignal): Promise<Tree> {
    return decodeTree(await this.loadBlob('tree', id, signal));
  }

  async loadRaw(type: RawType, name: string): Promise<Buffer> {
    if (type === 'index' || type === 'snapshot' || type === 'lock') return this.documents.load(type, name);
    const stored = Buffer.from(await this.backend.get({ type, name: type === 'config' ? '' : name }));
    return type === 'config' ? this.documents.open(stored) : stored;
  }

  listSnapshots(options: ListSnapshotsOptions = {}): Promise<Snapshot[]> {
    return this.#snapshots.list(options);
  }

  findSnapshot(selector: string, filter: SnapshotFilter = {}, options: ListSnapshotsOptions = {}): Promise<Snapshot> {
    return this.#snapshots.find(selector, filter, options);
  }

  packReader(): PackReader {
    return new PackReader(this.pipelineInit(), this.backend);
  }

  pipelineInit(): BlobPipelineInit {
    return this.#initFor(this.index);
  }

  async beginReader(options: { readonly signal?: AbortSignal | undefined; readonly holds?: readonly string[] } = {}): Promise<Session> {
    if (this.options.noLock === true) return unlockedSession('reader', options.signal);
    return this.#begin('reader', options.holds ?? [], options.signal);
  }

  async beginWriter(options: { readonly signal?: AbortSignal | undefined } = {}): Promise<WriterSession> {
    const lock = await this.#begin('writer', [], options.signal);
    try {
      this.#condemnedNow = await this.#condemned.look(lock.signal);
      await this.loadIndex({ signal: lock.signal });
      this.#claims = ClaimSet.create();
      return new PublishingSession(lock, {
        documents: this.documents,
        clock: this.clock,
        index: this.index,
        pipeline: this.pipelineInit(),
        condemned: this.#condemned,
        condemnedAtStart: this.#condemnedNow,
        onIndexPublished: (name) => this.#loader.noteOwn(name),
        onClosed: () => {
          this.#condemnedNow = noPacks;
        },
        requireOutside: (treeId, condemned) => this.#requireOutside(treeId, condemned),
      });
    } catch (error) {
      await lock.close();
      throw error;
    }
  }

  lockExclusive(kind: 'keeper', options: { readonly signal?: AbortSignal | undefined } = {}): Promise<Session> {
    return this.#begin(kind, [], options.signal);
  }

  unlock(options: { readonly removeAll?: boolean } = {}): Promise<number> {
    return unlock(this.documents, this.clock, { removeAll: options.removeAll === true });
  }

  listKeys(): Promise<KeyInfo[]> {
    return listKeySlots(this.backend, this.#keyId, this.logger);
  }

  async addKey(password: NewPassword): Promise<string> {
    await using _ = await this.beginReader();
    return await createKeySlot(this.#newKey(password));
  }

  async removeKey(idPrefix: string): Promise<string> {
    await using _ = await this.lockExclusive('keeper');
    return await removeKeySlot(this.backend, idPrefix, this.#keyId);
  }

  async changePassword(password: NewPassword): Promise<string> {
    await using _ = await this.lockExclusive('keeper');
    this.#keyId = await replaceKeySlot(this.#newKey(password), this.#keyId);
    return this.#keyId;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }

  #begin(kind: 'reader' | 'writer' | 'keeper', holds: readonly string[], signal: AbortSignal | undefined): Promise<LockSession> {
    const { documents, clock, logger } = this.#opened;
    return beginSession({ documents, clock, logger, kind, holds, retryLockMs: this.options.retryLockMs ?? 0, signal });
  }

  #newKey({ password, hostname, username, kdf, allowEmptyPassword }: NewPassword): Parameters<typeof createKeySlot>[0] {
    const identity = readHostIdentity();
    return {
      backend: this.backend,
      key: this.key,
      password,
      hostname: hostname ?? identity.hostname,
      username: username ?? identity.username,
      clock: this.clock,
      kdf,
      allowEmptyPassword,
    };
  }

  #initFor(index: SharedIndex): BlobPipelineInit {
    const { compression = 'auto', packSizeBytes = defaultPackSizeBytes, noExtraVerify } = this.options;
    return {
      location: this.backend.location,
      key: this.key,
      polynomial: this.config.chunkerPolynomial,
      version: this.version,
      compression,
      packSizeBytes,
      module: loadKernelModule(),
      index: index.transfer(),
      claims: this.#claims.transfer(),
      condemned: [...this.#condemnedNow],
      extraVerify: noExtraVerify !== true,
    };
  }

  /** From the index, else from packs that are condemned and still there: a parent's trees may lie in one. */
  async #readBlob(type: BlobType, id: string): Promise<Buffer> {
    const bytes = Buffer.from(id, 'hex');
    if (this.index.has(type, bytes)) {
      if (this.#reader?.index !== this.index) this.#reader = { index: this.index, packs: this.packReader() };
      return this.#reader.packs.readBlob(type, bytes);
    }
    const { condemnedIndex } = this.#loader;
    if (condemnedIndex.has(type, bytes)) return new PackReader(this.#initFor(condemnedIndex), this.backend).readBlob(type, bytes);
    throw new FortFailError({ kind: 'not-found', code: 'blob', message: `unable to find ${type} blob '${id}', no index lists it` });
  }

  async #requireOutside(treeId: string, condemned: ReadonlySet<string>): Promise<void> {
    const { index } = this;
    const packs = index.packNumbers(condemned);
    const require = (type: BlobType, id: string): void => {
      if (!index.hasOutside(type, Buffer.from(id, 'hex'), packs)) throw fenced('a pack it relied on was given up meanwhile');
    };
    require('tree', treeId);
    await walkTrees(
      this,
      [treeId],
      (_, tree) => {
        for (const node of tree.nodes) {
          if (node.subtree !== undefined) require('tree', node.subtree);
          for (const id of node.content ?? []) require('data', id);
        }
      },
      { connections: this.backend.properties.connections },
    );
  }
}

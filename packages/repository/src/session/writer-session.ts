import type { Clock } from '@fortfail/base';
import type { DocumentStore } from '../document-store.ts';
import { encodeSnapshot, type SnapshotDraft } from '../format/snapshot.ts';
import type { SharedIndex } from '../index-store/shared-index.ts';
import { fenced, settle } from '../lock/held-lock.ts';
import { PackWriter } from '../pack/pack-writer.ts';
import type { PackRecord } from '../pack/packed-blob.ts';
import type { BlobPipelineInit } from '../pack/pipeline-init.ts';
import type { CondemnedPacks } from './condemned-packs.ts';
import { IndexWriter } from './index-writer.ts';
import type { LockSession, Session } from './lock-session.ts';
import { publishDocument } from './staged-document.ts';

/**
 * A session that adds to the repository. Whatever it throws with `conflict`/`fenced` means: begin a new session and start
 * over; packs and indexes already published will be found there.
 */
export interface WriterSession extends Session {
  /** Stores a tree blob unless it is known; answers with its id. */
  saveTree(bytes: Buffer): Promise<Buffer>;
  /** Takes note of a pack that a worker has stored: its blobs are known from now on and go into an index document. */
  addPack(record: PackRecord): void;
  /** Publishes all index documents. For writers that publish no snapshot. */
  flush(): Promise<void>;
  /** Stores trees and index documents that are left, then the snapshot, as the last. Answers with its id. */
  publish(snapshot: SnapshotDraft): Promise<string>;
  /** What the tree blobs of this session came to. */
  readonly treeTotals: { readonly blobs: number; readonly bytesAdded: number; readonly bytesStored: number };
}

export interface WriterOptions {
  readonly documents: DocumentStore;
  readonly clock: Clock;
  readonly index: SharedIndex;
  readonly pipeline: BlobPipelineInit;
  readonly condemned: CondemnedPacks;
  /** Packs that were condemned when the index was loaded: none of them is in it. */
  readonly condemnedAtStart: ReadonlySet<string>;
  readonly onIndexPublished: (name: string) => void;
  readonly onClosed: () => void;
  /** Throws `fenced` unless every blob below this tree lies in a pack that is not one of `condemned`. */
  readonly requireOutside: (treeId: string, condemned: ReadonlySet<string>) => Promise<void>;
}

export class PublishingSession implements WriterSession {
  readonly kind = 'writer';
  readonly #lock: LockSession;
  readonly #options: WriterOptions;
  readonly #indexWriter: IndexWriter;
  #treeWriter: PackWriter | undefined;

  constructor(lock: LockSession, options: WriterOptions) {
    this.#lock = lock;
    this.#options = options;
    this.#indexWriter = new IndexWriter({
      documents: options.documents,
      clock: options.clock,
      recheck: (packIds) => this.#recheckPacks(packIds),
      onPublished: options.onIndexPublished,
    });
  }

  get id(): string {
    return this.#lock.id;
  }

  get signal(): AbortSignal {
    return this.#lock.signal;
  }

  get treeTotals(): WriterSession['treeTotals'] {
    const totals = this.#treeWriter?.totals;
    return { blobs: totals?.treeBlobs ?? 0, bytesAdded: totals?.bytesAdded ?? 0, bytesStored: totals?.bytesStored ?? 0 };
  }

  requireHeld(): Promise<void> {
    return this.#lock.requireHeld();
  }

  async saveTree(bytes: Buffer): Promise<Buffer> {
    this.#treeWriter ??= new PackWriter(this.#options.pipeline, this.#options.documents.backend, (record) => this.addPack(record));
    while (this.#treeWriter.needsDrain('tree')) await this.#treeWriter.drain();
    return this.#treeWriter.save('tree', bytes);
  }

  addPack(record: PackRecord): void {
    this.#options.index.add(record.id, record.blobs);
    this.#indexWriter.add(record);
  }

  async flush(): Promise<void> {
    this.signal.throwIfAborted();
    await this.#treeWriter?.flush();
    await this.#indexWriter.flush();
  }

  async publish(snapshot: SnapshotDraft): Promise<string> {
    await this.flush();
    const { documents } = this.#options;
    return publishDocument(documents, 'snapshot', documents.seal(encodeSnapshot(snapshot)), () => this.#recheckTree(snapshot.tree));
  }

  async close(): Promise<void> {
    await this.#lock.close();
    this.#options.onClosed();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Records that appeared since the index was loaded, seen after what we show had time to be seen. */
  async #newlyCondemned(): Promise<ReadonlySet<string>> {
    const { clock, documents, condemned, condemnedAtStart } = this.#options;
    await settle(documents, clock, this.signal);
    await this.#lock.requireHeld();
    const now = await condemned.look();
    return new Set([...now].filter((pack) => !condemnedAtStart.has(pack)));
  }

  async #recheckPacks(packIds: readonly string[]): Promise<void> {
    const condemned = await this.#newlyCondemned();
    if (packIds.some((id) => condemned.has(id))) throw fenced('a pack it stored was given up meanwhile');
  }

  /** Seldom more than a listing: only while a keeper is at work are there new records, and then the tree is walked. */
  async #recheckTree(treeId: string): Promise<void> {
    const condemned = await this.#newlyCondemned();
    if (condemned.size > 0) await this.#options.requireOutside(treeId, condemned);
  }
}

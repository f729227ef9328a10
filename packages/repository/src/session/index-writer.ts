import type { Clock } from '@fortfail/base';
import type { DocumentStore } from '../document-store.ts';
import { encodeIndexDocument } from '../format/index-document.ts';
import type { PackRecord } from '../pack/packed-blob.ts';
import { publishDocument } from './staged-document.ts';

/** restic closes a document at as many blobs, or at that age. */
const mostBlobs = 50_000;
const mostAgeMs = 10 * 60_000;

export interface IndexWriterOptions {
  readonly documents: DocumentStore;
  readonly clock: Clock;
  /** Throws `conflict`/`fenced` when one of these packs may not be listed any more, or the session's lock is gone. */
  readonly recheck: (packIds: readonly string[]) => Promise<void>;
  /** Told of each document that is in place. */
  readonly onPublished: (name: string) => void;
}

/** Collects stored packs and publishes them in index documents, one after the other, in the background. */
export class IndexWriter {
  readonly #options: IndexWriterOptions;
  #packs: PackRecord[] = [];
  #blobs = 0;
  #since = 0;
  #published: Promise<void> = Promise.resolve();
  #failure: unknown;

  constructor(options: IndexWriterOptions) {
    this.#options = options;
  }

  /** Takes a stored pack; a full document goes out by itself. */
  add(pack: PackRecord): void {
    const now = this.#options.clock.monotonicMs();
    if (this.#packs.length === 0) this.#since = now;
    this.#packs.push(pack);
    this.#blobs += pack.blobs.length;
    if (this.#blobs >= mostBlobs || now - this.#since >= mostAgeMs) this.#close();
  }

  /** Publishes what is left. Throws what any publication met. */
  async flush(): Promise<void> {
    if (this.#packs.length > 0) this.#close();
    await this.#published;
    if (this.#failure !== undefined) throw this.#failure;
  }

  #close(): void {
    const packs = this.#packs;
    this.#packs = [];
    this.#blobs = 0;
    this.#published = this.#published.then(() => this.#publish(packs));
  }

  /** Never rejects: the failure is kept for `flush`, and nothing is published after it. */
  async #publish(packs: readonly PackRecord[]): Promise<void> {
    if (this.#failure !== undefined) return;
    const { documents, recheck, onPublished } = this.#options;
    const ids = packs.map((pack) => pack.id);
    try {
      onPublished(await publishDocument(documents, 'index', documents.seal(encodeIndexDocument(packs)), () => recheck(ids)));
    } catch (error) {
      this.#failure = error;
    }
  }
}

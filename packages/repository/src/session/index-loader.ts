import { boundedMap, FortFailError, isFortFailError } from '@fortfail/base';
import { type FileInfo, listAll } from '@fortfail/storage';
import type { DocumentStore } from '../document-store.ts';
import { decodeIndexDocument } from '../format/index-document.ts';
import type { IndexTable } from '../format/index-table.ts';
import { SharedIndex } from '../index-store/shared-index.ts';
import type { PackedBlob } from '../pack/packed-blob.ts';

/** What a blob takes in a stored index document, to size the index before it is read. */
const storedBytesPerBlob = 45;
/** A keeper replaces documents while we read; after so many rounds something else is wrong. */
const mostListings = 5;

export interface LoadIndexOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** The blobs of one pack of a table, without an object for each: the same one is handed out over and over. */
export function* rowsOf(table: IndexTable, first: number, end: number): Generator<PackedBlob> {
  const blob = { id: table.ids, type: 'data' as 'data' | 'tree', offset: 0, length: 0, uncompressedLength: 0 };
  for (let row = first; row < end; row += 1) {
    blob.id = table.ids.subarray(row * 32, row * 32 + 32);
    blob.type = table.treeFlags[row] === 1 ? 'tree' : 'data';
    blob.offset = table.offsets[row] ?? 0;
    blob.length = table.lengths[row] ?? 0;
    blob.uncompressedLength = table.uncompressedLengths[row] ?? 0;
    yield blob;
  }
}

/**
 * Reads index documents into shared memory. Loading again reads only what is new, unless a document is gone or other
 * packs are condemned: then it begins anew, for an index may only hold what the latest listing names.
 */
export class IndexLoader {
  readonly #documents: DocumentStore;
  #index = SharedIndex.create();
  #condemnedIndex = SharedIndex.create();
  #condemned: ReadonlySet<string> = new Set();
  readonly #loaded = new Set<string>();

  constructor(documents: DocumentStore) {
    this.#documents = documents;
  }

  /** Every known blob. Another object after a load that began anew. */
  get index(): SharedIndex {
    return this.#index;
  }

  /** Blobs of condemned packs: still readable until the packs go, but nothing new may rely on them. */
  get condemnedIndex(): SharedIndex {
    return this.#condemnedIndex;
  }

  /** Takes note of a document that this client published itself, whose packs are in the index already. */
  noteOwn(name: string): void {
    this.#loaded.add(name);
  }

  /** Throws `damaged` when a document cannot be read: a blob would be missing without a word. */
  async load(condemned: ReadonlySet<string>, options: LoadIndexOptions = {}): Promise<void> {
    for (let listings = 1; ; listings += 1) {
      const files = await listAll(this.#documents.backend, 'index', { signal: options.signal });
      this.#prepare(files, condemned);
      try {
        await this.#loadNew(files, options);
        return;
      } catch (error) {
        // A keeper put a new document in the place of a listed one.
        if (!isFortFailError(error, 'not-found') || listings >= mostListings) throw error;
      }
    }
  }

  #prepare(files: readonly FileInfo[], condemned: ReadonlySet<string>): void {
    const listed = new Set(files.map((file) => file.name));
    const isGone = [...this.#loaded].some((name) => !listed.has(name));
    const isOther = condemned.size !== this.#condemned.size || [...condemned].some((pack) => !this.#condemned.has(pack));
    const isAnewNeeded = isGone || isOther;
    if (!isAnewNeeded && this.#loaded.size > 0) return;
    const storedBytes = files.reduce((sum, file) => sum + file.sizeBytes, 0);
    this.#index = SharedIndex.create(Math.ceil(storedBytes / storedBytesPerBlob));
    this.#condemnedIndex = SharedIndex.create();
    this.#condemned = condemned;
    this.#loaded.clear();
  }

  async #loadNew(files: readonly FileInfo[], options: LoadIndexOptions): Promise<void> {
    const missing = files.filter((file) => !this.#loaded.has(file.name));
    let done = files.length - missing.length;
    await boundedMap(missing, this.#documents.backend.properties.connections, async ({ name }) => {
      const table = await this.#loadTable(name, options.signal);
      table.forEachPack((packId, first, end) => {
        const index = this.#condemned.has(packId) ? this.#condemnedIndex : this.#index;
        index.add(packId, rowsOf(table, first, end));
      });
      this.#loaded.add(name);
      done += 1;
      options.onProgress?.(done, files.length);
    });
  }

  async #loadTable(name: string, signal: AbortSignal | undefined): Promise<IndexTable> {
    try {
      return decodeIndexDocument(name, await this.#documents.load('index', name, { signal }));
    } catch (error) {
      if (!isFortFailError(error, 'damaged')) throw error;
      throw new FortFailError({
        kind: 'damaged',
        code: 'index',
        message: `unable to load index '${name}', it is damaged`,
        hint: 'Run `restic repair index` to rebuild it from the packs.',
        cause: error,
      });
    }
  }
}

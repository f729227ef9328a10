import { boundedMap, isFortFailError } from '@fortfail/base';
import { listAll } from '@fortfail/storage';
import type { DocumentStore } from '../document-store.ts';
import { decodeIndexDocument } from '../format/index-document.ts';
import type { IndexTable } from '../format/index-table.ts';
import { SharedIndex } from '../index-store/shared-index.ts';
import { rowsOf } from '../session/index-loader.ts';

/** What the index says of one pack, without its blobs. */
export interface SurveyedPack {
  readonly blobs: number;
  /** The blobs and the header that would list them. */
  readonly sizeBytes: number;
  /** False when the blobs overlap or leave gaps, which no pack can. */
  readonly isGapless: boolean;
  readonly hasData: boolean;
  readonly hasTrees: boolean;
  /** Tells two lists of blobs apart whatever their order. */
  readonly fingerprint: string;
}

export interface IndexSurvey {
  /** Every blob of every document that could be read. */
  readonly index: SharedIndex;
  readonly packs: ReadonlyMap<string, SurveyedPack>;
  readonly errors: readonly string[];
  readonly hints: readonly string[];
}

const rawEntryBytes = 37;
const compressedEntryBytes = 41;
const sealAndLengthBytes = 32 + 4;

/** Spreads offsets over 32 bits, so that sums of them tell sets of them apart. */
function scatter(offset: number): number {
  const mixed = Math.imul(((offset % 2 ** 32) | 0) ^ (offset >>> 15), 0x2c1b3c6d);
  return Math.imul(mixed ^ (mixed >>> 12), 0x297a2d39) | 0;
}

function surveyPack(table: IndexTable, words: Uint32Array, first: number, end: number): SurveyedPack {
  let sizeBytes = sealAndLengthBytes;
  let blobBytes = 0;
  let edges = 0;
  let trees = 0;
  let mixed = 0;
  let sum = 0;
  for (let row = first; row < end; row += 1) {
    const length = table.lengths[row] ?? 0;
    const uncompressed = table.uncompressedLengths[row] ?? 0;
    const offset = table.offsets[row] ?? 0;
    const type = table.treeFlags[row] ?? 0;
    sizeBytes += length + (uncompressed === 0 ? rawEntryBytes : compressedEntryBytes);
    blobBytes += length;
    edges = (edges + scatter(offset) - scatter(offset + length)) | 0;
    trees += type;
    // Ids are hashes: any four bytes of them are as good as random, and multiplying binds the place to the id.
    const place = Math.imul(offset ^ Math.imul(length, 0x9e3779b1) ^ Math.imul(uncompressed + type, 0x85ebca6b), 0xc2b2ae35);
    mixed ^= (words[row * 8] ?? 0) ^ place;
    sum = (sum + Math.imul((words[row * 8 + 1] ?? 0) ^ place, 0x27d4eb2f)) | 0;
  }
  const blobs = end - first;
  const fingerprint = `${blobs}.${blobBytes}.${mixed >>> 0}.${sum >>> 0}`;
  // Blobs lie back to back exactly when every one begins where another ends, but for the first and the last.
  const isGapless = (edges - scatter(0) + scatter(blobBytes)) % 2 ** 32 === 0;
  return { blobs, sizeBytes, isGapless, hasData: trees < blobs, hasTrees: trees > 0, fingerprint };
}

class Survey {
  readonly index = SharedIndex.create();
  readonly packs = new Map<string, SurveyedPack>();
  readonly errors: string[] = [];
  readonly hints: string[] = [];

  addTable(name: string, table: IndexTable): void {
    const words = new Uint32Array(table.ids.buffer, table.ids.byteOffset, table.ids.length / 4);
    table.forEachPack((packId, first, end) => {
      this.#addPack(name, packId, surveyPack(table, words, first, end));
      this.index.add(packId, rowsOf(table, first, end));
    });
  }

  #addPack(name: string, packId: string, pack: SurveyedPack): void {
    const known = this.packs.get(packId);
    if (known === undefined) {
      this.packs.set(packId, pack);
      if (pack.hasData && pack.hasTrees) this.hints.push(`pack ${packId} holds both data and trees`);
      if (!pack.isGapless) this.errors.push(`index ${name}: the blobs of pack ${packId} overlap or leave gaps`);
    } else if (known.fingerprint === pack.fingerprint) {
      this.hints.push(`pack ${packId} is listed in more than one index`);
    } else {
      this.errors.push(`index ${name}: pack ${packId} is listed with other blobs elsewhere`);
    }
  }
}

/** Reads every index document; one that cannot be read is an error of the survey, not of the call. */
export async function surveyIndex(
  documents: DocumentStore,
  options: { readonly signal?: AbortSignal | undefined; readonly onProgress?: (done: number, total: number) => void },
): Promise<IndexSurvey> {
  const survey = new Survey();
  const files = await listAll(documents.backend, 'index', { signal: options.signal });
  let done = 0;
  await boundedMap(files, documents.backend.properties.connections, async ({ name }) => {
    try {
      survey.addTable(name, decodeIndexDocument(name, await documents.load('index', name, { signal: options.signal })));
    } catch (error) {
      if (!isFortFailError(error, 'damaged') && !isFortFailError(error, 'not-found')) throw error;
      survey.errors.push(`index ${name}: ${error.message}`);
    }
    done += 1;
    options.onProgress?.(done, files.length);
  });
  return survey;
}

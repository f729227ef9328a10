import { FortFailError } from '@fortfail/base';
import type { BlobType, PackedBlob } from '../pack/packed-blob.ts';
import type { BlobLocation } from './blob-location.ts';
import { BlobRecords, type BlobRecordsData } from './blob-records.ts';
import { growShared, reserveShared } from './shared-memory.ts';

/** An index as plain data: hand it to another thread and attach there. */
export interface SharedIndexData extends BlobRecordsData {
  readonly packs: SharedArrayBuffer;
}

/** A pack with all its blobs, in the order in which they lie in it. */
export interface IndexedPack {
  readonly packIndex: number;
  readonly packId: string;
  readonly blobs: readonly PackedBlob[];
}

const packIdBytes = 32;
/** The id, then the end of the pack's last known blob. */
const packEntryBytes = packIdBytes + 4;
const packStep = 4096;
const maxPacks = 2 ** 24;

/** Record numbers grouped by pack: those of pack p are order[starts[p]] to order[starts[p + 1] - 1]. */
interface PackOrder {
  readonly recordCount: number;
  readonly starts: Uint32Array;
  readonly order: Uint32Array;
}

/**
 * Where each blob of a repository lies, in memory that all threads share: 52 bytes a blob and 3 to 6 for the table of chains,
 * below 60 with the packs' names. Copies of a blob are all kept. The thread that made it adds; the others, attached, look up
 * at any time, also while it grows, and see every blob whose `add` had returned before.
 */
export class SharedIndex {
  readonly #records: BlobRecords;
  readonly #packs: SharedArrayBuffer;
  /** Numbers of the packs by name; undefined where the index is attached. */
  readonly #numbers: Map<string, number> | undefined;
  #packOrder: PackOrder | undefined;

  private constructor(records: BlobRecords, packs: SharedArrayBuffer, numbers: Map<string, number> | undefined) {
    this.#records = records;
    this.#packs = packs;
    this.#numbers = numbers;
  }

  /** An empty index; `expectedBlobs` saves the steps of growing up to there. */
  static create(expectedBlobs = 0): SharedIndex {
    const packs = reserveShared(packStep * packEntryBytes, maxPacks * packEntryBytes);
    return new SharedIndex(BlobRecords.create(expectedBlobs), packs, new Map());
  }

  static attach(data: SharedIndexData): SharedIndex {
    return new SharedIndex(BlobRecords.attach(data), data.packs, undefined);
  }

  /** What another thread needs to attach. */
  transfer(): SharedIndexData {
    return { ...this.#records.data, packs: this.#packs };
  }

  /** Copies included. */
  get blobCount(): number {
    return this.#records.count;
  }

  get packCount(): number {
    return this.#records.packCount;
  }

  /** Adds blobs of a pack. What is already noted of the very same place is skipped. Only where the index was made. */
  add(packId: string, blobs: Iterable<PackedBlob>): void {
    const packIndex = this.#number(packId);
    const end = new Uint32Array(this.#packs, packIndex * packEntryBytes + packIdBytes, 1);
    for (const blob of blobs) {
      requireUint32(blob);
      this.#records.add(packIndex, blob);
      end[0] = Math.max(end[0] ?? 0, Math.min(blob.offset + blob.length, 0xffffffff));
    }
  }

  has(type: BlobType, id: Uint8Array): boolean {
    return this.#records.find(type, id) !== undefined;
  }

  /** True when a copy lies in a pack that is not one of `excluded`. */
  hasOutside(type: BlobType, id: Uint8Array, excluded: ReadonlySet<number>): boolean {
    if (excluded.size === 0) return this.has(type, id);
    return this.findAll(type, id).some((location) => !excluded.has(location.packIndex));
  }

  /** One copy, the one added last. */
  find(type: BlobType, id: Uint8Array): BlobLocation | undefined {
    return this.#records.find(type, id);
  }

  /** Every copy, the one added last first. */
  findAll(type: BlobType, id: Uint8Array): BlobLocation[] {
    return this.#records.findAll(type, id);
  }

  /** Name of a pack by its number. */
  packId(packIndex: number): string {
    if (!Number.isInteger(packIndex) || packIndex < 0 || packIndex >= this.packCount) {
      throw new FortFailError({ kind: 'bug', code: 'pack-number', message: `unable to name pack number ${packIndex}` });
    }
    return Buffer.from(this.#packs, packIndex * packEntryBytes, packIdBytes).toString('hex');
  }

  /** Where the last known blob of a pack ends: the header of a whole pack follows there. */
  packEnd(packIndex: number): number {
    return new Uint32Array(this.#packs, packIndex * packEntryBytes + packIdBytes, 1)[0] ?? 0;
  }

  /** Numbers of those packs of `packIds` that the index has. */
  packNumbers(packIds: Iterable<string>): Set<number> {
    const wanted = new Set(packIds);
    const numbers = new Set<number>();
    if (wanted.size === 0) return numbers;
    for (let packIndex = 0; packIndex < this.packCount; packIndex += 1) {
      if (wanted.has(this.packId(packIndex))) numbers.add(packIndex);
    }
    return numbers;
  }

  /** Blobs of one pack in the order of their offsets; empty for a pack the index does not know. */
  blobsOfPack(packIndex: number): PackedBlob[] {
    const { starts, order } = this.#order();
    const blobs: PackedBlob[] = [];
    for (let at = starts[packIndex] ?? 0; at < (starts[packIndex + 1] ?? 0); at += 1) {
      blobs.push(this.#records.blob(order[at] ?? 0));
    }
    return blobs.sort((a, b) => a.offset - b.offset);
  }

  /** All packs in the order in which they were first added. */
  *packs(): Generator<IndexedPack> {
    for (let packIndex = 0; packIndex < this.packCount; packIndex += 1) {
      yield { packIndex, packId: this.packId(packIndex), blobs: this.blobsOfPack(packIndex) };
    }
  }

  /** All blobs with the numbers of their packs, in the order in which they were added. */
  *blobs(): Generator<PackedBlob & { readonly packIndex: number }> {
    for (let record = 0; record < this.#records.count; record += 1) {
      yield { ...this.#records.blob(record), packIndex: this.#records.packIndex(record) };
    }
  }

  #number(packId: string): number {
    if (this.#numbers === undefined)
      throw new FortFailError({ kind: 'bug', code: 'index-attached', message: 'unable to add to an attached index' });
    const known = this.#numbers.get(packId);
    if (known !== undefined) return known;
    const id = Buffer.from(packId, 'hex');
    if (id.length !== packIdBytes)
      throw new FortFailError({ kind: 'bug', code: 'pack-id', message: `unable to index pack '${packId}', its name is not valid` });
    const packIndex = this.packCount;
    const end = (packIndex + 1) * packEntryBytes;
    if (end > this.#packs.byteLength) growShared(this.#packs, end + packStep * packEntryBytes);
    new Uint8Array(this.#packs, packIndex * packEntryBytes, packIdBytes).set(id);
    this.#records.packCount = packIndex + 1;
    this.#numbers.set(packId, packIndex);
    return packIndex;
  }

  /** Groups the records by pack: counted, then placed. Kept until records are added. */
  #order(): PackOrder {
    const recordCount = this.#records.count;
    if (this.#packOrder?.recordCount === recordCount) return this.#packOrder;
    const starts = new Uint32Array(this.packCount + 1);
    for (let record = 0; record < recordCount; record += 1) {
      const next = this.#records.packIndex(record) + 1;
      starts[next] = (starts[next] ?? 0) + 1;
    }
    for (let pack = 1; pack < starts.length; pack += 1) starts[pack] = (starts[pack] ?? 0) + (starts[pack - 1] ?? 0);
    const free = starts.slice();
    const order = new Uint32Array(recordCount);
    for (let record = 0; record < recordCount; record += 1) {
      const pack = this.#records.packIndex(record);
      const at = free[pack] ?? 0;
      order[at] = record;
      free[pack] = at + 1;
    }
    this.#packOrder = { recordCount, starts, order };
    return this.#packOrder;
  }
}

function requireUint32({ offset, length, uncompressedLength, id }: PackedBlob): void {
  for (const value of [offset, length, uncompressedLength]) {
    if (!Number.isInteger(value) || value < 0 || value > 0xffffffff) {
      throw new FortFailError({ kind: 'damaged', code: 'blob-location', message: `unable to index blob, ${value} is no offset or length` });
    }
  }
  if (id.length !== 32)
    throw new FortFailError({ kind: 'damaged', code: 'blob-location', message: 'unable to index blob, its id is not valid' });
}

import { FortFailError } from '@fortfail/base';
import type { BlobType, PackedBlob } from '../pack/packed-blob.ts';
import type { BlobLocation } from './blob-location.ts';
import { growShared, reserveShared } from './shared-memory.ts';

/** The records as plain data. */
export interface BlobRecordsData {
  readonly header: SharedArrayBuffer;
  readonly records: SharedArrayBuffer;
  readonly heads: SharedArrayBuffer;
}

// Words of the header.
const generationWord = 0;
const countWord = 1;
const packCountWord = 2;
const headBitsWord = 3;

// Words of a record: 0..7 the id, then:
const packWord = 8;
const offsetWord = 9;
const lengthWord = 10;
const rawLengthWord = 11;
const nextWord = 12;
const recordWords = 13;
const recordBytes = recordWords * 4;
/** Sign bit of the pack word: a tree. */
const treeBit = 0x80000000;

/** Records lie in segments, each with a view of its own, so that growing leaves the views in place. */
const segmentBits = 17;
const segmentRecords = 2 ** segmentBits;
const segmentMask = segmentRecords - 1;
const maxSegments = 2048;
const firstHeadBits = 16;
const maxHeadBits = 28;
/** Records for each chain, on average, at which the table is doubled. */
const maxLoad = 1.5;

/**
 * Blob records in shared memory, chained by the first word of the id. One thread writes. Chains lead from newer to older
 * records only, so a reader always comes to their end; doubling the table makes the generation odd while chains are
 * rebuilt, and a reader that met that starts again: it misses nothing and takes no lock.
 */
export class BlobRecords {
  readonly data: BlobRecordsData;
  readonly #header: Int32Array;
  #heads: Int32Array = new Int32Array(0);
  #headMask = 0;
  #generation = -1;
  readonly #segments: Int32Array[] = [];
  readonly #key = new Int32Array(8);
  readonly #keyBytes = new Uint8Array(this.#key.buffer);

  private constructor(data: BlobRecordsData) {
    this.data = data;
    this.#header = new Int32Array(data.header);
  }

  static create(expectedBlobs: number): BlobRecords {
    let headBits = firstHeadBits;
    while (headBits < maxHeadBits && 2 ** headBits * maxLoad < expectedBlobs) headBits += 1;
    const records = new BlobRecords({
      header: new SharedArrayBuffer(64),
      records: reserveShared(segmentRecords * recordBytes, maxSegments * segmentRecords * recordBytes),
      heads: reserveShared(2 ** headBits * 4, 2 ** maxHeadBits * 4),
    });
    Atomics.store(records.#header, headBitsWord, headBits);
    return records;
  }

  static attach(data: BlobRecordsData): BlobRecords {
    return new BlobRecords(data);
  }

  get count(): number {
    return Atomics.load(this.#header, countWord);
  }

  get packCount(): number {
    return Atomics.load(this.#header, packCountWord);
  }

  set packCount(value: number) {
    Atomics.store(this.#header, packCountWord, value);
  }

  /** Adds one record unless the very same is there. */
  add(packIndex: number, blob: PackedBlob): void {
    const pack = blob.type === 'tree' ? (packIndex | treeBit) >> 0 : packIndex;
    this.#refresh();
    this.#keyBytes.set(blob.id);
    for (let link = this.#first(); link !== 0; ) {
      const segment = this.#segment(link - 1);
      const at = recordAt(link - 1);
      if (segment[at + packWord] === pack && segment[at + offsetWord] === blob.offset >> 0 && this.#isAt(segment, at)) {
        if (segment[at + lengthWord] === blob.length >> 0 && segment[at + rawLengthWord] === blob.uncompressedLength >> 0) return;
      }
      link = segment[at + nextWord] ?? 0;
    }
    const record = this.count;
    if (record >= 2 ** this.#headBits() * maxLoad) this.#doubleHeads();
    if (record >= maxSegments * segmentRecords) {
      throw new FortFailError({ kind: 'bug', code: 'index-full', message: `unable to index more than ${record} blobs` });
    }
    const segment = this.#segment(record);
    const at = recordAt(record);
    segment.set(this.#key, at);
    segment[at + packWord] = pack;
    segment[at + offsetWord] = blob.offset;
    segment[at + lengthWord] = blob.length;
    segment[at + rawLengthWord] = blob.uncompressedLength;
    this.#link(record, segment, at);
    Atomics.store(this.#header, countWord, record + 1);
  }

  /** The newest record of a blob. */
  find(type: BlobType, id: Uint8Array): BlobLocation | undefined {
    this.#keyBytes.set(id);
    for (;;) {
      const generation = this.#refresh();
      const found = this.#next(type, this.#first());
      const location = found === 0 ? undefined : this.#location(found - 1);
      if (Atomics.load(this.#header, generationWord) === generation) return location;
    }
  }

  /** All records of a blob, newest first. */
  findAll(type: BlobType, id: Uint8Array): BlobLocation[] {
    this.#keyBytes.set(id);
    for (;;) {
      const generation = this.#refresh();
      const locations: BlobLocation[] = [];
      for (let found = this.#next(type, this.#first()); found !== 0; ) {
        locations.push(this.#location(found - 1));
        found = this.#next(type, this.#segment(found - 1)[recordAt(found - 1) + nextWord] ?? 0);
      }
      if (Atomics.load(this.#header, generationWord) === generation) return locations;
    }
  }

  /** Number of the pack of a record. */
  packIndex(record: number): number {
    return (this.#segment(record)[recordAt(record) + packWord] ?? 0) & ~treeBit;
  }

  /** A record with a copy of its id. */
  blob(record: number): PackedBlob {
    const segment = this.#segment(record);
    const at = recordAt(record);
    const id = Buffer.from(Uint8Array.from(new Uint8Array(segment.buffer, segment.byteOffset + at * 4, 32)).buffer);
    const { type, offset, length, uncompressedLength } = this.#location(record);
    return { id, type, offset, length, uncompressedLength };
  }

  #location(record: number): BlobLocation {
    const segment = this.#segment(record);
    const at = recordAt(record);
    const pack = segment[at + packWord] ?? 0;
    return {
      packIndex: pack & ~treeBit,
      offset: (segment[at + offsetWord] ?? 0) >>> 0,
      length: (segment[at + lengthWord] ?? 0) >>> 0,
      uncompressedLength: (segment[at + rawLengthWord] ?? 0) >>> 0,
      type: pack < 0 ? 'tree' : 'data',
    };
  }

  /** First link of the key's chain, 0 for none. A link is a record's number + 1. */
  #first(): number {
    return Atomics.load(this.#heads, (this.#key[0] ?? 0) & this.#headMask);
  }

  /** The next link at or after `link` that has the key and the type. */
  #next(type: BlobType, link: number): number {
    const isTree = type === 'tree';
    while (link !== 0) {
      const segment = this.#segment(link - 1);
      const at = recordAt(link - 1);
      if (this.#isAt(segment, at) && (segment[at + packWord] ?? 0) < 0 === isTree) return link;
      link = segment[at + nextWord] ?? 0;
    }
    return 0;
  }

  #isAt(segment: Int32Array, at: number): boolean {
    const key = this.#key;
    for (let i = 0; i < 8; i += 1) if (segment[at + i] !== key[i]) return false;
    return true;
  }

  /** Puts a record in front of its chain; storing the head is what makes it visible to other threads. */
  #link(record: number, segment: Int32Array, at: number): void {
    const head = (segment[at] ?? 0) & this.#headMask;
    segment[at + nextWord] = this.#heads[head] ?? 0;
    Atomics.store(this.#heads, head, record + 1);
  }

  #headBits(): number {
    return Atomics.load(this.#header, headBitsWord);
  }

  #doubleHeads(): void {
    const bits = this.#headBits() + 1;
    if (bits > maxHeadBits) return;
    growShared(this.data.heads, 2 ** bits * 4);
    Atomics.add(this.#header, generationWord, 1);
    Atomics.store(this.#header, headBitsWord, bits);
    this.#mapHeads(bits);
    this.#heads.fill(0);
    for (let record = 0; record < this.count; record += 1) this.#link(record, this.#segment(record), recordAt(record));
    this.#generation = Atomics.add(this.#header, generationWord, 1) + 1;
    Atomics.notify(this.#header, generationWord);
  }

  #mapHeads(bits: number): void {
    this.#heads = new Int32Array(this.data.heads, 0, 2 ** bits);
    this.#headMask = 2 ** bits - 1;
  }

  /** Waits out a rebuilding of the chains; gives the generation that is now being read. */
  #refresh(): number {
    for (;;) {
      const generation = Atomics.load(this.#header, generationWord);
      if (generation === this.#generation) return generation;
      if ((generation & 1) === 0) {
        this.#mapHeads(this.#headBits());
        this.#generation = generation;
      } else {
        Atomics.wait(this.#header, generationWord, generation, 50);
      }
    }
  }

  #segment(record: number): Int32Array {
    const number = record >>> segmentBits;
    const known = this.#segments[number];
    if (known !== undefined) return known;
    // The writer is the first to come here; readers find the memory already there.
    growShared(this.data.records, (number + 1) * segmentRecords * recordBytes);
    const view = new Int32Array(this.data.records, number * segmentRecords * recordBytes, segmentRecords * recordWords);
    this.#segments[number] = view;
    return view;
  }
}

function recordAt(record: number): number {
  return (record & segmentMask) * recordWords;
}

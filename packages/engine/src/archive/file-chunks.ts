import { readSync } from 'node:fs';
import { type Chunker, maxChunkBytes, minChunkBytes, type WorkerMemory } from '@fortfail/repository/threads';

const readStepBytes = 1 << 20;

/** What the read region of a thread's memory must hold: the longest chunk, and room to read on. */
export const readRegionBytes = maxChunkBytes + readStepBytes;

/** Called for one chunk; the bytes are overwritten once the promise, if any, has resolved. */
export type ChunkTaker = (chunk: Uint8Array) => Promise<void> | undefined;

/**
 * Reads open files into a thread's memory and cuts them. What a file had when it was opened is read: bytes appended
 * meanwhile wait for the next backup, a file cut short ends early.
 */
export class FileChunks {
  readonly #memory: WorkerMemory;
  readonly #chunker: Chunker;
  readonly #start: number;

  constructor(memory: WorkerMemory, chunker: Chunker) {
    this.#memory = memory;
    this.#chunker = chunker;
    this.#start = memory.read.offset;
  }

  /** Hands every chunk of the file to `take` and answers with the bytes read. */
  async readAll(fd: number, sizeBytes: number, take: ChunkTaker): Promise<number> {
    // A size of 0 may be that of a file that knows no size (in /proc): it is read to its end.
    if (sizeBytes <= minChunkBytes) {
      const length = this.#fill(fd, 0, sizeBytes === 0 ? minChunkBytes : sizeBytes, undefined);
      if (length < minChunkBytes || sizeBytes > 0) {
        if (length > 0) await take(this.#chunk(0, length));
        return length;
      }
      return this.#cut(fd, Number.MAX_SAFE_INTEGER, length, undefined, take);
    }
    return this.#cut(fd, sizeBytes, 0, undefined, take);
  }

  /** Lengths of the chunks from `offset` (the start of one) until `atLeastBytes` were seen or the file ends. */
  async scan(fd: number, sizeBytes: number, offset: number, atLeastBytes: number): Promise<{ lengths: Float64Array; isEnd: boolean }> {
    const lengths: number[] = [];
    let seen = 0;
    const total = await this.#cut(
      fd,
      sizeBytes - offset,
      0,
      offset,
      (chunk) => {
        lengths.push(chunk.length);
        seen += chunk.length;
        return undefined;
      },
      () => seen >= atLeastBytes,
    );
    return { lengths: Float64Array.from(lengths), isEnd: offset + total >= sizeBytes || seen < atLeastBytes };
  }

  /** Reads one chunk whose length is known; shorter when the file was cut short. */
  readOne(fd: number, offset: number, length: number): Uint8Array {
    return this.#chunk(0, this.#fill(fd, 0, length, offset));
  }

  /** Reads on until `have` bytes are there, the file ends, or nothing comes. `position` undefined: where the file stands. */
  #fill(fd: number, have: number, want: number, position: number | undefined): number {
    let length = have;
    while (length < want) {
      const at = position === undefined ? null : position + length;
      const read = readSync(fd, this.#memory.bytes, this.#start + length, Math.min(want - length, readStepBytes), at);
      if (read === 0) break;
      length += read;
    }
    return length;
  }

  async #cut(
    fd: number,
    limitBytes: number,
    initial: number,
    offset: number | undefined,
    take: ChunkTaker,
    isEnough: () => boolean = () => false,
  ): Promise<number> {
    // The file before may have been given up in the middle of a chunk.
    this.#chunker.reset();
    let have = initial;
    let taken = 0;
    let isEnd = false;
    for (;;) {
      const want = Math.min(maxChunkBytes, limitBytes - taken);
      if (have < want && !isEnd) {
        have = this.#fill(fd, have, want, offset === undefined ? undefined : offset + taken);
        isEnd = have < want;
      }
      if (taken + have >= limitBytes) isEnd = true;
      if (have === 0) return taken;
      let start = 0;
      for (;;) {
        const length = this.#chunker.nextCut(this.#start + start, have - start, isEnd);
        if (length === 0) break;
        await take(this.#chunk(start, length));
        start += length;
        taken += length;
        if (isEnough() || start === have) break;
      }
      this.#memory.bytes.copyWithin(this.#start, this.#start + start, this.#start + have);
      have -= start;
      if (isEnough()) return taken;
    }
  }

  #chunk(start: number, length: number): Uint8Array {
    return this.#memory.bytes.subarray(this.#start + start, this.#start + start + length);
  }
}

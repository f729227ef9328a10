import type { WorkerMemory } from '../kernels/worker-memory.ts';
import { chunkerTables } from './chunker-tables.ts';
import { requireUsablePolynomial } from './polynomial.ts';

/** No chunk but the last of a file is smaller. */
export const minChunkBytes = 512 * 1024;
/** No chunk is larger. */
export const maxChunkBytes = 8 * 1024 * 1024;
/** A chunk ends where these bits of the digest are zero: every MiB on average, beyond the minimum. */
const splitMask = 2n ** 20n - 1n;

/**
 * Finds where restic would cut. Works on bytes that lie in a thread's memory; remembers how far the chunk at hand was searched,
 * so that a file can be given in pieces of any size and no byte is looked at twice.
 */
export class Chunker {
  readonly #memory: WorkerMemory;
  /** Every length of the chunk at hand below this was tried. */
  #triedBelow = minChunkBytes;

  /** Throws `damaged` for a polynomial that cannot be used. */
  constructor(memory: WorkerMemory, polynomial: bigint) {
    requireUsablePolynomial(polynomial);
    this.#memory = memory;
    memory.bytes.set(new Uint8Array(chunkerTables(polynomial).buffer), memory.tables.offset);
  }

  /** Forgets the chunk at hand. Needed only when a file is given up in the middle. */
  reset(): void {
    this.#triedBelow = minChunkBytes;
  }

  /**
   * Length of the chunk that begins at `offset` of the memory, where `available` bytes of the file lie, or 0 when more are
   * needed (only when `isEnd` is false, and never with 8 MiB available) or none are there. Ask again with the same beginning
   * of the chunk, at the same offset or moved; after an answer above 0 the next chunk follows it.
   */
  nextCut(offset: number, available: number, isEnd: boolean): number {
    const limit = Math.min(available, maxChunkBytes);
    const from = this.#triedBelow;
    if (limit > from) {
      const { kernels, tables } = this.#memory;
      const count = limit - from;
      const skipped = kernels.rabinScan(tables.offset, offset + from, count, splitMask);
      if (skipped < count) return this.#cut(from + skipped);
      this.#triedBelow = limit;
    }
    if (limit === maxChunkBytes) return this.#cut(limit);
    return isEnd ? this.#cut(limit) : 0;
  }

  #cut(length: number): number {
    this.#triedBelow = minChunkBytes;
    return length;
  }
}

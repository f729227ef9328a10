import { randomBytes } from 'node:crypto';
import { FortFailError } from '@fortfail/base';
import type { BlobType } from '../pack/packed-blob.ts';
import { growShared, reserveShared } from './shared-memory.ts';

/** A claim set as plain data: hand it to another thread and attach there. */
export interface ClaimSetData {
  readonly slots: SharedArrayBuffer;
  /** Random factors of the slots' hash, the same in every thread. */
  readonly salt: Int32Array;
}

/** A slot: its state, then the eight words of the id. */
const slotWords = 9;
const slotBytes = slotWords * 4;
const emptyState = 0;
const writingState = 1;
const typeStates = { data: 2, tree: 3 } as const satisfies Record<BlobType, number>;

/** An id may lie in this many slots of a level and nowhere else. */
const probes = 16;
const firstLevelBits = 16;
/** 2^16 slots, and as many again and again: with the last, 268 million. */
const levelCount = 12;

function levelSlots(level: number): number {
  return 2 ** (firstLevelBits + level);
}

/** Bytes of all levels up to this one. */
function bytesThrough(level: number): number {
  return (2 ** (level + 1) - 1) * 2 ** firstLevelBits * slotBytes;
}

/**
 * Which blobs the running backup stores, over all threads: the first to claim an id must store it, everyone else must not.
 *
 * Lock-free. A slot goes from empty to writing to taken and never back, and an id is put into the first empty one of its 16
 * slots on the lowest level that has one; so two threads with the same id always meet at the same slot, and one of them loses
 * the compare-and-exchange. A level of twice the size is added when all 16 are taken by others: nothing is ever moved, and
 * no claim is ever dropped; when even the last level is full, `claim` throws.
 */
export class ClaimSet {
  readonly #buffer: SharedArrayBuffer;
  readonly #salt: Int32Array;
  readonly #levels: Int32Array[] = [];
  readonly #words = new Int32Array(8);
  readonly #bytes = new Uint8Array(this.#words.buffer);

  private constructor({ slots, salt }: ClaimSetData) {
    this.#buffer = slots;
    this.#salt = salt;
  }

  /** An empty set. Memory is taken as it fills: 36 bytes a slot. The salt keeps ids from being made to meet. */
  static create(salt: Int32Array = Int32Array.from({ length: 3 }, () => randomBytes(4).readInt32LE())): ClaimSet {
    return new ClaimSet({ slots: reserveShared(bytesThrough(0), bytesThrough(levelCount - 1)), salt });
  }

  static attach(data: ClaimSetData): ClaimSet {
    return new ClaimSet(data);
  }

  transfer(): ClaimSetData {
    return { slots: this.#buffer, salt: this.#salt };
  }

  /** True for exactly one caller of all threads: that one must store the blob. */
  claim(type: BlobType, id: Uint8Array): boolean {
    const state = typeStates[type];
    this.#bytes.set(id);
    const hash = this.#hash();
    for (let level = 0; level < levelCount; level += 1) {
      const answer = this.#claimIn(this.#level(level), hash >>> (32 - firstLevelBits - level), levelSlots(level) - 1, state);
      if (answer !== undefined) return answer;
    }
    throw new FortFailError({
      kind: 'bug',
      code: 'claims-full',
      message: 'unable to note a blob of the running backup, there are too many',
    });
  }

  /** Undefined when all slots of this level are taken by other ids. */
  #claimIn(slots: Int32Array, first: number, mask: number, state: number): boolean | undefined {
    const words = this.#words;
    let slot = first;
    for (let probe = 0; probe < probes; probe += 1) {
      const at = slot * slotWords;
      let seen = Atomics.load(slots, at);
      if (seen === emptyState) {
        seen = Atomics.compareExchange(slots, at, emptyState, writingState);
        if (seen === emptyState) {
          for (let i = 0; i < 8; i += 1) slots[at + 1 + i] = words[i] ?? 0;
          Atomics.store(slots, at, state);
          return true;
        }
      }
      if (seen === writingState) seen = settled(slots, at);
      if (seen === state && isAt(slots, at + 1, words)) return false;
      slot = (slot + 1) & mask;
    }
    return undefined;
  }

  /** Its upper bits are as good as random to whoever does not know the salt. */
  #hash(): number {
    let sum = 0;
    for (let i = 0; i < 3; i += 1) sum = (sum + Math.imul(this.#words[i + 1] ?? 0, (this.#salt[i] ?? 0) | 1)) | 0;
    return sum;
  }

  #level(level: number): Int32Array {
    const known = this.#levels[level];
    if (known !== undefined) return known;
    const end = bytesThrough(level);
    growShared(this.#buffer, end);
    const length = levelSlots(level) * slotWords;
    const view = new Int32Array(this.#buffer, end - length * 4, length);
    this.#levels[level] = view;
    return view;
  }
}

/**
 * State of a slot that another thread is about to fill. It is a few instructions away from that, unless the system has suspended
 * it: then spinning would only keep it from running.
 */
function settled(slots: Int32Array, at: number): number {
  for (let tries = 0; ; tries += 1) {
    const seen = Atomics.load(slots, at);
    if (seen !== writingState) return seen;
    if (tries > 200) Atomics.wait(slots, at, writingState, 1);
  }
}

function isAt(slots: Int32Array, at: number, words: Int32Array): boolean {
  for (let i = 0; i < 8; i += 1) if (slots[at + i] !== words[i]) return false;
  return true;
}

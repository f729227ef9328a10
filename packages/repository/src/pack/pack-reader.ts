import { createHash } from 'node:crypto';
import { asFortFailError, FortFailError, isFortFailError } from '@fortfail/base';
import type { StorageBackend } from '@fortfail/storage';
import { Sealer } from '../crypto/sealer.ts';
import type { BlobLocation } from '../index-store/blob-location.ts';
import { SharedIndex } from '../index-store/shared-index.ts';
import { WorkerMemory } from '../kernels/worker-memory.ts';
import { BlobOpener, maxBlobBytes, plainLength } from './blob-opener.ts';
import { decodeHeaderLength, decodePackHeader, headerLengthBytes } from './pack-header.ts';
import { differenceOfBlobs } from './pack-proof.ts';
import type { BlobType, PackedBlob } from './packed-blob.ts';
import type { BlobPipelineInit } from './pipeline-init.ts';
import { ReadAhead } from './read-ahead.ts';
import { planRuns, type Run } from './run-plan.ts';

/** A run of blobs is read at once up to this size. */
const defaultReadBytes = 9 * 1024 * 1024;
/** Room for one opened blob; larger ones get buffers of their own. */
const defaultScratchBytes = 12 * 1024 * 1024;
/** How much of a pack's end is read at first: 398 entries. */
const tailBytes = 16 * 1024;
const pieceBytes = 1024 * 1024;

export interface PackReaderOptions {
  /** The thread's memory, with a read buffer and scratch; one is made otherwise. */
  readonly memory?: WorkerMemory | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What a whole pack's reading found. */
export interface PackVerdict {
  /** One sentence a fault; empty when every byte is as it should be. */
  readonly errors: string[];
  readonly bytes: number;
}

/** Gets one blob, verified; the view is valid until it returns, or until what it returned resolves. */
export type BlobConsumer = (blob: PackedBlob, plain: Uint8Array) => void | Promise<void>;

/** Memory for reading alone. */
export function readerMemory(module: WebAssembly.Module): WorkerMemory {
  return new WorkerMemory(module, { readBytes: defaultReadBytes, scratchBytes: defaultScratchBytes });
}

/**
 * Reads blobs back: nothing leaves it whose authenticator or id is wrong. One method at a time, as its memory holds one run.
 */
export class PackReader {
  readonly #backend: StorageBackend;
  readonly #memory: WorkerMemory;
  readonly #sealer: Sealer;
  readonly #opener: BlobOpener;
  readonly #index: SharedIndex;
  readonly #signal: AbortSignal | undefined;
  readonly #windows = new ReadAhead();

  constructor(init: Pick<BlobPipelineInit, 'key' | 'module' | 'index'>, backend: StorageBackend, options: PackReaderOptions = {}) {
    this.#backend = backend;
    this.#memory = options.memory ?? readerMemory(init.module);
    this.#sealer = new Sealer(init.key, this.#memory);
    this.#opener = new BlobOpener(this.#memory.view(this.#memory.scratch), this.#sealer);
    this.#index = SharedIndex.attach(init.index);
    this.#signal = options.signal;
  }

  /**
   * A copy of the blob's plaintext. Several calls may run at once, but none beside the other methods. Every place the index knows is tried, twice if need be, before `damaged` is thrown; when
   * one could not be reached, that error is thrown instead. The id decides alone: a wrong length in the index is forgiven.
   */
  async readBlob(type: BlobType, id: Uint8Array): Promise<Buffer> {
    return await this.#readAnywhere(type, id);
  }

  /**
   * Hands `blobs` of one pack, sorted by offset, to `onBlob` in that order, reading neighbours together. A blob that is damaged
   * there is taken from another pack; when there is none, `onDamaged` gets the error, or it is thrown. Here the plaintext always
   * has the length that the blob states, because offsets in files were computed from it.
   */
  async readRun(
    packId: string,
    blobs: readonly PackedBlob[],
    onBlob: BlobConsumer,
    onDamaged?: (blob: PackedBlob, error: FortFailError) => void,
  ): Promise<void> {
    for (const run of planRuns(blobs, this.#memory.read.length)) {
      const bytes = await this.#readRunBytes(packId, run);
      for (const blob of run.blobs) {
        let plain =
          bytes === undefined
            ? undefined
            : this.#tryOpen(blob, bytes.subarray(blob.offset - run.offset, blob.offset - run.offset + blob.length));
        try {
          plain ??= await this.#readAgain(blob);
        } catch (error) {
          if (onDamaged === undefined || !isFortFailError(error, 'damaged')) throw error;
          onDamaged(blob, error);
          continue;
        }
        await onBlob(blob, plain);
      }
    }
  }

  /** Blobs of a pack of `sizeBytes` bytes from its own header, and the bytes that header takes at the end. */
  async readHeader(packId: string, sizeBytes: number): Promise<{ blobs: PackedBlob[]; headerBytes: number }> {
    const first = Math.min(sizeBytes, tailBytes);
    let tail = await this.#get(packId, sizeBytes - first, first);
    const length = decodeHeaderLength(tail.subarray(-headerLengthBytes), sizeBytes);
    const headerBytes = length + headerLengthBytes;
    if (headerBytes > tail.length) tail = await this.#get(packId, sizeBytes - headerBytes, headerBytes);
    const sealed = tail.subarray(tail.length - headerBytes, tail.length - headerLengthBytes);
    return { blobs: decodePackHeader(this.#sealer.open(sealed), sizeBytes - headerBytes), headerBytes };
  }

  /**
   * Reads a whole pack: its name against the hash of its bytes, its header, that header against `expected` (what the index says;
   * undefined when it says nothing), every blob down to its id and its length. What is wrong is told, not thrown; only a store
   * that cannot be reached, and a cancellation, throw.
   */
  async verifyPack(packId: string, expected: readonly PackedBlob[] | undefined, sizeBytes?: number): Promise<PackVerdict> {
    const errors: string[] = [];
    const note = (what: string, error: unknown): void => {
      const { kind, message } = asFortFailError(error);
      if (kind !== 'damaged' && kind !== 'not-found') throw error;
      errors.push(`${what}: ${message}`);
    };
    try {
      const size = sizeBytes ?? (await this.#backend.stat({ type: 'pack', name: packId }, { signal: this.#signal })).sizeBytes;
      const blobs = await this.#statedBlobs(packId, size, expected, note);
      const digest = createHash('sha256');
      let at = 0;
      for (const run of planRuns(blobs, this.#memory.read.length)) {
        const bytes = await this.#get(packId, run.offset, run.length, this.#memory.view(this.#memory.read));
        digest.update(bytes);
        at = run.offset + run.length;
        for (const blob of run.blobs)
          this.#verifyBlob(blob, bytes.subarray(blob.offset - run.offset, blob.offset - run.offset + blob.length), note);
      }
      for (; at < size; at += pieceBytes) digest.update(await this.#get(packId, at, Math.min(pieceBytes, size - at)));
      const name = digest.digest('hex');
      if (name !== packId) errors.push(`pack ${packId}: its bytes hash to ${name}`);
      return { errors, bytes: size };
    } catch (error) {
      note(`pack ${packId}`, error);
      return { errors, bytes: 0 };
    }
  }

  async #statedBlobs(
    packId: string,
    size: number,
    expected: readonly PackedBlob[] | undefined,
    note: (what: string, error: unknown) => void,
  ): Promise<PackedBlob[]> {
    try {
      const { blobs } = await this.readHeader(packId, size);
      const sorted = expected === undefined ? undefined : [...expected].sort((a, b) => a.offset - b.offset);
      const difference = sorted === undefined ? undefined : differenceOfBlobs(blobs, sorted);
      if (difference !== undefined) {
        note(`pack ${packId}`, new FortFailError({ kind: 'damaged', code: 'pack-index', message: `index and pack differ, ${difference}` }));
      }
      return blobs;
    } catch (error) {
      note(`pack ${packId}`, error);
      return [];
    }
  }

  #verifyBlob(blob: PackedBlob, sealed: Uint8Array, note: (what: string, error: unknown) => void): void {
    try {
      this.#opener.open(blob, sealed);
    } catch (error) {
      note(`${blob.type} blob ${Buffer.from(blob.id).toString('hex')} at offset ${blob.offset}`, error);
    }
  }

  /** Bytes of a run, or undefined when the pack is gone or too short for it. */
  async #readRunBytes(packId: string, run: Run): Promise<Uint8Array | undefined> {
    try {
      return await this.#get(packId, run.offset, run.length, this.#memory.view(this.#memory.read));
    } catch (error) {
      if (isFortFailError(error, 'damaged') || isFortFailError(error, 'not-found')) return undefined;
      throw error;
    }
  }

  #tryOpen(blob: PackedBlob, sealed: Uint8Array): Uint8Array | undefined {
    try {
      return this.#opener.open(blob, sealed);
    } catch (error) {
      if (isFortFailError(error, 'damaged')) return undefined;
      throw error;
    }
  }

  /** A blob that failed where it was expected. Leaves the run's memory as it is. Its length must still be the one it states. */
  async #readAgain(blob: PackedBlob): Promise<Buffer> {
    const plain = await this.#readAnywhere(blob.type, blob.id);
    if (plain.length === plainLength(blob)) return plain;
    throw new FortFailError({
      kind: 'damaged',
      code: 'blob-length',
      message: `unable to read blob '${Buffer.from(blob.id).toString('hex')}', the index states ${plainLength(blob)} bytes and it has ${plain.length}`,
      hint: 'Run `restic repair index` to write a right index from the packs.',
    });
  }

  async #readAnywhere(type: BlobType, id: Uint8Array): Promise<Buffer> {
    const locations = this.#index.findAll(type, id);
    let unreachable: unknown;
    let damage: unknown;
    // The second round is for what went wrong on the way from the storage and not in it; it asks the storage itself.
    for (const [i, location] of [...locations, ...locations].entries()) {
      try {
        return await this.#readAt(location, id, i < locations.length);
      } catch (error) {
        const { kind } = asFortFailError(error);
        if (kind === 'damaged' || kind === 'not-found') damage ??= error;
        else if (kind === 'unavailable') unreachable ??= error;
        else throw error;
      }
    }
    if (unreachable !== undefined) throw unreachable;
    const name = Buffer.from(id).toString('hex');
    throw new FortFailError({
      kind: 'damaged',
      code: locations.length === 0 ? 'blob-missing' : 'blob-damaged',
      message: `unable to read ${type} blob '${name}', ${locations.length === 0 ? 'no pack holds it' : 'every copy of it is damaged'}`,
      context: { packs: locations.map((location) => this.#index.packId(location.packIndex)) },
      cause: damage,
    });
  }

  async #readAt(location: BlobLocation, id: Uint8Array, isWindowed: boolean): Promise<Buffer> {
    if (location.length > maxBlobBytes) {
      throw new FortFailError({
        kind: 'damaged',
        code: 'blob-length',
        message: `unable to read blob of ${location.length} bytes, it is too large`,
      });
    }
    const packId = this.#index.packId(location.packIndex);
    const fetch = (offset: number, length: number): Promise<Uint8Array> => this.#get(packId, offset, length);
    const sealed =
      isWindowed && location.type === 'tree'
        ? await this.#windows.read(packId, location, this.#index.packEnd(location.packIndex), fetch)
        : await fetch(location.offset, location.length);
    // Copied before anything else can run: the next opening takes the same scratch.
    return Buffer.from(this.#opener.open({ id, uncompressedLength: location.uncompressedLength }, sealed, { isLengthStrict: false }));
  }

  /** A range of a pack, into `into` when it fits there. */
  #get(packId: string, offset: number, length: number, into?: Uint8Array): Promise<Uint8Array> {
    const options =
      into !== undefined && length <= into.length ? { signal: this.#signal, into: into.subarray(0, length) } : { signal: this.#signal };
    return this.#backend.get({ type: 'pack', name: packId }, { offset, length }, options);
  }
}

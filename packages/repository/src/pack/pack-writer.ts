import { hash } from 'node:crypto';
import { FortFailError } from '@fortfail/base';
import type { StorageBackend } from '@fortfail/storage';
import { maxChunkBytes } from '../chunker/chunker.ts';
import { Sealer } from '../crypto/sealer.ts';
import { ClaimSet } from '../index-store/claim-set.ts';
import { SharedIndex } from '../index-store/shared-index.ts';
import { type Region, WorkerMemory } from '../kernels/worker-memory.ts';
import { dataLevel, documentLevel } from '../zstd/compression.ts';
import { compressBound, type ZstdEncoder } from '../zstd/encoder.ts';
import { zstdEncoder } from '../zstd/zstd.ts';
import { BlobOpener } from './blob-opener.ts';
import { OpenPack, packBufferBytes, packOfOne, type SealedPack } from './open-pack.ts';
import { provePack } from './pack-proof.ts';
import { PackQueue } from './pack-queue.ts';
import type { BlobType, PackRecord } from './packed-blob.ts';
import { type BlobPipelineInit, requirePackSize } from './pipeline-init.ts';

/** What a writer has added so far. */
export interface WriterTotals {
  dataBlobs: number;
  treeBlobs: number;
  /** Plaintext of the new blobs. */
  bytesAdded: number;
  /** The same, sealed. */
  bytesStored: number;
}

export interface PackWriterOptions {
  /** The thread's memory, made by `writerMemory` or `dataWriterMemory`; one without a read buffer is made otherwise. */
  readonly memory?: WorkerMemory | undefined;
  /** Abandons what is being stored. */
  readonly signal?: AbortSignal | undefined;
}

/** A thread's memory for writing: two pack buffers, and `readBytes` for the files it reads. */
export function writerMemory(init: Pick<BlobPipelineInit, 'module' | 'packSizeBytes'>, readBytes = 0): WorkerMemory {
  const packBytes = packBufferBytes(requirePackSize(init.packSizeBytes), maxChunkBytes);
  return new WorkerMemory(init.module, { readBytes, packBytes, packBuffers: 2 });
}

/**
 * Memory of one of several threads that write data blobs: with a single pack buffer, because the others go on while its pack
 * is being stored, and scratch to prove packs in. Only for writers of one type of blobs.
 */
export function dataWriterMemory(init: Pick<BlobPipelineInit, 'module' | 'packSizeBytes'>, readBytes: number): WorkerMemory {
  const packBytes = packBufferBytes(requirePackSize(init.packSizeBytes), maxChunkBytes);
  return new WorkerMemory(init.module, { readBytes, packBytes, packBuffers: 1, scratchBytes: 2 * maxChunkBytes });
}

/**
 * Turns new blobs into packs, one writer a thread. Saving is synchronous; storing a finished pack is not: it goes on while the
 * next pack fills, and `onPack` tells when it is durable. Before each `save` the caller asks `needsDrain`, and drains.
 *
 * Data and trees go into packs of their own. A pack is stored when it reaches the pack size, so it may be larger by one blob.
 */
export class PackWriter {
  readonly totals: WriterTotals = { dataBlobs: 0, treeBlobs: 0, bytesAdded: 0, bytesStored: 0 };
  readonly #init: BlobPipelineInit;
  readonly #memory: WorkerMemory;
  readonly #sealer: Sealer;
  readonly #index: SharedIndex;
  readonly #claims: ClaimSet;
  readonly #condemned: ReadonlySet<number>;
  readonly #queue: PackQueue;
  readonly #freeBuffers: Region[];
  readonly #openPacks: Record<BlobType, OpenPack | undefined> = { data: undefined, tree: undefined };
  readonly #usedTypes = new Set<BlobType>();
  readonly #encoders: Record<BlobType, ZstdEncoder | undefined>;

  constructor(init: BlobPipelineInit, backend: StorageBackend, onPack: (record: PackRecord) => void, options: PackWriterOptions = {}) {
    requirePackSize(init.packSizeBytes);
    this.#init = init;
    this.#memory = options.memory ?? writerMemory(init);
    this.#sealer = new Sealer(init.key, this.#memory);
    this.#index = SharedIndex.attach(init.index);
    this.#claims = ClaimSet.attach(init.claims);
    this.#condemned = this.#index.packNumbers(init.condemned ?? []);
    this.#queue = new PackQueue(backend, onPack, options.signal);
    this.#freeBuffers = [...this.#memory.packs];
    this.#encoders = encodersOf(init);
  }

  /**
   * The id of `plain`, which is stored unless the repository has it or another thread of this backup stores it. Throws `bug`
   * when `needsDrain` was not obeyed, and whatever storing an earlier pack threw.
   */
  save(type: BlobType, plain: Uint8Array): Buffer {
    if (plain.length === 0) throw new FortFailError({ kind: 'bug', code: 'empty-blob', message: 'unable to save blob, it is empty' });
    const id: Buffer = hash('sha256', plain, 'buffer');
    if (this.#index.hasOutside(type, id, this.#condemned) || !this.#claims.claim(type, id)) return id;
    this.#store(type, id, plain);
    return id;
  }

  /** True when `drain` must come before the next save (of that type, or of every type saved so far). */
  needsDrain(type?: BlobType): boolean {
    if (this.#queue.isBusy) return true;
    if (this.#freeBuffers.length > 0) return false;
    if (type !== undefined) return this.#openPacks[type] === undefined;
    for (const used of this.#usedTypes) if (this.#openPacks[used] === undefined) return true;
    return false;
  }

  /** Waits until there is room for the next pack. Throws what storing one threw. */
  async drain(): Promise<void> {
    this.#queue.throwFailure();
    while (this.needsDrain() && (await this.#queue.next()));
    this.#queue.throwFailure();
  }

  /** Stores what is left and waits until everything is durable and reported. */
  async flush(): Promise<void> {
    for (const type of ['data', 'tree'] as const) {
      const open = this.#openPacks[type];
      if (open !== undefined && !open.isEmpty) this.#finish(type, open);
    }
    while (await this.#queue.next());
    this.#queue.throwFailure();
  }

  #store(type: BlobType, id: Buffer, plain: Uint8Array): void {
    const encoder = this.#encoders[type];
    const open = this.#open(type);
    const boundBytes = encoder === undefined ? plain.length : compressBound(plain.length);
    const storedBytes = open.hasRoomFor(boundBytes) ? open.append(type, id, plain, encoder) : this.#storeLarge(type, id, plain, open);
    this.totals[type === 'data' ? 'dataBlobs' : 'treeBlobs'] += 1;
    this.totals.bytesAdded += plain.length;
    this.totals.bytesStored += storedBytes;
    if (open.isFull(this.#init.packSizeBytes)) this.#finish(type, open);
  }

  /** A blob beyond what fits for sure: sealed in a buffer of its own, then into the open pack, or a pack of its own. */
  #storeLarge(type: BlobType, id: Buffer, plain: Uint8Array, open: OpenPack): number {
    const encoder = this.#encoders[type];
    const sealed = this.#sealer.seal(encoder === undefined ? plain : encoder.encode(plain));
    const uncompressedLength = encoder === undefined ? 0 : plain.length;
    if (sealed.length < this.#init.packSizeBytes && open.hasRoomFor(sealed.length)) {
      return open.appendSealed(type, id, sealed, uncompressedLength);
    }
    this.#put(packOfOne(this.#sealer, { type, id, uncompressedLength }, sealed), undefined);
    return sealed.length;
  }

  #open(type: BlobType): OpenPack {
    this.#queue.throwFailure();
    const known = this.#openPacks[type];
    if (known !== undefined && !this.#queue.isBusy) return known;
    const region = this.#queue.isBusy ? undefined : this.#freeBuffers.pop();
    if (region === undefined)
      throw new FortFailError({ kind: 'bug', code: 'not-drained', message: 'unable to save blob before the last pack is stored' });
    const open = new OpenPack(this.#memory, region, this.#sealer);
    this.#openPacks[type] = open;
    this.#usedTypes.add(type);
    return open;
  }

  #finish(type: BlobType, open: OpenPack): void {
    this.#openPacks[type] = undefined;
    this.#put(open.close(), open.region);
  }

  #put(pack: SealedPack, region: Region | undefined): void {
    this.#queue.add({
      pack,
      prove: () => this.#prove(pack),
      onSettled: () => {
        if (region !== undefined) this.#freeBuffers.push(region);
      },
    });
  }

  /** Without scratch of its own: the pack before this one is stored by now, and the buffer it left (if no other type took it) serves. */
  #prove(pack: SealedPack): void {
    if (!this.#init.extraVerify) return;
    const free = this.#memory.scratch.length > 0 ? this.#memory.scratch : this.#freeBuffers.at(-1);
    const scratch = free === undefined ? Buffer.alloc(0) : this.#memory.view(free);
    provePack(pack, this.#sealer, new BlobOpener(scratch, this.#sealer));
  }
}

function encodersOf({ version, compression }: BlobPipelineInit): Record<BlobType, ZstdEncoder | undefined> {
  if (version === 1) return { data: undefined, tree: undefined };
  const level = dataLevel(compression);
  return { data: level === undefined ? undefined : zstdEncoder(level), tree: zstdEncoder(documentLevel(compression)) };
}

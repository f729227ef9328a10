import { instantiateKernels, type KernelExports } from './kernel-module.ts';

/** Bytes of each region; what is left out has none. */
export interface MemoryLayout {
  /** Where files, or runs of a pack, are read to. */
  readonly readBytes?: number;
  /** One pack being filled. */
  readonly packBytes?: number;
  /** How many of them: the next is filled while the last is being stored. 2 unless told. */
  readonly packBuffers?: number;
  /** Room for one decompressed blob. */
  readonly scratchBytes?: number;
}

/** A part of the memory; `offset` counts from its beginning. */
export interface Region {
  readonly offset: number;
  readonly length: number;
}

const pageBytes = 65536;
/** Chunker tables: 2 x 256 numbers of 8 bytes. */
const tablesOffset = 1024;
const macOffset = 6144;
const stagingOffset = 8192;
const stagingLength = 56 * 1024;
/** The compiler's own data begins at 64 KiB and needs less than a page. */
const regionsOffset = 2 * pageBytes;

function roundUp(bytes: number): number {
  return Math.ceil(bytes / 4096) * 4096;
}

/**
 * One WebAssembly memory with the kernels over it, owned by one thread. It has its full size from the start, because growing
 * detaches every view; pages that are never touched cost nothing.
 */
export class WorkerMemory {
  readonly module: WebAssembly.Module;
  readonly kernels: KernelExports;
  /** The whole memory. Views of it may be handed to file reads, hashes and ciphers. */
  readonly bytes: Buffer<ArrayBuffer>;
  readonly read: Region;
  readonly packs: readonly Region[];
  readonly scratch: Region;
  /** Tables of the chunker, the block of the one-time authenticator, and a piece for data from elsewhere. */
  readonly tables: Region = { offset: tablesOffset, length: 4096 };
  readonly mac: Region = { offset: macOffset, length: 112 };
  readonly staging: Region = { offset: stagingOffset, length: stagingLength };

  constructor(module: WebAssembly.Module, layout: MemoryLayout = {}) {
    this.module = module;
    this.kernels = instantiateKernels(module);
    let end = regionsOffset;
    const take = (length: number): Region => {
      const region = { offset: end, length };
      end += roundUp(length);
      return region;
    };
    this.read = take(layout.readBytes ?? 0);
    const packCount = (layout.packBytes ?? 0) === 0 ? 0 : (layout.packBuffers ?? 2);
    this.packs = Array.from({ length: packCount }, () => take(layout.packBytes ?? 0));
    this.scratch = take(layout.scratchBytes ?? 0);
    // The scan of the chunker may look at one byte behind the last region.
    const pages = Math.ceil((end + 1) / pageBytes);
    const { memory } = this.kernels;
    const missing = pages - memory.buffer.byteLength / pageBytes;
    if (missing > 0) memory.grow(missing);
    this.bytes = Buffer.from(memory.buffer);
  }

  /** The bytes of a region. */
  view(region: Region): Buffer<ArrayBuffer> {
    return this.bytes.subarray(region.offset, region.offset + region.length);
  }

  /** Where `bytes` lies in this memory, or undefined when it lies elsewhere. */
  offsetOf(bytes: Uint8Array): number | undefined {
    return bytes.buffer === this.bytes.buffer ? bytes.byteOffset : undefined;
  }
}

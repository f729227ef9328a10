import { hash } from 'node:crypto';
import { type Sealer, sealOverheadBytes } from '../crypto/sealer.ts';
import type { Region, WorkerMemory } from '../kernels/worker-memory.ts';
import type { ZstdEncoder } from '../zstd/encoder.ts';
import { compressBound } from '../zstd/encoder.ts';
import { encodePackHeader, headerLengthBytes, maxHeaderEntries, packHeaderBound } from './pack-header.ts';
import type { BlobType, PackedBlob } from './packed-blob.ts';

const ivBytes = 16;

/** A pack with its header on, ready to be stored. */
export interface SealedPack {
  readonly id: string;
  readonly bytes: Uint8Array;
  readonly blobs: readonly PackedBlob[];
}

/** Bytes a pack buffer needs so that a blob of `blobBytes` fits into every pack that is not yet full. */
export function packBufferBytes(packSizeBytes: number, blobBytes: number): number {
  return packSizeBytes + compressBound(blobBytes) + sealOverheadBytes + packHeaderBound(1);
}

/** One pack being filled, in a region of a thread's memory: compressed, encrypted and authenticated where it lies. */
export class OpenPack {
  readonly region: Region;
  readonly #room: Buffer;
  readonly #sealer: Sealer;
  readonly #blobs: PackedBlob[] = [];
  #end = 0;

  constructor(memory: WorkerMemory, region: Region, sealer: Sealer) {
    this.region = region;
    this.#room = memory.view(region);
    this.#sealer = sealer;
  }

  get isEmpty(): boolean {
    return this.#blobs.length === 0;
  }

  /** True when a blob whose content takes at most `contentBytes` fits. */
  hasRoomFor(contentBytes: number): boolean {
    return this.#end + contentBytes + sealOverheadBytes + packHeaderBound(this.#blobs.length + 1) <= this.#room.length;
  }

  /** True when the pack with its header is as large as it should be. */
  isFull(packSizeBytes: number): boolean {
    return this.#end + packHeaderBound(this.#blobs.length) >= packSizeBytes || this.#blobs.length >= maxHeaderEntries;
  }

  /** Adds a blob: compressed when there is an encoder, else raw. Answers with its sealed length. */
  append(type: BlobType, id: Uint8Array, plain: Uint8Array, encoder: ZstdEncoder | undefined): number {
    const content = this.#end + ivBytes;
    // The last 16 bytes of the room belong to the authenticator.
    const target = this.#room.subarray(content, this.#room.length - ivBytes);
    if (encoder !== undefined) return this.#seal(type, id, encoder.encodeInto(plain, target), plain.length);
    target.set(plain);
    return this.#seal(type, id, plain.length, 0);
  }

  /** Adds a blob that was sealed elsewhere. */
  appendSealed(type: BlobType, id: Uint8Array, sealed: Uint8Array, uncompressedLength: number): number {
    this.#room.set(sealed, this.#end);
    return this.#note(type, id, sealed.length, uncompressedLength);
  }

  /** Puts the header on. Nothing can be added afterwards. */
  close(): SealedPack {
    const header = encodePackHeader(this.#blobs);
    const length = this.#sealer.sealInto(header, this.#room.subarray(this.#end));
    this.#room.writeUInt32LE(length, this.#end + length);
    this.#end += length + headerLengthBytes;
    const bytes = this.#room.subarray(0, this.#end);
    return { id: hash('sha256', bytes, 'hex'), bytes, blobs: this.#blobs };
  }

  #seal(type: BlobType, id: Uint8Array, contentLength: number, uncompressedLength: number): number {
    const length = this.#sealer.sealInPlace(this.#room.subarray(this.#end), contentLength);
    return this.#note(type, id, length, uncompressedLength);
  }

  #note(type: BlobType, id: Uint8Array, length: number, uncompressedLength: number): number {
    this.#blobs.push({ id, type, offset: this.#end, length, uncompressedLength });
    this.#end += length;
    return length;
  }
}

/** A pack of one blob that is too large for a buffer. */
export function packOfOne(
  sealer: Sealer,
  blob: { type: BlobType; id: Uint8Array; uncompressedLength: number },
  sealed: Buffer,
): SealedPack {
  const blobs = [{ ...blob, offset: 0, length: sealed.length }];
  const header = sealer.seal(encodePackHeader(blobs));
  const tail = Buffer.alloc(headerLengthBytes);
  tail.writeUInt32LE(header.length);
  const bytes = Buffer.concat([sealed, header, tail]);
  return { id: hash('sha256', bytes, 'hex'), bytes, blobs };
}

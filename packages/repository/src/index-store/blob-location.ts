import type { BlobType } from '../pack/packed-blob.ts';

/** Where one copy of a blob lies. */
export interface BlobLocation {
  /** Number of the pack within its index; `SharedIndex.packId` names it. */
  readonly packIndex: number;
  readonly offset: number;
  /** Sealed bytes in the pack. */
  readonly length: number;
  /** Bytes of the plaintext when the blob is compressed, 0 when it is stored raw. */
  readonly uncompressedLength: number;
  readonly type: BlobType;
}

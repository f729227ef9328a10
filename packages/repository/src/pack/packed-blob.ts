/** What a blob is: a piece of a file, or a folder. The same id may exist as both. */
export type BlobType = 'data' | 'tree';

/** One blob of one pack. */
export interface PackedBlob {
  /** SHA-256 of the plaintext, 32 bytes. */
  readonly id: Uint8Array;
  readonly type: BlobType;
  readonly offset: number;
  /** Sealed bytes in the pack. */
  readonly length: number;
  /** Bytes of the plaintext when the blob is compressed, 0 when it is stored raw. */
  readonly uncompressedLength: number;
}

/** A pack that is stored. */
export interface PackRecord {
  /** SHA-256 of the file, 64 hexadecimal digits. */
  readonly id: string;
  readonly sizeBytes: number;
  readonly blobs: readonly PackedBlob[];
}

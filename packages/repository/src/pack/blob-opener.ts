import { hash } from 'node:crypto';
import { FortFailError } from '@fortfail/base';
import type { Sealer } from '../crypto/sealer.ts';
import { sealOverheadBytes } from '../crypto/sealer.ts';
import { zstdDecoder } from '../zstd/zstd.ts';
import type { PackedBlob } from './packed-blob.ts';

/** No blob gives more than this, whatever its headers say. Trees of millions of entries stay below. */
export const maxBlobBytes = 1024 ** 3;

/** Bytes of a blob's plaintext as an index or a header states them. */
export function plainLength(blob: Pick<PackedBlob, 'length' | 'uncompressedLength'>): number {
  return blob.uncompressedLength === 0 ? blob.length - sealOverheadBytes : blob.uncompressedLength;
}

/** How a blob's stated length is taken. */
export interface OpenOptions {
  /** False: the id alone decides, and a wrong `uncompressedLength` is forgiven. True unless told. */
  readonly isLengthStrict?: boolean;
}

/**
 * From the sealed bytes of a blob back to the plaintext: authenticator, decryption, decompression, id. Each step throws
 * `damaged`; nothing that failed one is ever handed out.
 */
export class BlobOpener {
  readonly #scratch: Buffer;
  readonly #sealer: Sealer;

  /** `scratch` is written to; blobs too large for it get buffers of their own. */
  constructor(scratch: Buffer, sealer: Sealer) {
    this.#scratch = scratch;
    this.#sealer = sealer;
  }

  /** The verified plaintext, valid until the next call. `sealed` stays as it is. */
  open(blob: Pick<PackedBlob, 'id' | 'uncompressedLength'>, sealed: Uint8Array, options: OpenOptions = {}): Uint8Array {
    const scratch = this.#scratch;
    const content = sealed.length <= scratch.length ? this.#sealer.openFrom(sealed, scratch) : this.#sealer.open(sealed);
    const plain = blob.uncompressedLength === 0 ? content : this.#decompress(content, scratch, blob, options);
    const id: Buffer = hash('sha256', plain, 'buffer');
    if (!id.equals(blob.id)) {
      throw new FortFailError({ kind: 'damaged', code: 'blob-hash', message: `unable to open blob, its content does not match its id` });
    }
    return plain;
  }

  #decompress(
    content: Uint8Array,
    scratch: Buffer,
    { uncompressedLength }: { uncompressedLength: number },
    options: OpenOptions,
  ): Uint8Array {
    const free = content.buffer === scratch.buffer ? scratch.subarray(content.length) : scratch;
    const isStrict = options.isLengthStrict ?? true;
    if (uncompressedLength > maxBlobBytes && isStrict) {
      throw new FortFailError({
        kind: 'damaged',
        code: 'blob-length',
        message: `unable to open blob, ${uncompressedLength} bytes are too many`,
      });
    }
    return zstdDecoder().decodeInto(content, free, { maxBytes: maxBlobBytes, expectedBytes: isStrict ? uncompressedLength : undefined });
  }
}

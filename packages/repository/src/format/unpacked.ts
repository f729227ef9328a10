import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { FortFailError } from '@fortfail/base';

/** Something that seals and opens bytes with the master key. */
export interface DocumentSealer {
  seal(plain: Uint8Array): Buffer;
  open(sealed: Uint8Array): Buffer;
}

const compressedMark = 0x02;
/** An index document is closed long before this; a frame that claims more is not ours. */
const maxDocumentBytes = 1024 ** 3;

/** The stored bytes of an index, snapshot or lock document: sealed, and in version 2 compressed before. */
export function sealDocument(sealer: DocumentSealer, plain: Uint8Array, version: 1 | 2): Buffer {
  if (version === 1) return sealer.seal(plain);
  const params = { [constants.ZSTD_c_compressionLevel]: 3, [constants.ZSTD_c_contentSizeFlag]: 1 };
  const frame = zstdCompressSync(plain, { params, pledgedSrcSize: plain.length });
  return sealer.seal(Buffer.concat([Buffer.of(compressedMark), frame]));
}

/** Opens stored bytes; both forms are read in both versions, as restic does. Throws `damaged`. */
export function openDocument(sealer: DocumentSealer, stored: Uint8Array): Buffer {
  const plain = sealer.open(stored);
  const mark = plain[0];
  if (mark === undefined || mark === 0x5b || mark === 0x7b) return plain;
  if (mark !== compressedMark) throw badEncoding(`its encoding ${mark} is unknown`);
  try {
    return zstdDecompressSync(plain.subarray(1), { maxOutputLength: maxDocumentBytes, chunkSize: 1024 * 1024 });
  } catch (error) {
    throw badEncoding('it cannot be decompressed', error);
  }
}

function badEncoding(reason: string, cause?: unknown): FortFailError {
  return new FortFailError({ kind: 'damaged', code: 'document-encoding', message: `unable to read document, ${reason}`, cause });
}

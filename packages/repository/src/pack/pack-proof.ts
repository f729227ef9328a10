import { FortFailError } from '@fortfail/base';
import type { Sealer } from '../crypto/sealer.ts';
import type { BlobOpener } from './blob-opener.ts';
import type { SealedPack } from './open-pack.ts';
import { decodeHeaderLength, decodePackHeader, headerLengthBytes } from './pack-header.ts';
import type { PackedBlob } from './packed-blob.ts';

/** Blobs as the end of a whole pack states them. `damaged` when it cannot be read. */
export function readPackEnd(pack: Uint8Array, sealer: Sealer): PackedBlob[] {
  const length = decodeHeaderLength(pack.subarray(-headerLengthBytes), pack.length);
  const end = pack.length - headerLengthBytes;
  return decodePackHeader(sealer.open(pack.subarray(end - length, end)), end - length);
}

function isSame(a: PackedBlob, b: PackedBlob): boolean {
  const hasSamePlace = a.offset === b.offset && a.length === b.length && a.uncompressedLength === b.uncompressedLength;
  return hasSamePlace && a.type === b.type && Buffer.compare(a.id, b.id) === 0;
}

/** First difference between what a pack states and what is expected of it, in words; undefined when there is none. */
export function differenceOfBlobs(stated: readonly PackedBlob[], expected: readonly PackedBlob[]): string | undefined {
  if (stated.length !== expected.length) return `its header lists ${stated.length} blobs instead of ${expected.length}`;
  for (const [i, blob] of stated.entries()) {
    const other = expected[i];
    if (other === undefined || !isSame(blob, other)) return `blob ${i} of its header is another than expected`;
  }
  return undefined;
}

/**
 * Reads a finished pack as a restore would: header, then every blob down to its id. What a faulty memory or processor did to
 * it since its contents were hashed is found here, before the pack is stored and the source may be gone.
 */
export function provePack(pack: SealedPack, sealer: Sealer, opener: BlobOpener): void {
  try {
    const stated = readPackEnd(pack.bytes, sealer);
    const difference = differenceOfBlobs(stated, pack.blobs);
    if (difference !== undefined)
      throw new FortFailError({ kind: 'damaged', code: 'pack-header', message: `unable to prove pack, ${difference}` });
    for (const blob of stated) opener.open(blob, pack.bytes.subarray(blob.offset, blob.offset + blob.length));
  } catch (cause) {
    throw new FortFailError({
      kind: 'damaged',
      code: 'pack-proof',
      message: `unable to store pack '${pack.id}', it does not read back as it was written`,
      hint: 'This machine changed data in its memory. Test its memory and processor before you trust it with backups.',
      cause,
    });
  }
}

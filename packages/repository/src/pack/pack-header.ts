/**
 * The header at the end of a pack (restic format, section 5). Plaintext: entries back to back in the order of the blobs,
 * whose offsets follow by adding up lengths from 0, so that gaps cannot exist. In the file: `sealed header || LE32 its length`.
 */
import { FortFailError } from '@fortfail/base';
import { sealOverheadBytes } from '../crypto/sealer.ts';
import type { BlobType, PackedBlob } from './packed-blob.ts';

const rawEntryBytes = 37;
const compressedEntryBytes = 41;
/** The LE32 that ends every pack. */
export const headerLengthBytes = 4;
/** What restic reads at most, its length field included. */
export const maxHeaderBytes = 16 * 1024 * 1024 + headerLengthBytes;
/** One raw entry in a sealed header and a blob of nothing: restic refuses anything smaller. */
export const minPackBytes = sealOverheadBytes + rawEntryBytes + headerLengthBytes;
/** Entries that always fit. */
export const maxHeaderEntries = Math.floor((maxHeaderBytes - headerLengthBytes - sealOverheadBytes) / compressedEntryBytes);
const maxUint32 = 0xffffffff;

const typeBytes = { data: 0, tree: 1 } as const satisfies Record<BlobType, number>;
const compressedFlag = 2;

function entryBytes(blob: PackedBlob): number {
  return blob.uncompressedLength === 0 ? rawEntryBytes : compressedEntryBytes;
}

/** Bytes at the end of a pack that are not blobs: sealed header and its length. */
export function packHeaderSize(blobs: readonly PackedBlob[]): number {
  let plain = 0;
  for (const blob of blobs) plain += entryBytes(blob);
  return plain + sealOverheadBytes + headerLengthBytes;
}

/** Bytes that `count` entries need at most, sealing and length field included. */
export function packHeaderBound(count: number): number {
  return count * compressedEntryBytes + sealOverheadBytes + headerLengthBytes;
}

/** Size of the whole pack that holds exactly these blobs. */
export function packSize(blobs: readonly PackedBlob[]): number {
  let size = packHeaderSize(blobs);
  for (const blob of blobs) size += blob.length;
  return size;
}

/** Plaintext of the header, into `target` when given. The blobs must lie without gaps from offset 0: `bug` otherwise. */
export function encodePackHeader(blobs: readonly PackedBlob[], target?: Buffer): Buffer {
  let total = 0;
  for (const blob of blobs) total += entryBytes(blob);
  const header = target?.subarray(0, total) ?? Buffer.allocUnsafe(total);
  let at = 0;
  let offset = 0;
  for (const blob of blobs) {
    if (blob.offset !== offset || blob.id.length !== 32) throw badEntry(blob);
    offset += blob.length;
    const isRaw = blob.uncompressedLength === 0;
    header[at] = typeBytes[blob.type] + (isRaw ? 0 : compressedFlag);
    header.writeUInt32LE(blob.length, at + 1);
    if (!isRaw) header.writeUInt32LE(blob.uncompressedLength, at + 5);
    header.set(blob.id, at + (isRaw ? 5 : 9));
    at += isRaw ? rawEntryBytes : compressedEntryBytes;
  }
  return header;
}

function badEntry(blob: PackedBlob): FortFailError {
  return new FortFailError({
    kind: 'bug',
    code: 'pack-entry',
    message: `unable to write pack header, blob at ${blob.offset} does not follow the one before`,
  });
}

function damaged(reason: string): FortFailError {
  return new FortFailError({ kind: 'damaged', code: 'pack-header', message: `unable to read pack header, ${reason}` });
}

/**
 * Length of the sealed header from the last four bytes of a pack of `packBytes`. `damaged` when it cannot be: zero, too short
 * for one entry, beyond the limit or beyond the file.
 */
export function decodeHeaderLength(lastFour: Uint8Array, packBytes: number): number {
  if (packBytes < minPackBytes) throw damaged(`a pack of ${packBytes} bytes is too small`);
  const length = new DataView(lastFour.buffer, lastFour.byteOffset, lastFour.byteLength).getUint32(
    lastFour.length - headerLengthBytes,
    true,
  );
  if (length < sealOverheadBytes + rawEntryBytes) throw damaged(`its length ${length} is too small`);
  if (length + headerLengthBytes > maxHeaderBytes) throw damaged(`its length ${length} is above the limit`);
  if (length + headerLengthBytes > packBytes) throw damaged(`its length ${length} is above that of the pack`);
  return length;
}

/**
 * Blobs of a pack from the plaintext of its header. `blobBytes` is the part of the pack before the header: the entries must
 * fill it exactly. `damaged` for everything else, whatever the bytes are.
 */
export function decodePackHeader(header: Uint8Array, blobBytes: number): PackedBlob[] {
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  const blobs: PackedBlob[] = [];
  let at = 0;
  let offset = 0;
  while (at < header.length) {
    const typeByte = view.getUint8(at);
    if (typeByte > 3) throw damaged(`entry ${blobs.length} has the unknown type ${typeByte}`);
    const isRaw = typeByte < compressedFlag;
    const size = isRaw ? rawEntryBytes : compressedEntryBytes;
    if (at + size > header.length) throw damaged(`entry ${blobs.length} is cut off`);
    const length = view.getUint32(at + 1, true);
    const uncompressedLength = isRaw ? 0 : view.getUint32(at + 5, true);
    if (!isRaw && uncompressedLength === 0) throw damaged(`entry ${blobs.length} is compressed from nothing`);
    if (length < sealOverheadBytes) throw damaged(`entry ${blobs.length} has the impossible length ${length}`);
    if (offset + length > Math.min(blobBytes, maxUint32)) throw damaged(`entry ${blobs.length} ends behind the blobs`);
    const id = Buffer.from(header.subarray(at + size - 32, at + size));
    blobs.push({ id, type: (typeByte & 1) === 0 ? 'data' : 'tree', offset, length, uncompressedLength });
    offset += length;
    at += size;
  }
  if (offset !== blobBytes) throw damaged(`its entries cover ${offset} of ${blobBytes} bytes`);
  return blobs;
}

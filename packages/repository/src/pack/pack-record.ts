/** A stored pack in the shortest form, to go from a worker to the main thread: one buffer, transferred and not copied. */
import { FortFailError } from '@fortfail/base';
import type { PackedBlob, PackRecord } from './packed-blob.ts';

/** Pack id, then its size. */
const headBytes = 32 + 8;
/** Id, type, offset, length, uncompressed length. */
const entryBytes = 32 + 1 + 3 * 4;

/** The record in an ArrayBuffer of its own: list `.buffer` among the transferred. */
export function encodePackRecord(record: PackRecord): Uint8Array<ArrayBuffer> {
  const bytes = Buffer.from(new ArrayBuffer(headBytes + record.blobs.length * entryBytes));
  bytes.write(record.id, 0, 'hex');
  bytes.writeDoubleLE(record.sizeBytes, 32);
  let at = headBytes;
  for (const blob of record.blobs) {
    bytes.set(blob.id, at);
    bytes[at + 32] = blob.type === 'tree' ? 1 : 0;
    bytes.writeUInt32LE(blob.offset, at + 33);
    bytes.writeUInt32LE(blob.length, at + 37);
    bytes.writeUInt32LE(blob.uncompressedLength, at + 41);
    at += entryBytes;
  }
  return bytes;
}

/** The opposite. The ids are views of `encoded`. */
export function decodePackRecord(encoded: Uint8Array): PackRecord {
  const bytes = Buffer.from(encoded.buffer, encoded.byteOffset, encoded.byteLength);
  if (bytes.length < headBytes || (bytes.length - headBytes) % entryBytes !== 0) {
    throw new FortFailError({ kind: 'bug', code: 'pack-record', message: `unable to read pack record of ${bytes.length} bytes` });
  }
  const blobs: PackedBlob[] = [];
  for (let at = headBytes; at < bytes.length; at += entryBytes) {
    blobs.push({
      id: bytes.subarray(at, at + 32),
      type: bytes[at + 32] === 1 ? 'tree' : 'data',
      offset: bytes.readUInt32LE(at + 33),
      length: bytes.readUInt32LE(at + 37),
      uncompressedLength: bytes.readUInt32LE(at + 41),
    });
  }
  return { id: bytes.toString('hex', 0, 32), sizeBytes: bytes.readDoubleLE(32), blobs };
}

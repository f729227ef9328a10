/**
 * The outer structure of zstd data (RFC 8878, section 3.1): frames of blocks, skippable frames between them. Walking the block
 * headers tells where each frame ends, that none is cut off, and how much can come out at most, before anything is allocated
 * by what a header claims. node:zlib tells none of the three: it ignores whatever follows the first frame.
 */
import { FortFailError } from '@fortfail/base';

const frameMagic = 0xfd2fb528;
const skippableMagic = 0x184d2a50;
const maxBlockBytes = 128 * 1024;

/** One frame that holds data. */
export interface ZstdFrame {
  readonly offset: number;
  readonly length: number;
  /** Bytes of its content as its header states them; restic leaves it out of many small frames. */
  readonly contentBytes: number | undefined;
  /** No more than this can come out of its blocks. */
  readonly boundBytes: number;
}

/** What is wrong with bytes that should be zstd frames. */
export function damagedFrame(reason: string, cause?: unknown): FortFailError {
  return new FortFailError({ kind: 'damaged', code: 'zstd', message: `unable to decompress data, ${reason}`, cause });
}

function requireBytes(view: DataView, at: number, count: number): void {
  if (at + count > view.byteLength) throw damagedFrame('it is cut off');
}

interface FrameHeader {
  readonly length: number;
  readonly contentBytes: number | undefined;
  readonly blockBytes: number;
  readonly hasChecksum: boolean;
}

function contentSize(view: DataView, at: number, bytes: number): number | undefined {
  if (bytes === 0) return undefined;
  if (bytes === 1) return view.getUint8(at);
  if (bytes === 2) return view.getUint16(at, true) + 256;
  if (bytes === 4) return view.getUint32(at, true);
  return Number(view.getBigUint64(at, true));
}

function windowSize(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3));
  return base + (base / 8) * (descriptor & 7);
}

function readFrameHeader(view: DataView, start: number): FrameHeader {
  requireBytes(view, start, 5);
  const descriptor = view.getUint8(start + 4);
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3] ?? 0;
  const sizeFlag = descriptor >> 6;
  const sizeBytes = sizeFlag === 0 ? (isSingleSegment ? 1 : 0) : 2 ** sizeFlag;
  let at = start + 5;
  requireBytes(view, at, (isSingleSegment ? 0 : 1) + dictionaryBytes + sizeBytes);
  const windowBytes = isSingleSegment ? undefined : windowSize(view.getUint8(at));
  if (!isSingleSegment) at += 1;
  for (let i = 0; i < dictionaryBytes; i += 1) {
    if (view.getUint8(at + i) !== 0) throw damagedFrame('it needs a dictionary');
  }
  at += dictionaryBytes;
  const contentBytes = contentSize(view, at, sizeBytes);
  return {
    length: at + sizeBytes - start,
    contentBytes,
    blockBytes: Math.min(maxBlockBytes, windowBytes ?? contentBytes ?? 0),
    hasChecksum: (descriptor & 4) !== 0,
  };
}

function scanFrame(view: DataView, start: number): ZstdFrame {
  const header = readFrameHeader(view, start);
  let at = start + header.length;
  let boundBytes = 0;
  for (let isLast = false; !isLast; ) {
    requireBytes(view, at, 3);
    const block = view.getUint16(at, true) | (view.getUint8(at + 2) << 16);
    isLast = (block & 1) !== 0;
    const type = (block >> 1) & 3;
    const size = block >> 3;
    if (type === 3) throw damagedFrame('a block has a reserved type');
    at += 3 + (type === 1 ? 1 : size);
    requireBytes(view, at, 0);
    // Raw and run-length blocks state their size; a compressed one gives a whole block at most.
    boundBytes += type === 2 ? header.blockBytes : size;
  }
  if (header.hasChecksum) {
    requireBytes(view, at, 4);
    at += 4;
  }
  if (header.contentBytes !== undefined && header.contentBytes > boundBytes) throw damagedFrame('it states more content than it can hold');
  return { offset: start, length: at - start, contentBytes: header.contentBytes, boundBytes: header.contentBytes ?? boundBytes };
}

/** All frames of `bytes` in order, which they must fill to the last byte. `damaged` otherwise. */
export function scanFrames(bytes: Uint8Array): ZstdFrame[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const frames: ZstdFrame[] = [];
  let at = 0;
  while (at < bytes.length) {
    requireBytes(view, at, 4);
    const magic = view.getUint32(at, true);
    if (magic === frameMagic) {
      const frame = scanFrame(view, at);
      frames.push(frame);
      at += frame.length;
    } else if ((magic & 0xfffffff0) >>> 0 === skippableMagic) {
      requireBytes(view, at, 8);
      at += 8 + view.getUint32(at + 4, true);
      requireBytes(view, at, 0);
    } else {
      throw damagedFrame('it is no zstd frame');
    }
  }
  if (frames.length === 0) throw damagedFrame('it holds no frame');
  return frames;
}

import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { FortFailError } from '@fortfail/base';
import { damagedFrame, scanFrames, type ZstdFrame } from './frame-scan.ts';
import { StreamHandle } from './stream-handle.ts';

/** Limits of a decompression; the frame's own claims are never believed beyond them. */
export interface DecodeLimits {
  /** More than this is `damaged`, before it is allocated. */
  readonly maxBytes: number;
  /** When given, any other length is `damaged`. */
  readonly expectedBytes?: number | undefined;
}

function publicDecompress(frame: Uint8Array, boundBytes: number): Buffer {
  try {
    const room = Math.max(64, boundBytes);
    return zstdDecompressSync(frame, { chunkSize: room, maxOutputLength: room });
  } catch (cause) {
    const isTooLarge = cause instanceof Error && Reflect.get(cause, 'code') === 'ERR_BUFFER_TOO_LARGE';
    throw isTooLarge ? tooLarge(boundBytes) : damagedFrame('a frame is not valid', cause);
  }
}

/** Decompresses whole frames: one or several, with or without stated sizes. `damaged` when they are not valid or too large. */
export class ZstdDecoder {
  #handle: StreamHandle | undefined;

  constructor() {
    this.#handle = provenDecompressor();
  }

  /** False when the public calls are used instead of a re-used handle: slower, nothing else. */
  get isReusing(): boolean {
    return this.#handle !== undefined;
  }

  /** The content in a buffer of its own. */
  decode(bytes: Uint8Array, limits: DecodeLimits): Buffer {
    const frames = scanFrames(bytes);
    const room = Buffer.allocUnsafeSlow(roomBytes(frames, limits));
    return room.subarray(0, this.#decodeFrames(bytes, frames, room, limits));
  }

  /** The content at the beginning of `target` when it surely fits there, else in a buffer of its own. */
  decodeInto<T extends ArrayBufferLike>(bytes: Uint8Array, target: Uint8Array<T>, limits: DecodeLimits): Uint8Array<T | ArrayBuffer> {
    const frames = scanFrames(bytes);
    const needed = roomBytes(frames, limits);
    const room = needed <= target.length ? target.subarray(0, needed) : Buffer.allocUnsafeSlow(needed);
    return room.subarray(0, this.#decodeFrames(bytes, frames, room, limits));
  }

  #decodeFrames(bytes: Uint8Array, frames: readonly ZstdFrame[], room: Uint8Array, limits: DecodeLimits): number {
    let written = 0;
    for (const frame of frames) {
      const input = bytes.subarray(frame.offset, frame.offset + frame.length);
      written += this.#decodeFrame(input, frame, room.subarray(written));
      if (written > limits.maxBytes) throw tooLarge(limits.maxBytes);
    }
    const { expectedBytes } = limits;
    if (expectedBytes !== undefined && written !== expectedBytes) throw damagedFrame(`it does not give ${expectedBytes} bytes`);
    return written;
  }

  #decodeFrame(input: Uint8Array, frame: ZstdFrame, target: Uint8Array): number {
    const room = target.subarray(0, frame.boundBytes);
    if (this.#handle !== undefined) {
      const { inputLeft, outputLeft, failure } = this.#handle.write(input, room, false);
      const written = room.length - outputLeft;
      const isWhole =
        frame.contentBytes === undefined ? outputLeft > 0 || room.length === frame.boundBytes : written === frame.contentBytes;
      if (failure === undefined && inputLeft === 0 && isWhole) return written;
      // A context that failed, or that waits for more, cannot be used again.
      this.#handle.close();
      this.#handle = StreamHandle.decompressor();
      if (failure !== undefined) throw damagedFrame(`a frame is not valid (${failure})`);
    }
    const content = publicDecompress(input, room.length);
    target.set(content);
    return content.length;
  }
}

function tooLarge(limit: number): FortFailError {
  return damagedFrame(`it gives more than ${limit} bytes`);
}

/**
 * Bytes to decompress into: what the blocks can give at most, but never more than one byte above the limit, which is enough to
 * see that it was passed.
 */
function roomBytes(frames: readonly ZstdFrame[], { expectedBytes, maxBytes }: DecodeLimits): number {
  let bound = 0;
  let stated = 0;
  for (const frame of frames) {
    bound += frame.boundBytes;
    stated += frame.contentBytes ?? 0;
  }
  if (stated > maxBytes) throw tooLarge(maxBytes);
  if (expectedBytes !== undefined && (expectedBytes > bound || stated > expectedBytes))
    throw damagedFrame(`it does not give ${expectedBytes} bytes`);
  return Math.min(bound, Math.min(maxBytes, expectedBytes ?? maxBytes) + 1);
}

function provenDecompressor(): StreamHandle | undefined {
  const handle = StreamHandle.decompressor();
  if (handle === undefined) return undefined;
  const samples = [Buffer.from('{"nodes":[]}\n'), Buffer.alloc(70_000, 'abcdefg'), Buffer.alloc(0)];
  for (const sample of [...samples, ...samples]) {
    for (const pledgedSrcSize of [sample.length, undefined]) {
      const params = { [constants.ZSTD_c_contentSizeFlag]: pledgedSrcSize === undefined ? 0 : 1 };
      const frame = zstdCompressSync(sample, pledgedSrcSize === undefined ? { params } : { params, pledgedSrcSize });
      const room = Buffer.alloc(sample.length + 64);
      const { inputLeft, outputLeft, failure } = handle.write(frame, room, false);
      if (failure === undefined && inputLeft === 0 && room.subarray(0, room.length - outputLeft).equals(sample)) continue;
      handle.close();
      return undefined;
    }
  }
  return handle;
}

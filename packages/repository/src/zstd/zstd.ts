import { type DecodeLimits, ZstdDecoder } from './decoder.ts';
import { ZstdEncoder } from './encoder.ts';

const encoders = new Map<number, ZstdEncoder>();
let decoder: ZstdDecoder | undefined;

/** This thread's encoder of a level. */
export function zstdEncoder(level: number): ZstdEncoder {
  let encoder = encoders.get(level);
  if (encoder === undefined) {
    encoder = new ZstdEncoder(level);
    encoders.set(level, encoder);
  }
  return encoder;
}

/** This thread's decoder. */
export function zstdDecoder(): ZstdDecoder {
  decoder ??= new ZstdDecoder();
  return decoder;
}

/** `plain` as one zstd frame. */
export function compress(plain: Uint8Array, level: number): Buffer {
  return zstdEncoder(level).encode(plain);
}

/** Content of one or more zstd frames; `damaged` when they are not valid, cut off, or give more than allowed. */
export function decompress(frames: Uint8Array, limits: DecodeLimits): Buffer {
  return zstdDecoder().decode(frames, limits);
}

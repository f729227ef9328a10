import { constants, zstdCompressSync } from 'node:zlib';
import { FortFailError } from '@fortfail/base';
import { StreamHandle } from './stream-handle.ts';

/** Room that a frame of `plainBytes` bytes needs at most: zstd's own bound and a little. */
export function compressBound(plainBytes: number): number {
  return plainBytes + (plainBytes >>> 8) + 1024;
}

function publicCompress(plain: Uint8Array, level: number): Buffer {
  return zstdCompressSync(plain, {
    params: { [constants.ZSTD_c_compressionLevel]: level },
    chunkSize: Math.max(64, compressBound(plain.length)),
    pledgedSrcSize: plain.length,
  });
}

function failed(reason: string): FortFailError {
  return new FortFailError({ kind: 'bug', code: 'zstd-encode', message: `unable to compress data, ${reason}` });
}

/** Compresses by one level, one frame a call, without a checksum: what is stored is authenticated and hashed anyway. */
export class ZstdEncoder {
  readonly level: number;
  #handle: StreamHandle | undefined;

  constructor(level: number) {
    this.level = level;
    this.#handle = provenCompressor(level);
  }

  /** False when the public calls are used instead of a re-used handle: slower, nothing else. */
  get isReusing(): boolean {
    return this.#handle !== undefined;
  }

  /** Writes one frame to the beginning of `target`, which has at least `compressBound` bytes; answers with its length. */
  encodeInto(plain: Uint8Array, target: Uint8Array): number {
    if (this.#handle !== undefined) {
      const { inputLeft, outputLeft, failure } = this.#handle.write(plain, target, true);
      if (failure === undefined && inputLeft === 0 && outputLeft > 0) return target.length - outputLeft;
      // The context is in the middle of a frame now and cannot be used again.
      this.#handle.close();
      this.#handle = StreamHandle.compressor(this.level);
    }
    const frame = publicCompress(plain, this.level);
    if (frame.length > target.length) throw failed(`the frame needs ${frame.length} of ${target.length} bytes`);
    target.set(frame);
    return frame.length;
  }

  /** One frame in a buffer of its own. */
  encode(plain: Uint8Array): Buffer {
    const room = Buffer.allocUnsafeSlow(compressBound(plain.length));
    const length = this.encodeInto(plain, room);
    // A frame much smaller than its room would keep all of it alive.
    return length > room.length / 2 ? room.subarray(0, length) : Buffer.from(room.subarray(0, length));
  }
}

/** Inputs of different kinds: compressible, short, not compressible, empty. */
function* samples(): Generator<Buffer> {
  yield Buffer.from('{"nodes":[{"name":"a","type":"file","mode":420}]}\n'.repeat(64));
  yield Buffer.from('short');
  yield Buffer.from(Array.from({ length: 4096 }, (_, i) => (Math.imul(i, 0x9e3779b1) >>> 13) & 255));
  yield Buffer.alloc(0);
}

/** A re-used handle that has just given, twice in a row, what the public call gives; undefined when it did not. */
function provenCompressor(level: number): StreamHandle | undefined {
  const handle = StreamHandle.compressor(level);
  if (handle === undefined) return undefined;
  for (const sample of [...samples(), ...samples()]) {
    const room = Buffer.alloc(compressBound(sample.length));
    const { inputLeft, outputLeft, failure } = handle.write(sample, room, true);
    const frame = room.subarray(0, room.length - outputLeft);
    if (failure === undefined && inputLeft === 0 && frame.equals(publicCompress(sample, level))) continue;
    handle.close();
    return undefined;
  }
  return handle;
}

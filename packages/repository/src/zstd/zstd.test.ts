import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { isFortFailError } from '@fortfail/base';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { noise, prose } from '../pack/testing/pipeline-fixture.ts';
import { dataLevel, documentLevel } from './compression.ts';
import { ZstdDecoder } from './decoder.ts';
import { compressBound, ZstdEncoder } from './encoder.ts';
import { compress, decompress } from './zstd.ts';

const noLimit = { maxBytes: 64 * 1024 * 1024 };

function isDamaged(work: () => unknown): boolean {
  try {
    work();
  } catch (error) {
    return isFortFailError(error, 'damaged') && error.code === 'zstd';
  }
  return false;
}

/** A frame as libzstd makes it with these parameters. */
function frameOf(plain: Uint8Array, level: number, hasSize: boolean, hasChecksum: boolean): Buffer {
  const params = {
    [constants.ZSTD_c_compressionLevel]: level,
    [constants.ZSTD_c_contentSizeFlag]: hasSize ? 1 : 0,
    [constants.ZSTD_c_checksumFlag]: hasChecksum ? 1 : 0,
  };
  return zstdCompressSync(plain, hasSize ? { params, pledgedSrcSize: plain.length } : { params });
}

const inputs = [
  Buffer.alloc(0),
  Buffer.from('x'),
  prose(255),
  prose(256),
  prose(131_072),
  prose(200_000),
  noise(300_000),
  Buffer.alloc(524_288),
];

describe('compress', () => {
  it('re-uses its handle on this Node, which is what makes it fast', () => {
    expect(new ZstdEncoder(2).isReusing).toBe(true);
    expect(new ZstdDecoder().isReusing).toBe(true);
  });

  it.each([-5, 1, 2, 3, 6, 12, 19])('gives at level %i what the public call gives, again and again', (level) => {
    const encoder = new ZstdEncoder(level);
    for (const plain of [...inputs, ...inputs]) {
      const wanted = zstdCompressSync(plain, { params: { [constants.ZSTD_c_compressionLevel]: level }, pledgedSrcSize: plain.length });
      expect(encoder.encode(plain).equals(wanted)).toBe(true);
    }
  });

  it('recovers when the room is too small', () => {
    const encoder = new ZstdEncoder(2);
    expect(() => encoder.encodeInto(noise(10_000), Buffer.alloc(100))).toThrow(/unable to compress/);
    const plain = prose(5000);
    expect(zstdDecompressSync(encoder.encode(plain)).equals(plain)).toBe(true);
  });

  it('never needs more room than its bound', () => {
    for (const length of [0, 1, 100, 1000, 131_071, 131_072, 131_073, 1_000_000]) {
      expect(compress(noise(length), 2).length).toBeLessThanOrEqual(compressBound(length));
    }
  });

  it("maps restic's names to levels", () => {
    expect(dataLevel('off')).toBeUndefined();
    expect(documentLevel('off')).toBe(2);
    expect(dataLevel('auto')).toBe(2);
    expect((dataLevel('fastest') ?? 0) < 2 && (dataLevel('better') ?? 0) > 2 && (dataLevel('max') ?? 0) > (dataLevel('better') ?? 0)).toBe(
      true,
    );
  });
});

describe('decompress', () => {
  it('reads frames of every level, with and without size and checksum, told the length or not', () => {
    for (const level of [-5, 1, 2, 3, 9, 15, 19, 22]) {
      for (const plain of inputs.slice(0, 7)) {
        for (const [hasSize, hasChecksum] of [
          [true, false],
          [false, false],
          [true, true],
          [false, true],
        ] as const) {
          const frame = frameOf(plain, level, hasSize, hasChecksum);
          expect(decompress(frame, noLimit).equals(plain)).toBe(true);
          expect(decompress(frame, { maxBytes: plain.length, expectedBytes: plain.length }).equals(plain)).toBe(true);
        }
      }
    }
  });

  it("reads restic's small frames: no size, not single-segment, window 1 KiB", () => {
    // Frame header: descriptor 0, window descriptor 0 (1 KiB); one raw block, last, of 5 bytes.
    const frame = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x00, 0x29, 0x00, 0x00, ...Buffer.from('hello')]);
    expect(decompress(frame, { maxBytes: 100 }).toString()).toBe('hello');
    expect(decompress(frame, { maxBytes: 5, expectedBytes: 5 }).toString()).toBe('hello');
  });

  it('reads several frames, and steps over skippable ones', () => {
    const skippable = Buffer.from([0x53, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);
    const bytes = Buffer.concat([skippable, compress(Buffer.from('one '), 2), skippable, frameOf(Buffer.from('two'), 3, false, true)]);
    expect(decompress(bytes, noLimit).toString()).toBe('one two');
  });

  it('refuses more than the limit, whether the frame states it or hides it', () => {
    for (const hasSize of [true, false]) {
      const frame = frameOf(Buffer.alloc(5_000_000), 2, hasSize, false);
      expect(isDamaged(() => decompress(frame, { maxBytes: 4_999_999 }))).toBe(true);
      expect(isDamaged(() => decompress(Buffer.concat([frame, frame]), { maxBytes: 9_999_999 }))).toBe(true);
      expect(decompress(frame, { maxBytes: 5_000_000 }).length).toBe(5_000_000);
    }
  });

  it('refuses any length but the expected one', () => {
    for (const hasSize of [true, false]) {
      const frame = frameOf(prose(1000), 2, hasSize, false);
      for (const expectedBytes of [0, 1, 999, 1001, 1_000_000]) {
        expect(isDamaged(() => decompress(frame, { ...noLimit, expectedBytes }))).toBe(true);
      }
    }
  });

  it('allocates nothing by what a hostile header claims', () => {
    // 8 bytes of content size, all ones, and one empty last block.
    const claim = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0xe0, ...Buffer.alloc(8, 0xff), 0x01, 0x00, 0x00]);
    expect(isDamaged(() => decompress(claim, { maxBytes: Number.MAX_SAFE_INTEGER }))).toBe(true);
    expect(isDamaged(() => decompress(compress(prose(10), 2), { maxBytes: Number.MAX_SAFE_INTEGER, expectedBytes: 2 ** 40 }))).toBe(true);
  });

  it('refuses every truncation, and anything behind the last frame', () => {
    for (const frame of [frameOf(prose(3000), 2, true, false), frameOf(prose(3000), 2, false, true)]) {
      for (let length = 0; length < frame.length; length += 1) {
        expect(isDamaged(() => decompress(frame.subarray(0, length), noLimit))).toBe(true);
      }
      expect(isDamaged(() => decompress(Buffer.concat([frame, Buffer.from([0])]), noLimit))).toBe(true);
    }
  });

  it('never hands out wrong bytes of a frame with a checksum, and reads the next frame after any failure', () => {
    const plain = prose(2000);
    const good = frameOf(plain, 2, true, true);
    fc.assert(
      fc.property(fc.nat({ max: good.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const bad = Buffer.from(good);
        bad[at] = (bad[at] ?? 0) ^ change;
        let answer: Buffer | undefined;
        if (!isDamaged(() => (answer = decompress(bad, { maxBytes: 10_000 })))) expect(answer?.equals(plain)).toBe(true);
        expect(decompress(good, noLimit).equals(plain)).toBe(true);
      }),
      { numRuns: 400 },
    );
  });

  it('survives any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (tail) => {
        const bytes = Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd]), tail]);
        let answer: Buffer | undefined;
        if (!isDamaged(() => (answer = decompress(bytes, { maxBytes: 1_000_000 })))) expect(answer?.length).toBeLessThanOrEqual(1_000_000);
      }),
      { numRuns: 2000 },
    );
  });

  it('decompresses into given memory when it fits, else beside it', () => {
    const decoder = new ZstdDecoder();
    const plain = prose(50_000);
    const frame = compress(plain, 2);
    const target = Buffer.alloc(60_000);
    const inside = decoder.decodeInto(frame, target, noLimit);
    expect(inside.buffer).toBe(target.buffer);
    expect(plain.equals(inside)).toBe(true);
    expect(plain.equals(decoder.decodeInto(frame, Buffer.alloc(10), noLimit))).toBe(true);
  });
});

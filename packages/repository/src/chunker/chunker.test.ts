import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadKernelModule } from '../kernels/kernel-module.ts';
import { WorkerMemory } from '../kernels/worker-memory.ts';
import { idOf, noise, testPolynomial } from '../pack/testing/pipeline-fixture.ts';
import { Chunker, maxChunkBytes, minChunkBytes } from './chunker.ts';
import { modulo, randomPolynomial } from './polynomial.ts';

const vectorBytes = 20_971_520;
const memory = new WorkerMemory(loadKernelModule(), { readBytes: vectorBytes });

/** Chunk lengths, with the file given in pieces as `pieces` says, each chunk moved to the beginning of the memory as it is begun. */
function cut(file: Uint8Array, polynomial = testPolynomial, pieces: () => number = () => file.length): number[] {
  const chunker = new Chunker(memory, polynomial);
  const { bytes, read } = memory;
  const lengths: number[] = [];
  let start = 0;
  let given = 0;
  for (;;) {
    const isEnd = given === file.length;
    const length = chunker.nextCut(read.offset, given - start, isEnd);
    if (length > 0) {
      lengths.push(length);
      start += length;
      bytes.set(file.subarray(start, given), read.offset);
    } else if (isEnd) {
      return lengths;
    } else {
      const more = Math.min(file.length - given, Math.max(1, pieces()));
      bytes.set(file.subarray(given, given + more), read.offset + given - start);
      given += more;
    }
  }
}

/** restic's loop, literally: a window of 64 bytes that begins with a 1, one byte after the other, arithmetic without tables. */
function referenceCut(file: Uint8Array, polynomial: bigint): number[] {
  const lengths: number[] = [];
  const out = Array.from({ length: 256 }, (_, byte) => {
    let rest = modulo(BigInt(byte), polynomial);
    for (let i = 0; i < 63; i += 1) rest = modulo(rest << 8n, polynomial);
    return rest;
  });
  const over = Array.from({ length: 256 }, (_, top) => modulo(BigInt(top) << 53n, polynomial));
  let start = 0;
  while (start < file.length) {
    const window = new Uint8Array(64);
    let at = 0;
    let digest = 0n;
    const slide = (byte: number): void => {
      digest ^= out[window[at] ?? 0] ?? 0n;
      window[at] = byte;
      at = (at + 1) % 64;
      const next = (digest << 8n) | BigInt(byte);
      digest = (next & (2n ** 53n - 1n)) ^ (over[Number(next >> 53n)] ?? 0n);
    };
    slide(1);
    let length = Math.min(minChunkBytes - 64, file.length - start);
    while (start + length < file.length) {
      slide(file[start + length] ?? 0);
      length += 1;
      if (length >= minChunkBytes && ((digest & 0xfffffn) === 0n || length >= maxChunkBytes)) break;
    }
    lengths.push(length);
    start += length;
  }
  return lengths;
}

describe('Chunker', () => {
  it("cuts restic's 20 MiB vector where restic does, whole and in pieces of any size", () => {
    const file = noise(vectorBytes);
    expect(createHash('sha256').update(file).digest('hex')).toBe('4ef0e6ddb3d6dd51ea71bab90f6b2e86fafb1dd4477fdd442a3c095dd1a8516f');
    const wanted = [
      1065747, 1351372, 2829364, 1532396, 1806164, 1923570, 1040531, 3066319, 1087913, 2052735, 1161368, 994885, 677787, 381369,
    ];
    const ids = ['5ff381e330096b3b', '35084a04eb81e4c4', '0aea5f631a884db6'];
    expect(cut(file)).toEqual(wanted);
    for (const piece of [1024 * 1024, 100_003, 65_536]) expect(cut(file, testPolynomial, () => piece)).toEqual(wanted);
    let start = 0;
    const found = wanted.map((length) => {
      start += length;
      return idOf(file.subarray(start - length, start))
        .toString('hex')
        .slice(0, 16);
    });
    expect(found.slice(0, 3)).toEqual(ids);
    expect(found.at(-1)).toBe('1edcadb58215304f');
  });

  it('cuts runs of zeros at the minimum and runs of ones at the maximum', () => {
    expect(cut(Buffer.alloc(1_200_000))).toEqual([524_288, 524_288, 151_424]);
    expect(cut(Buffer.alloc(vectorBytes, 1))).toEqual([8_388_608, 8_388_608, 4_194_304]);
    expect(idOf(Buffer.alloc(minChunkBytes)).toString('hex')).toBe('07854d2fef297a06ba81685e660c332de36d5d18d546927d30daad6d7fda1541');
  });

  it('makes one chunk of what is not above the minimum, and none of nothing', () => {
    expect(cut(noise(524_288))).toEqual([524_288]);
    expect(cut(noise(524_287))).toEqual([524_287]);
    expect(cut(Buffer.from('x'))).toEqual([1]);
    expect(cut(Buffer.alloc(0))).toEqual([]);
    expect(cut(Buffer.alloc(maxChunkBytes, 1))).toEqual([maxChunkBytes]);
    expect(cut(Buffer.alloc(maxChunkBytes + 1, 1))).toEqual([maxChunkBytes, 1]);
  });

  it('cuts where a literal port of restic does, by other polynomials too', () => {
    for (let seed = 0; seed < 3; seed += 1) {
      const polynomial = seed === 0 ? testPolynomial : randomPolynomial();
      const file = noise(2_500_000 + seed * 777, seed + 1);
      expect([polynomial, cut(file, polynomial)]).toEqual([polynomial, referenceCut(file, polynomial)]);
    }
  });

  it('cuts the same whatever the sizes of the pieces', () => {
    const file = Buffer.concat([noise(1_500_000, 9), Buffer.alloc(700_000), noise(1_400_000, 10)]);
    const wanted = cut(file);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 900_000 }), { minLength: 1, maxLength: 20 }), (sizes) => {
        let i = 0;
        expect(cut(file, testPolynomial, () => sizes[i++ % sizes.length] ?? 1)).toEqual(wanted);
      }),
      { numRuns: 25 },
    );
  });

  it('starts anew after a file was given up', () => {
    const file = noise(2_000_000, 3);
    const chunker = new Chunker(memory, testPolynomial);
    memory.bytes.set(file, memory.read.offset);
    const wanted = chunker.nextCut(memory.read.offset, file.length, true);
    expect(chunker.nextCut(memory.read.offset, wanted - 1, false)).toBe(0);
    chunker.reset();
    expect(chunker.nextCut(memory.read.offset, file.length, true)).toBe(wanted);
  });
});

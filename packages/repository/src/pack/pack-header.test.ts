import { isFortFailError } from '@fortfail/base';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeHeaderLength,
  decodePackHeader,
  encodePackHeader,
  maxHeaderBytes,
  maxHeaderEntries,
  packHeaderBound,
  packHeaderSize,
  packSize,
} from './pack-header.ts';
import type { PackedBlob } from './packed-blob.ts';
import { idOf } from './testing/pipeline-fixture.ts';

function isDamaged(work: () => unknown): boolean {
  try {
    work();
  } catch (error) {
    return isFortFailError(error, 'damaged') && error.code === 'pack-header';
  }
  return false;
}

/** Blobs one behind the other, as in a pack. */
function packed(entries: readonly { type: 'data' | 'tree'; length: number; uncompressedLength: number }[]): PackedBlob[] {
  let offset = 0;
  return entries.map((entry, i) => {
    const blob = { ...entry, id: idOf(Buffer.from([i])), offset };
    offset += entry.length;
    return blob;
  });
}

const entry = fc.record({
  type: fc.constantFrom('data' as const, 'tree' as const),
  length: fc.integer({ min: 32, max: 9_000_000 }),
  uncompressedLength: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 0xffffffff })),
});

const four = packed([
  { type: 'data', length: 100, uncompressedLength: 0 },
  { type: 'tree', length: 101, uncompressedLength: 0 },
  { type: 'data', length: 102, uncompressedLength: 500 },
  { type: 'tree', length: 103, uncompressedLength: 600 },
]);

describe('the pack header', () => {
  it('writes the four entry types as the format says', () => {
    const [a, b, c, d] = four.map((blob) => Buffer.from(blob.id).toString('hex'));
    expect(encodePackHeader(four).toString('hex')).toBe(`0064000000${a}0165000000${b}0266000000f4010000${c}036700000058020000${d}`);
    expect(packHeaderSize(four)).toBe(37 + 37 + 41 + 41 + 32 + 4);
    expect(packSize(four)).toBe(406 + packHeaderSize(four));
    expect(packHeaderBound(4)).toBeGreaterThanOrEqual(packHeaderSize(four));
  });

  it('reads back what it wrote', () => {
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 40 }), (entries) => {
        const blobs = packed(entries);
        const total = blobs.reduce((sum, blob) => sum + blob.length, 0);
        expect(decodePackHeader(encodePackHeader(blobs), total)).toEqual(blobs);
      }),
    );
  });

  it('refuses to write gaps', () => {
    const [first, second] = four;
    if (first === undefined || second === undefined) throw new Error('two blobs');
    expect(() => encodePackHeader([first, { ...second, offset: 101 }])).toThrow(/does not follow/);
  });

  it('refuses every truncation and entries that do not fill the pack', () => {
    const header = encodePackHeader(four);
    for (let length = 0; length < header.length; length += 1)
      expect(isDamaged(() => decodePackHeader(header.subarray(0, length), 406))).toBe(true);
    for (const blobBytes of [0, 405, 407]) expect(isDamaged(() => decodePackHeader(header, blobBytes))).toBe(true);
  });

  it('refuses unknown types, impossible lengths and a compressed blob of nothing', () => {
    const spoil = (at: number, value: number): Buffer => {
      const header = encodePackHeader(four);
      header.writeUInt32LE(value, at);
      return header;
    };
    const unknown = encodePackHeader(four);
    unknown[0] = 4;
    expect(isDamaged(() => decodePackHeader(unknown, 406))).toBe(true);
    expect(isDamaged(() => decodePackHeader(spoil(1, 31), 406))).toBe(true);
    expect(isDamaged(() => decodePackHeader(spoil(1, 0xffffffff), 406))).toBe(true);
    expect(isDamaged(() => decodePackHeader(spoil(79, 0), 406))).toBe(true);
  });

  it('takes any bytes without anything but an answer or `damaged`', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.nat({ max: 2 ** 33 }), (bytes, blobBytes) => {
        if (isDamaged(() => decodePackHeader(bytes, blobBytes))) return;
        const sum = decodePackHeader(bytes, blobBytes).reduce((total, blob) => total + blob.length, 0);
        expect(sum).toBe(blobBytes);
      }),
      { numRuns: 2000 },
    );
  });

  it('limits the length of the header', () => {
    const ending = (length: number): Buffer => {
      const tail = Buffer.alloc(4);
      tail.writeUInt32LE(length);
      return tail;
    };
    expect(decodeHeaderLength(ending(69), 73)).toBe(69);
    expect(isDamaged(() => decodeHeaderLength(ending(69), 72))).toBe(true);
    expect(isDamaged(() => decodeHeaderLength(ending(0), 1000))).toBe(true);
    expect(isDamaged(() => decodeHeaderLength(ending(68), 1000))).toBe(true);
    expect(isDamaged(() => decodeHeaderLength(ending(997), 1000))).toBe(true);
    expect(decodeHeaderLength(ending(996), 1000)).toBe(996);
    expect(decodeHeaderLength(ending(maxHeaderBytes - 4), 2 ** 30)).toBe(16 * 1024 * 1024);
    expect(isDamaged(() => decodeHeaderLength(ending(maxHeaderBytes - 3), 2 ** 30))).toBe(true);
    expect(packHeaderBound(maxHeaderEntries)).toBeLessThanOrEqual(maxHeaderBytes);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodePackRecord, encodePackRecord } from './pack-record.ts';

const word = fc.integer({ min: 0, max: 0xffffffff });
const id = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes));
const record = fc.record({
  id: id.map((bytes) => bytes.toString('hex')),
  sizeBytes: fc.integer({ min: 0, max: 2 ** 40 }),
  blobs: fc.array(
    fc.record({ id, type: fc.constantFrom('data' as const, 'tree' as const), offset: word, length: word, uncompressedLength: word }),
  ),
});

describe('a pack record', () => {
  it('crosses threads whole, in a buffer of its own', () => {
    fc.assert(
      fc.property(record, (wanted) => {
        const encoded = encodePackRecord(wanted);
        expect(encoded.byteLength).toBe(encoded.buffer.byteLength);
        const plain = structuredClone(encoded, { transfer: [encoded.buffer] });
        expect(decodePackRecord(plain)).toEqual(wanted);
      }),
    );
  });

  it('refuses bytes that are none', () => {
    expect(() => decodePackRecord(Buffer.alloc(39))).toThrow(/unable to read pack record/);
    expect(() => decodePackRecord(Buffer.alloc(41))).toThrow(/unable to read pack record/);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PackedBlob } from './packed-blob.ts';
import { planRuns } from './run-plan.ts';

function blob(offset: number, length: number): PackedBlob {
  return { id: Buffer.alloc(32), type: 'data', offset, length, uncompressedLength: 0 };
}

describe('planRuns', () => {
  it('joins neighbours, bridges small gaps and leaves large ones out', () => {
    const runs = planRuns([blob(0, 100), blob(100, 100), blob(1000, 50), blob(200_000, 10)], 1_000_000);
    expect(runs.map(({ offset, length, blobs }) => [offset, length, blobs.length])).toEqual([
      [0, 1050, 3],
      [200_000, 10, 1],
    ]);
  });

  it('gives a blob larger than the limit a run of its own', () => {
    const runs = planRuns([blob(0, 10), blob(10, 5000), blob(5010, 10)], 1000);
    expect(runs.map(({ offset, length }) => [offset, length])).toEqual([
      [0, 10],
      [10, 5000],
      [5010, 10],
    ]);
  });

  it('covers every blob, in order, within the limit', () => {
    const blobs = fc.array(fc.tuple(fc.nat({ max: 500_000 }), fc.integer({ min: 32, max: 300_000 })), { maxLength: 50 });
    fc.assert(
      fc.property(blobs, fc.integer({ min: 1000, max: 2_000_000 }), (pairs, limit) => {
        const sorted = pairs.map(([offset, length]) => blob(offset, length)).sort((a, b) => a.offset - b.offset);
        const runs = planRuns(sorted, limit);
        expect(runs.flatMap((run) => run.blobs)).toEqual(sorted);
        for (const run of runs) {
          expect(run.length <= limit || run.blobs.length === 1).toBe(true);
          for (const { offset, length } of run.blobs) expect(offset >= run.offset && offset + length <= run.offset + run.length).toBe(true);
        }
      }),
    );
  });
});

import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import type { PackedBlob } from '../pack/packed-blob.ts';
import { SharedIndex } from './shared-index.ts';
import { numberedId } from './testing/numbered-id.ts';
import type { WatchWork } from './testing/store-worker.ts';

const packName = (number: number): string => number.toString(16).padStart(64, '0');

function blob(number: number, change: Partial<PackedBlob> = {}): PackedBlob {
  return { id: Buffer.from(numberedId(number)), type: 'data', offset: number, length: number + 32, uncompressedLength: 0, ...change };
}

describe('SharedIndex', () => {
  it('finds what was added, by type and id', () => {
    const index = SharedIndex.create();
    index.add(packName(1), [blob(1), blob(2, { type: 'tree', offset: 0xfffffff0, length: 0xffffffff, uncompressedLength: 0x80000001 })]);
    expect(index.find('data', numberedId(1))).toEqual({ packIndex: 0, offset: 1, length: 33, uncompressedLength: 0, type: 'data' });
    expect(index.find('tree', numberedId(2))).toEqual({
      packIndex: 0,
      offset: 0xfffffff0,
      length: 0xffffffff,
      uncompressedLength: 0x80000001,
      type: 'tree',
    });
    expect(index.find('tree', numberedId(1))).toBeUndefined();
    expect(index.has('data', numberedId(2))).toBe(false);
    expect(index.packId(0)).toBe(packName(1));
    expect(() => index.packId(1)).toThrow(/unable to name pack/);
  });

  it('keeps every copy of a blob and skips what it knows already', () => {
    const index = SharedIndex.create();
    index.add(packName(1), [blob(1)]);
    index.add(packName(2), [blob(1), blob(1, { offset: 900 })]);
    index.add(packName(1), [blob(1)]);
    expect(index.blobCount).toBe(3);
    expect(index.packCount).toBe(2);
    expect(index.findAll('data', numberedId(1)).map(({ packIndex, offset }) => [packIndex, offset])).toEqual([
      [1, 900],
      [1, 1],
      [0, 1],
    ]);
    expect(index.hasOutside('data', numberedId(1), new Set([1]))).toBe(true);
    expect(index.hasOutside('data', numberedId(1), new Set([0, 1]))).toBe(false);
    expect(index.packNumbers([packName(2), packName(9)])).toEqual(new Set([1]));
  });

  it('lists packs with their blobs in the order of their offsets', () => {
    const index = SharedIndex.create();
    index.add(packName(1), [blob(5), blob(3)]);
    index.add(packName(2), [blob(4)]);
    index.add(packName(1), [blob(1)]);
    expect([...index.packs()].map((pack) => [pack.packId, pack.blobs.map((b) => b.offset)])).toEqual([
      [packName(1), [1, 3, 5]],
      [packName(2), [4]],
    ]);
    expect([...index.blobs()].map((b) => [b.offset, b.packIndex])).toEqual([
      [5, 0],
      [3, 0],
      [4, 1],
      [1, 0],
    ]);
    expect(index.packEnd(0)).toBe(5 + 37);
    expect(index.blobsOfPack(7)).toEqual([]);
  });

  it('is read by those who attach, and written only where it was made', () => {
    const index = SharedIndex.create();
    const attached = SharedIndex.attach(index.transfer());
    index.add(packName(1), [blob(1)]);
    expect(attached.find('data', numberedId(1))?.offset).toBe(1);
    expect(attached.packId(0)).toBe(packName(1));
    expect([...attached.packs()].length).toBe(1);
    expect(() => attached.add(packName(1), [])).toThrow(/unable to add to an attached index/);
  });

  it('refuses numbers that are no offsets and names that are no packs', () => {
    const index = SharedIndex.create();
    for (const change of [
      { offset: -1 },
      { length: 2 ** 32 },
      { uncompressedLength: 1.5 },
      { offset: Number.NaN },
      { id: Buffer.alloc(31) },
    ]) {
      expect(() => index.add(packName(1), [blob(1, change)])).toThrow(/unable to index blob/);
    }
    expect(() => index.add('xyz', [])).toThrow(/unable to index pack/);
  });

  it('takes at most 60 bytes a blob, for millions of them', { timeout: 120_000 }, () => {
    const index = SharedIndex.create();
    const attached = SharedIndex.attach(index.transfer());
    const count = 2_000_000;
    const perPack = 500;
    for (let start = 0; start < count; start += perPack) {
      const blobs = Array.from({ length: perPack }, (_, i) => blob(start + i));
      index.add(packName(start), blobs);
    }
    expect(index.blobCount).toBe(count);
    let found = 0;
    for (let i = 0; i < count; i += 1) if (attached.find('data', numberedId(i))?.offset === i) found += 1;
    expect(found).toBe(count);
    let missed = 0;
    for (let i = 0; i < count; i += 7) if (attached.has('data', numberedId(count + i))) missed += 1;
    expect(missed).toBe(0);
    const { header, records, heads, packs } = index.transfer();
    // Records are taken in steps; what counts is what is touched of them.
    const touched = header.byteLength + count * 52 + heads.byteLength + packs.byteLength;
    expect(touched / count).toBeLessThan(60);
    expect(records.byteLength - count * 52).toBeLessThan(8 * 1024 * 1024);
  });

  it('answers rightly in other threads while it grows', { timeout: 120_000 }, async () => {
    const index = SharedIndex.create();
    const progress = new SharedArrayBuffer(8);
    const words = new Int32Array(progress);
    const work: WatchWork = { kind: 'watch', index: index.transfer(), progress };
    const answers = [1, 2].map(
      () =>
        new Promise<{ lookUps: number; faults: number }>((resolve, reject) => {
          const worker = new Worker(new URL('./testing/store-worker.ts', import.meta.url), { workerData: work });
          worker.once('message', resolve).once('error', reject);
        }),
    );
    for (let start = 0; start < 1_200_000; start += 400) {
      const blobs = Array.from({ length: 400 }, (_, i) => blob(start + i));
      index.add(packName(start), blobs);
      Atomics.store(words, 0, start + 400);
      // Gives the threads a chance to start before everything is in.
      if (start % 100_000 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    Atomics.store(words, 1, 1);
    for (const { faults } of await Promise.all(answers)) expect(faults).toBe(0);
  });
});

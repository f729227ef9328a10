import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { ClaimSet } from './claim-set.ts';
import { numberedId } from './testing/numbered-id.ts';
import type { ClaimWork } from './testing/store-worker.ts';

function inThread(work: ClaimWork): Promise<{ won: Uint32Array }> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./testing/store-worker.ts', import.meta.url), { workerData: work });
    worker.once('message', resolve).once('error', reject);
  });
}

describe('ClaimSet', () => {
  it('grants each blob once, as data and as tree', () => {
    const claims = ClaimSet.create();
    const id = Buffer.alloc(32, 7);
    expect([claims.claim('data', id), claims.claim('data', id), claims.claim('tree', id), claims.claim('tree', id)]).toEqual([
      true,
      false,
      true,
      false,
    ]);
  });

  it('tells ids apart that differ in one bit', () => {
    const claims = ClaimSet.create();
    expect(claims.claim('data', Buffer.alloc(32))).toBe(true);
    for (let bit = 0; bit < 256; bit += 1) {
      const id = Buffer.alloc(32);
      id[bit >> 3] = 1 << (bit & 7);
      expect(claims.claim('data', id)).toBe(true);
      expect(claims.claim('data', id)).toBe(false);
    }
  });

  it('grows through its levels without losing or granting anything twice: two million ids', { timeout: 120_000 }, () => {
    const claims = ClaimSet.create();
    const attached = ClaimSet.attach(claims.transfer());
    const count = 2_000_000;
    let granted = 0;
    for (let i = 0; i < count; i += 1) if ((i % 2 === 0 ? claims : attached).claim('data', numberedId(i))) granted += 1;
    expect(granted).toBe(count);
    let again = 0;
    for (let i = 0; i < count; i += 5) if ((i % 3 === 0 ? claims : attached).claim('data', numberedId(i))) again += 1;
    expect(again).toBe(0);
    // 36 bytes a slot; levels are added before they are needed in full.
    expect(claims.transfer().slots.byteLength / count).toBeLessThan(100);
  });

  it('says so when no slot of any level is left for an id', () => {
    const claims = ClaimSet.create(new Int32Array(3));
    // Of these ids only the last word differs, which is not hashed: all want the same slots.
    const id = Buffer.alloc(32, 1);
    let granted = 0;
    const fill = (): void => {
      for (let i = 0; i < 1000; i += 1) {
        id.writeUInt32LE(i, 28);
        if (claims.claim('data', id)) granted += 1;
        expect(claims.claim('data', id)).toBe(false);
      }
    };
    expect(fill).toThrow(/unable to note a blob/);
    expect(granted).toBe(12 * 16);
  });

  it('grants each of a million ids to exactly one of four threads', { timeout: 120_000 }, async () => {
    const claims = ClaimSet.create();
    const count = 1_000_003;
    const strides = [1, 1, 7, 999_983];
    const answers = await Promise.all(strides.map((stride) => inThread({ kind: 'claim', claims: claims.transfer(), count, stride })));
    const seen = new Uint8Array(count);
    for (const { won } of answers) for (const number of won) seen[number] = (seen[number] ?? 0) + 1;
    expect(seen.every((times) => times === 1)).toBe(true);
    expect(answers.filter(({ won }) => won.length > 0).length).toBeGreaterThan(1);
  });
});

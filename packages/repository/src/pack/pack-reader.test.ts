import { FortFailError, isFortFailError } from '@fortfail/base';
import type { Handle } from '@fortfail/storage';
import { FaultyBackend } from '@fortfail/storage/testing';
import { describe, expect, it } from 'vitest';
import { SharedIndex } from '../index-store/shared-index.ts';
import { PackReader } from './pack-reader.ts';
import type { PackedBlob } from './packed-blob.ts';
import { idOf, noise, PipelineFixture, prose } from './testing/pipeline-fixture.ts';

const handleOf = (name: string): Handle => ({ type: 'pack', name });

async function stored(fixture: PipelineFixture, plains: readonly Buffer[], type: 'data' | 'tree' = 'data'): Promise<readonly PackedBlob[]> {
  const writer = fixture.writer();
  for (const plain of plains) {
    if (writer.needsDrain(type)) await writer.drain();
    writer.save(type, plain);
  }
  await writer.flush();
  return fixture.records.flatMap((record) => record.blobs);
}

/** What reading one blob comes to: its bytes, or the failure's kind and code. */
async function outcome(work: Promise<Buffer>): Promise<string> {
  try {
    return `${(await work).length} bytes`;
  } catch (error) {
    return isFortFailError(error) ? `${error.kind}/${error.code}` : String(error);
  }
}

/** The same blobs indexed with other facts. */
function readerWith(fixture: PipelineFixture, blobs: readonly PackedBlob[], packId = fixture.onlyPack.id): PackReader {
  const index = SharedIndex.create();
  index.add(packId, blobs);
  return new PackReader({ ...fixture.init, index: index.transfer() }, fixture.backend);
}

describe('PackReader.readBlob', () => {
  it('tells a blob no pack holds from one whose every copy is damaged', async () => {
    const fixture = new PipelineFixture();
    await stored(fixture, [prose(100)]);
    expect(await outcome(fixture.reader().readBlob('data', idOf(Buffer.from('?'))))).toBe('damaged/blob-missing');
    expect(await outcome(fixture.reader().readBlob('tree', idOf(prose(100))))).toBe('damaged/blob-missing');
    fixture.backend.overwrite(handleOf(fixture.onlyPack.id), Buffer.alloc(500));
    expect(await outcome(fixture.reader().readBlob('data', idOf(prose(100))))).toBe('damaged/blob-damaged');
    await fixture.backend.remove(handleOf(fixture.onlyPack.id));
    expect(await outcome(fixture.reader().readBlob('data', idOf(prose(100))))).toBe('damaged/blob-damaged');
  });

  it.each(['data', 'tree'] as const)('takes a %s blob from any pack that still has it', async (type) => {
    const fixture = new PipelineFixture();
    await stored(fixture, [prose(3000)], type);
    for (let i = 0; i < 2; i += 1) {
      const other = new PipelineFixture();
      await stored(other, [prose(3000)], type);
      const record = other.onlyPack;
      await fixture.backend.put(handleOf(record.id), await other.backend.get(handleOf(record.id)));
      fixture.index.add(record.id, record.blobs);
    }
    const ids = [...fixture.index.packs()].map((pack) => pack.packId);
    expect(ids.length).toBe(3);
    const [first = '', second = '', third = ''] = ids;
    const reader = fixture.reader();
    await fixture.backend.remove(handleOf(third));
    expect(await outcome(reader.readBlob(type, idOf(prose(3000))))).toBe('3000 bytes');
    fixture.backend.overwrite(handleOf(second), Buffer.alloc(100));
    expect(await outcome(fixture.reader().readBlob(type, idOf(prose(3000))))).toBe('3000 bytes');
    fixture.backend.overwrite(handleOf(first), Buffer.alloc(5000));
    expect(await outcome(fixture.reader().readBlob(type, idOf(prose(3000))))).toBe('damaged/blob-damaged');
  });

  it('says that the store cannot be reached rather than that a blob is damaged', async () => {
    const fixture = new PipelineFixture();
    await stored(fixture, [prose(100)]);
    const faulty = new FaultyBackend(fixture.backend);
    const error = new FortFailError({ kind: 'unavailable', code: 'down', message: 'unable to reach the store' });
    faulty.failNext('get', { when: 'before', error });
    expect(await outcome(fixture.reader(faulty).readBlob('data', idOf(prose(100))))).toBe('100 bytes');
    faulty.failNext('get', { when: 'before', error });
    faulty.failNext('get', { when: 'before', error });
    await expect(fixture.reader(faulty).readBlob('data', idOf(prose(100)))).rejects.toBe(error);
  });

  it('answers many calls at once, with one request for neighbouring trees', async () => {
    const fixture = new PipelineFixture();
    const plains = Array.from({ length: 300 }, (_, i) => prose(500 + i, i));
    await stored(fixture, plains, 'tree');
    const faulty = new FaultyBackend(fixture.backend);
    const reader = fixture.reader(faulty);
    const answers = await Promise.all(plains.map((plain) => reader.readBlob('tree', idOf(plain))));
    expect(answers.every((answer, i) => answer.equals(plains[i] ?? Buffer.alloc(0)))).toBe(true);
    expect(faulty.calls.filter((call) => call.method === 'get').length).toBe(1);
  });

  it('trusts the id and not the length in the index', async () => {
    const fixture = new PipelineFixture();
    const [blob] = await stored(fixture, [prose(3000)]);
    if (blob === undefined) throw new Error('one blob');
    for (const uncompressedLength of [1, 2999, 3001, 0xffffffff]) {
      const reader = readerWith(fixture, [{ ...blob, uncompressedLength }]);
      expect(await outcome(reader.readBlob('data', blob.id))).toBe('3000 bytes');
    }
    expect(await outcome(readerWith(fixture, [{ ...blob, uncompressedLength: 0 }]).readBlob('data', blob.id))).toBe('damaged/blob-damaged');
    expect(await outcome(readerWith(fixture, [{ ...blob, length: 0xffffffff }]).readBlob('data', blob.id))).toBe('damaged/blob-damaged');
    expect(await outcome(readerWith(fixture, [{ ...blob, offset: 0xffffff00 }]).readBlob('data', blob.id))).toBe('damaged/blob-damaged');
  });
});

describe('PackReader.readRun', () => {
  it('hands out the blobs asked for, in order, however they lie', async () => {
    const fixture = new PipelineFixture({ packSizeBytes: 64 * 1024 * 1024 });
    const plains = Array.from({ length: 30 }, (_, i) => (i === 11 ? noise(12_000_000, i) : noise(1000 + i * 30_000, i)));
    const blobs = await stored(fixture, plains);
    const asked = blobs.filter((_, i) => i % 3 !== 1);
    const seen: PackedBlob[] = [];
    await fixture.reader().readRun(fixture.onlyPack.id, asked, async (blob, plain) => {
      await Promise.resolve();
      expect(idOf(plain).equals(blob.id)).toBe(true);
      seen.push(blob);
    });
    expect(seen).toEqual(asked);
  });

  it('takes what is damaged from elsewhere, and names what is nowhere whole', async () => {
    const fixture = new PipelineFixture();
    const plains = Array.from({ length: 10 }, (_, i) => prose(5000 + i, i));
    const blobs = await stored(fixture, plains);
    const { id } = fixture.onlyPack;
    const good = Buffer.from(await fixture.backend.get(handleOf(id)));
    const bad = Buffer.from(good);
    for (const i of [2, 7]) {
      const at = (blobs[i]?.offset ?? 0) + 40;
      bad[at] = (bad[at] ?? 0) ^ 1;
    }
    fixture.backend.overwrite(handleOf(id), bad);
    // Blob 7 has a whole copy in another pack.
    const spare = 'ab'.repeat(32);
    await fixture.backend.put(handleOf(spare), good);
    fixture.index.add(spare, blobs.slice(7, 8));
    const seen: number[] = [];
    const damaged: number[] = [];
    await fixture.reader().readRun(
      id,
      blobs,
      (blob, plain) => {
        expect(idOf(plain).equals(blob.id)).toBe(true);
        seen.push(blobs.indexOf(blob));
      },
      (blob, error) => {
        expect(error.code).toBe('blob-damaged');
        damaged.push(blobs.indexOf(blob));
      },
    );
    expect(seen).toEqual([0, 1, 3, 4, 5, 6, 7, 8, 9]);
    expect(damaged).toEqual([2]);
    await expect(fixture.reader().readRun(id, blobs, () => undefined)).rejects.toMatchObject({ kind: 'damaged', code: 'blob-damaged' });
  });

  it('never hands out a blob of another length than the index states, from which offsets in files are computed', async () => {
    const fixture = new PipelineFixture();
    const [blob] = await stored(fixture, [prose(3000)]);
    if (blob === undefined) throw new Error('one blob');
    for (const uncompressedLength of [1, 2999, 3001, 0x7fffffff, 0]) {
      const wrong = { ...blob, uncompressedLength };
      const handed: number[] = [];
      const run = readerWith(fixture, [wrong]).readRun(fixture.onlyPack.id, [wrong], (_, plain) => void handed.push(plain.length));
      await expect(run).rejects.toMatchObject({ kind: 'damaged' });
      expect(handed).toEqual([]);
    }
  });
});

describe('PackReader.verifyPack', () => {
  it('finds every flipped byte and every truncation of a pack', async () => {
    const fixture = new PipelineFixture();
    const blobs = await stored(fixture, [prose(60), noise(20)]);
    const { id, sizeBytes } = fixture.onlyPack;
    const good = Buffer.from(await fixture.backend.get(handleOf(id)));
    const reader = fixture.reader();
    for (let at = 0; at < good.length; at += 1) {
      const bad = Buffer.from(good);
      bad[at] = (bad[at] ?? 0) ^ (1 << (at % 8));
      fixture.backend.overwrite(handleOf(id), bad);
      const { errors } = await reader.verifyPack(id, blobs);
      expect(errors.length).toBeGreaterThan(1);
      fixture.backend.overwrite(handleOf(id), good.subarray(0, at));
      expect((await reader.verifyPack(id, blobs)).errors.length).toBeGreaterThan(0);
      expect((await reader.verifyPack(id, blobs, sizeBytes)).errors.length).toBeGreaterThan(0);
    }
    fixture.backend.overwrite(handleOf(id), Buffer.concat([good, Buffer.alloc(1)]));
    expect((await reader.verifyPack(id, blobs)).errors.length).toBeGreaterThan(0);
    fixture.backend.overwrite(handleOf(id), good);
    expect(await reader.verifyPack(id, blobs, sizeBytes)).toEqual({ errors: [], bytes: sizeBytes });
    await fixture.backend.remove(handleOf(id));
    expect((await reader.verifyPack(id, blobs)).errors.length).toBe(1);
  });

  it('compares the header with the index, lengths included', async () => {
    const fixture = new PipelineFixture();
    const blobs = await stored(fixture, [prose(60), prose(70)]);
    const reader = fixture.reader();
    const { id } = fixture.onlyPack;
    expect((await reader.verifyPack(id, [...blobs].reverse())).errors).toEqual([]);
    const [first, second] = blobs;
    if (first === undefined || second === undefined) throw new Error('two blobs');
    for (const wrong of [
      [first],
      [first, second, second],
      [{ ...first, uncompressedLength: 61 }, second],
      [{ ...first, type: 'tree' as const }, second],
      [{ ...first, id: second.id }, second],
    ]) {
      expect((await reader.verifyPack(id, wrong)).errors).toEqual([expect.stringContaining('index and pack differ')]);
    }
  });

  it('reads packs larger than its memory', async () => {
    const fixture = new PipelineFixture({ packSizeBytes: 40 * 1024 * 1024, compression: 'off', extraVerify: false });
    const blobs = await stored(
      fixture,
      Array.from({ length: 6 }, (_, i) => noise(7_000_000, i)),
    );
    const reader = fixture.reader();
    expect((await reader.verifyPack(fixture.onlyPack.id, blobs)).errors).toEqual([]);
  });

  it('throws when the store cannot be reached', async () => {
    const fixture = new PipelineFixture();
    const blobs = await stored(fixture, [prose(60)]);
    const faulty = new FaultyBackend(fixture.backend);
    const error = new FortFailError({ kind: 'unavailable', code: 'down', message: 'unable to reach the store' });
    faulty.failNext('get', { when: 'before', error });
    await expect(fixture.reader(faulty).verifyPack(fixture.onlyPack.id, blobs)).rejects.toBe(error);
  });
});

describe('PackReader.readHeader', () => {
  it('reads headers longer than its first request', async () => {
    const fixture = new PipelineFixture({ compression: 'off', extraVerify: false });
    const blobs = await stored(
      fixture,
      Array.from({ length: 2000 }, (_, i) => Buffer.from(`number ${i}`)),
    );
    const { id, sizeBytes } = fixture.onlyPack;
    expect(await fixture.reader().readHeader(id, sizeBytes)).toEqual({ blobs, headerBytes: 2000 * 37 + 36 });
    await expect(fixture.reader().readHeader(id, sizeBytes - 1)).rejects.toMatchObject({ kind: 'damaged' });
  });
});

import { FortFailError, isFortFailError } from '@fortfail/base';
import type { Handle, IoOptions, StorageBackend } from '@fortfail/storage';
import { FaultyBackend } from '@fortfail/storage/testing';
import { describe, expect, it } from 'vitest';
import { Sealer } from '../crypto/sealer.ts';
import { zstdEncoder } from '../zstd/zstd.ts';
import { BlobOpener } from './blob-opener.ts';
import { OpenPack, packOfOne } from './open-pack.ts';
import { maxHeaderBytes, maxHeaderEntries, packHeaderSize, packSize } from './pack-header.ts';
import { provePack, readPackEnd } from './pack-proof.ts';
import { dataWriterMemory, PackWriter, writerMemory } from './pack-writer.ts';
import type { BlobType } from './packed-blob.ts';
import { idOf, noise, PipelineFixture, prose, testKey } from './testing/pipeline-fixture.ts';

const mib = 1024 * 1024;

/** Saves, draining as a caller must. */
async function saveAll(writer: PackWriter, blobs: Iterable<readonly [BlobType, Buffer]>): Promise<Buffer[]> {
  const ids: Buffer[] = [];
  for (const [type, plain] of blobs) {
    if (writer.needsDrain(type)) await writer.drain();
    ids.push(writer.save(type, plain));
  }
  return ids;
}

/** A store whose puts wait until told, and that looks at what it was given only then. */
class SlowStore {
  readonly waiting: (() => void)[] = [];
  readonly backend: StorageBackend;

  constructor(inner: StorageBackend) {
    const put = async (handle: Handle, body: Uint8Array, options?: IoOptions): Promise<void> => {
      await new Promise<void>((resolve) => this.waiting.push(resolve));
      await inner.put(handle, body, options);
    };
    this.backend = new Proxy(inner, { get: (target, name) => (name === 'put' ? put : Reflect.get(target, name)) });
  }

  release(): void {
    this.waiting.shift()?.();
  }
}

describe('PackWriter', () => {
  it.each([
    { version: 2, compression: 'auto', extraVerify: true },
    { version: 2, compression: 'off', extraVerify: true },
    { version: 2, compression: 'max', extraVerify: false },
    { version: 2, compression: 'fastest', extraVerify: true },
    { version: 2, compression: 'better', extraVerify: true },
    { version: 1, compression: 'auto', extraVerify: true },
  ] as const)('writes packs that read back, version $version, compression $compression', async (change) => {
    const fixture = new PipelineFixture(change);
    const writer = fixture.writer();
    const blobs: [BlobType, Buffer][] = [];
    for (let i = 0; i < 40; i += 1)
      blobs.push([i % 5 === 0 ? 'tree' : 'data', i % 2 === 0 ? prose(1 + i * 40_000, i) : noise(1 + i * 9000, i)]);
    const ids = await saveAll(writer, blobs);
    await writer.flush();
    expect(ids.map((id) => id.toString('hex'))).toEqual(blobs.map(([, plain]) => idOf(plain).toString('hex')));
    const reader = fixture.reader();
    for (const [type, plain] of blobs) expect((await reader.readBlob(type, idOf(plain))).equals(plain)).toBe(true);
    for (const record of fixture.records) {
      expect(record.sizeBytes).toBe(packSize(record.blobs));
      expect(await reader.verifyPack(record.id, record.blobs)).toEqual({ errors: [], bytes: record.sizeBytes });
      expect(new Set(record.blobs.map((blob) => blob.type)).size).toBe(1);
      for (const blob of record.blobs) {
        const isRaw = change.version === 1 || (change.compression === 'off' && blob.type === 'data');
        expect(blob.uncompressedLength === 0).toBe(isRaw);
      }
    }
    expect(writer.totals).toMatchObject({
      dataBlobs: 32,
      treeBlobs: 8,
      bytesAdded: blobs.reduce((sum, [, plain]) => sum + plain.length, 0),
    });
    expect(writer.totals.bytesStored).toBe(fixture.records.flatMap((record) => record.blobs).reduce((sum, blob) => sum + blob.length, 0));
  });

  it('stores a blob once, whoever saves it and whether it is claimed or indexed', async () => {
    const fixture = new PipelineFixture();
    const [first, second] = [fixture.writer(), fixture.writer()];
    const plain = prose(1000);
    await saveAll(first, [
      ['data', plain],
      ['data', plain],
      ['tree', plain],
    ]);
    await saveAll(second, [['data', plain]]);
    await first.flush();
    await second.flush();
    expect(fixture.records.flatMap((record) => record.blobs).length).toBe(2);
    const later = new PackWriter({ ...fixture.init, claims: new PipelineFixture().init.claims }, fixture.backend, () => undefined);
    await saveAll(later, [
      ['data', plain],
      ['tree', plain],
    ]);
    expect(later.totals).toEqual({ dataBlobs: 0, treeBlobs: 0, bytesAdded: 0, bytesStored: 0 });
  });

  it('stores again what lies only in condemned packs', async () => {
    const fixture = new PipelineFixture();
    const writer = fixture.writer();
    await saveAll(writer, [['data', prose(1000)]]);
    await writer.flush();
    const init = { ...fixture.init, claims: new PipelineFixture().init.claims, condemned: [fixture.onlyPack.id] };
    const again = new PackWriter(init, fixture.backend, (record) => fixture.index.add(record.id, record.blobs));
    await saveAll(again, [['data', prose(1000)]]);
    await again.flush();
    expect(again.totals.dataBlobs).toBe(1);
    expect(fixture.index.findAll('data', idOf(prose(1000))).length).toBe(2);
  });

  it('closes a pack when it reaches the size, and fills the next while it is being stored', async () => {
    const fixture = new PipelineFixture({ compression: 'off' });
    const slow = new SlowStore(fixture.backend);
    const writer = fixture.writer(slow.backend);
    let saved = 0;
    while (!writer.needsDrain('data')) {
      writer.save('data', noise(mib, 100 + saved));
      saved += 1;
    }
    // Two packs of 4 MiB are full, one of them is being stored; nothing more is taken.
    expect(saved).toBe(8);
    expect(slow.waiting.length).toBe(1);
    expect(() => writer.save('data', noise(10, 999))).toThrow(/before the last pack is stored/);
    const drained = writer.drain();
    slow.release();
    await drained;
    expect(writer.needsDrain('data')).toBe(false);
    // The second pack is being stored from its own buffer while this goes into the first one.
    writer.save('data', noise(mib, 500));
    const flushed = writer.flush();
    for (let i = 0; i < 2; i += 1) {
      slow.release();
      await new Promise((resolve) => setImmediate(resolve));
    }
    slow.release();
    await flushed;
    expect(fixture.records.map((record) => record.blobs.length)).toEqual([4, 4, 1]);
    for (const { sizeBytes } of fixture.records) expect(sizeBytes).toBeLessThan(5 * mib + 1000);
    const reader = fixture.reader();
    for (const record of fixture.records) expect((await reader.verifyPack(record.id, record.blobs)).errors).toEqual([]);
  });

  it('packs blobs of any size: tiny ones by the thousand, the largest chunk, a tree of 40 MB', { timeout: 120_000 }, async () => {
    const fixture = new PipelineFixture();
    const writer = fixture.writer();
    const tiny = Array.from({ length: 5000 }, (_, i): [BlobType, Buffer] => ['data', Buffer.from(`blob ${i}`)]);
    const large: [BlobType, Buffer][] = [
      ['data', noise(8 * mib, 1)],
      ['tree', noise(40_000_000, 2)],
      ['tree', prose(40_000_000, 3)],
      ['tree', Buffer.alloc(60_000_000, 'the same again ')],
      ['data', noise(8 * mib, 4)],
    ];
    await saveAll(writer, [...tiny, ...large]);
    await writer.flush();
    const reader = fixture.reader();
    for (const [type, plain] of [...tiny.slice(0, 50), ...large])
      expect((await reader.readBlob(type, idOf(plain))).equals(plain)).toBe(true);
    for (const record of fixture.records) expect((await reader.verifyPack(record.id, undefined)).errors).toEqual([]);
    const ofOne = fixture.records.find((record) => record.sizeBytes > 40_000_000);
    expect(ofOne?.blobs.length).toBe(1);
  });

  it('keeps headers within the limit however small the blobs are', () => {
    const memory = writerMemory({ ...new PipelineFixture().init, packSizeBytes: 128 * mib });
    const [region] = memory.packs;
    if (region === undefined) throw new Error('one buffer');
    const sealer = new Sealer(testKey, memory);
    const pack = new OpenPack(memory, region, sealer);
    const [id, sealed] = [Buffer.alloc(32, 1), Buffer.alloc(32)];
    let count = 0;
    for (; !pack.isFull(128 * mib); count += 1) pack.appendSealed('data', id, sealed, 1);
    expect(count).toBe(maxHeaderEntries);
    const { bytes, blobs } = pack.close();
    expect(readPackEnd(bytes, sealer).length).toBe(count);
    expect(packHeaderSize(blobs)).toBeLessThanOrEqual(maxHeaderBytes);
  });

  it('refuses empty blobs and pack sizes beyond the limits', () => {
    const fixture = new PipelineFixture();
    expect(() => fixture.writer().save('data', Buffer.alloc(0))).toThrow(/it is empty/);
    for (const packSizeBytes of [0, 4 * mib - 1, 128 * mib + 1, Number.NaN]) {
      expect(() => new PipelineFixture({ packSizeBytes }).writer()).toThrow(/from 4 to 128 MiB/);
    }
  });

  it('throws what storing threw, from then on, and stores nothing more', async () => {
    const fixture = new PipelineFixture({ compression: 'off' });
    const faulty = new FaultyBackend(fixture.backend);
    const full = new FortFailError({ kind: 'no-space', code: 'full', message: 'unable to store pack, the disk is full' });
    faulty.failNext('put', { when: 'before', error: full });
    const writer = fixture.writer(faulty);
    for (let i = 0; i < 4; i += 1) writer.save('data', noise(mib, i));
    await expect(writer.flush()).rejects.toBe(full);
    expect(writer.needsDrain()).toBe(true);
    await expect(writer.drain()).rejects.toBe(full);
    expect(() => writer.save('data', noise(10, 77))).toThrow(full);
    expect(fixture.records).toEqual([]);
  });

  it('reads its end as the format says', async () => {
    const fixture = new PipelineFixture();
    const writer = fixture.writer();
    await saveAll(writer, [
      ['data', prose(100)],
      ['data', prose(200)],
    ]);
    await writer.flush();
    const bytes = await fixture.backend.get({ type: 'pack', name: fixture.onlyPack.id });
    expect(idOf(bytes).toString('hex')).toBe(fixture.onlyPack.id);
    expect(readPackEnd(bytes, new Sealer(testKey))).toEqual(fixture.onlyPack.blobs);
  });
});

describe('the proof of a pack', () => {
  it('keeps a pack that changed in memory out of the store, and ends the writer', async () => {
    const fixture = new PipelineFixture({ compression: 'off' });
    const memory = writerMemory(fixture.init);
    const writer = new PackWriter(fixture.init, fixture.backend, () => undefined, { memory });
    for (let i = 0; i < 3; i += 1) writer.save('data', noise(mib, i));
    const [buffer] = memory.packs.slice(-1);
    const at = (buffer?.offset ?? 0) + 2 * mib;
    memory.bytes[at] = (memory.bytes[at] ?? 0) ^ 16;
    await expect(writer.flush()).rejects.toMatchObject({ kind: 'damaged', code: 'pack-proof' });
    expect(() => writer.save('data', noise(10, 9))).toThrow(/does not read back/);
    expect(fixture.backend.entries()).toEqual([]);
  });

  it('has scratch of its own where there is only one pack buffer', async () => {
    const fixture = new PipelineFixture();
    const memory = dataWriterMemory(fixture.init, mib);
    const writer = new PackWriter(fixture.init, fixture.backend, (record) => fixture.records.push(record), { memory });
    await saveAll(
      writer,
      Array.from({ length: 10 }, (_, i): [BlobType, Buffer] => ['data', noise(mib, i)]),
    );
    await writer.flush();
    expect(memory.packs).toHaveLength(1);
    expect(fixture.records.map((record) => record.blobs.length)).toEqual([4, 4, 2]);
    for (const { id, sizeBytes } of fixture.records)
      expect(await fixture.backend.stat({ type: 'pack', name: id })).toMatchObject({ sizeBytes });
  });

  it('works when data and trees take both buffers', async () => {
    const fixture = new PipelineFixture();
    const writer = fixture.writer();
    const both = Array.from({ length: 24 }, (_, i): [BlobType, Buffer] => [i % 2 === 0 ? 'data' : 'tree', noise(mib, i)]);
    await saveAll(writer, both);
    await writer.flush();
    expect(fixture.records.flatMap((record) => record.blobs).length).toBe(24);
  });

  it('finds every flipped bit before the pack is stored', async () => {
    const fixture = new PipelineFixture();
    const writer = fixture.writer();
    await saveAll(writer, [
      ['data', prose(40)],
      ['data', noise(30)],
    ]);
    await writer.flush();
    const { id, blobs } = fixture.onlyPack;
    const bytes = Buffer.from(await fixture.backend.get({ type: 'pack', name: id }));
    const memory = writerMemory(fixture.init);
    const sealer = new Sealer(testKey, memory);
    const opener = new BlobOpener(Buffer.alloc(100), sealer);
    expect(() => provePack({ id, bytes, blobs }, sealer, opener)).not.toThrow();
    for (let bit = 0; bit < bytes.length * 8; bit += 3) {
      const flipped = Buffer.from(bytes);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      let error: unknown;
      try {
        provePack({ id, bytes: flipped, blobs }, sealer, opener);
      } catch (thrown) {
        error = thrown;
      }
      expect(isFortFailError(error, 'damaged') && error.code === 'pack-proof').toBe(true);
    }
  });

  it('finds content that is not what its id says', () => {
    const memory = writerMemory(new PipelineFixture().init);
    const sealer = new Sealer(testKey, memory);
    const content = zstdEncoder(2).encode(prose(5000));
    // What a bit that flips between hashing and compressing leaves: everything fits but the id.
    const blob = { type: 'data', id: idOf(prose(5000, 1)), uncompressedLength: 5000 } as const;
    const pack = packOfOne(sealer, blob, sealer.seal(content));
    expect(() => provePack(pack, sealer, new BlobOpener(Buffer.alloc(0), sealer))).toThrow(/does not read back/);
  });
});

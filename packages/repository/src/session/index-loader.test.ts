import { createHash } from 'node:crypto';
import { FakeClock } from '@fortfail/base/testing';
import { listAll } from '@fortfail/storage';
import { FaultyBackend, MemoryBackend } from '@fortfail/storage/testing';
import { describe, expect, test } from 'vitest';
import { encodeIndexDocument, type IndexEntry } from '../format/index-document.ts';
import type { Repository } from '../repository.ts';
import { addSnapshot, readSnapshot, testRepository } from '../testing/index.ts';
import { IndexLoader } from './index-loader.ts';
import { IndexWriter } from './index-writer.ts';

const nothing: ReadonlySet<string> = new Set();

function entry(seed: string, blobs = 3): IndexEntry {
  const hash = (text: string): Buffer => createHash('sha256').update(text).digest();
  return {
    id: hash(seed).toString('hex'),
    blobs: Array.from({ length: blobs }, (_, i) => ({
      id: hash(`${seed} ${i}`),
      type: 'data',
      offset: i * 50,
      length: 50,
      uncompressedLength: i,
    })),
  };
}

async function save(repository: Repository, ...entries: IndexEntry[]): Promise<string> {
  return await repository.documents.save('index', encodeIndexDocument(entries));
}

async function begin() {
  const store = new MemoryBackend();
  const faulty = new FaultyBackend(store);
  const repository = await testRepository({ backend: faulty });
  return { store, faulty, repository, loader: new IndexLoader(repository.documents) };
}

describe('loading the index', () => {
  test('finds every blob where its document says', async () => {
    const { repository, loader } = await begin();
    await save(repository, entry('one'), entry('two', 200));
    const progress: string[] = [];
    await loader.load(nothing, { onProgress: (done, total) => progress.push(`${done}/${total}`) });
    expect(loader.index.blobCount).toBe(203);
    const blob = entry('two').blobs[2];
    const location = loader.index.find('data', blob?.id ?? Buffer.alloc(32));
    expect(location).toMatchObject({ offset: 100, length: 50, uncompressedLength: 2, type: 'data' });
    expect(loader.index.packId(location?.packIndex ?? -1)).toBe(entry('two').id);
    expect(progress).toEqual(['1/1']);
  });

  test('reads only what is new', async () => {
    const { faulty, repository, loader } = await begin();
    await save(repository, entry('one'));
    await loader.load(nothing);
    const { index } = loader;
    await save(repository, entry('two'));
    const before = faulty.calls.length;
    await loader.load(nothing);
    expect(faulty.calls.slice(before).filter((call) => call.method === 'get')).toHaveLength(1);
    expect(loader.index).toBe(index);
    expect(index.blobCount).toBe(6);
  });

  test('begins anew when a document is gone, for its packs may be gone too', async () => {
    const { store, repository, loader } = await begin();
    const name = await save(repository, entry('one'));
    await save(repository, entry('two'));
    await loader.load(nothing);
    await store.remove({ type: 'index', name });
    await loader.load(nothing);
    expect(loader.index.blobCount).toBe(3);
    expect(loader.index.has('data', entry('one').blobs[0]?.id ?? Buffer.alloc(32))).toBe(false);
  });

  test('lists again when a document is replaced while it reads', async () => {
    const { store, faulty, repository, loader } = await begin();
    const name = await save(repository, entry('one'));
    faulty.gate = async (call) => {
      if (call.method !== 'get') return;
      faulty.gate = undefined;
      await save(repository, entry('one'), entry('two'));
      await store.remove({ type: 'index', name });
    };
    await loader.load(nothing);
    expect(loader.index.blobCount).toBe(6);
  });

  test('keeps condemned packs apart, and takes them back when nobody condemns them', async () => {
    const { repository, loader } = await begin();
    await save(repository, entry('one'), entry('two'));
    await loader.load(new Set([entry('one').id]));
    expect([loader.index.blobCount, loader.condemnedIndex.blobCount]).toEqual([3, 3]);
    await loader.load(nothing);
    expect([loader.index.blobCount, loader.condemnedIndex.blobCount]).toEqual([6, 0]);
  });

  test('refuses a damaged document: blobs would be missing without a word', async () => {
    const { store, repository, loader } = await begin();
    const name = await save(repository, entry('one'));
    store.overwrite({ type: 'index', name }, Buffer.from('nonsense'));
    await expect(loader.load(nothing)).rejects.toMatchObject({ kind: 'damaged', code: 'index' });
  });
});

describe('writing the index', () => {
  test('closes a document at 50,000 blobs and the rest at the end', async () => {
    const { store, repository } = await begin();
    const published: string[] = [];
    const checked: number[] = [];
    const writer = new IndexWriter({
      documents: repository.documents,
      clock: new FakeClock(),
      recheck: async (packs) => {
        checked.push(packs.length);
      },
      onPublished: (name) => published.push(name),
    });
    for (let i = 0; i < 6; i += 1) writer.add({ ...entry(`pack ${i}`, 10_000), sizeBytes: 1 });
    await writer.flush();
    expect(checked).toEqual([5, 1]);
    expect((await listAll(store, 'index')).map((file) => file.name).sort()).toEqual(published.sort());
    await repository.loadIndex();
    expect(repository.index.blobCount).toBe(60_000);
  });

  test('closes a document that is ten minutes old', async () => {
    const { store, repository } = await begin();
    const clock = new FakeClock();
    const writer = new IndexWriter({
      documents: repository.documents,
      clock,
      recheck: async () => undefined,
      onPublished: () => undefined,
    });
    writer.add({ ...entry('one'), sizeBytes: 1 });
    await clock.advance(10 * 60_000);
    writer.add({ ...entry('two'), sizeBytes: 1 });
    writer.add({ ...entry('three'), sizeBytes: 1 });
    await writer.flush();
    expect(await listAll(store, 'index')).toHaveLength(2);
  });
});

describe('a reader', () => {
  test('lists the index again when a pack is missing: its blobs may have been rescued elsewhere', async () => {
    const store = new MemoryBackend();
    const reader = await testRepository({ backend: store });
    const id = await addSnapshot(reader, { a: 'content' });
    const packs = (await listAll(store, 'pack')).map((file) => file.name);
    const { tree } = await reader.findSnapshot(id);
    const stored = await Promise.all(packs.map((name) => store.get({ type: 'pack', name })));
    const indexes = await listAll(store, 'index');
    const blobs = new Map([...reader.index.packs()].map((pack) => [pack.packId, pack.blobs]));
    // A keeper's work in short: other packs with the same blobs, other index, old ones gone.
    const moved = await Promise.all(
      packs.map(async (name, i) => {
        const bytes = Buffer.concat([stored[i] ?? Buffer.alloc(0), Buffer.of(0)]);
        const to = createHash('sha256').update(bytes).digest('hex');
        await store.put({ type: 'pack', name: to }, bytes);
        return { id: to, blobs: blobs.get(name) ?? [] };
      }),
    );
    await save(reader, ...moved);
    for (const { name } of indexes) await store.remove({ type: 'index', name });
    for (const name of packs) await store.remove({ type: 'pack', name });
    expect((await reader.loadTree(tree)).nodes).toHaveLength(1);
    expect(await readSnapshot(reader, id)).toEqual({ a: 'content' });
  });
});

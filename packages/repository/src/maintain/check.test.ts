import { listAll } from '@fortfail/storage';
import { MemoryBackend } from '@fortfail/storage/testing';
import { describe, expect, test } from 'vitest';
import { encodeTree, joinTree } from '../format/encode-tree.ts';
import { utcZone } from '../format/go-time.ts';
import { encodeIndexDocument } from '../format/index-document.ts';
import type { Repository } from '../repository.ts';
import { addSnapshot, sampleNode, testRepository } from '../testing/index.ts';
import { check } from './check.ts';
import { choosePacks, parseDataSubset } from './data-subset.ts';

interface Case {
  readonly store: MemoryBackend;
  readonly repository: Repository;
}

async function begin(): Promise<Case> {
  const store = new MemoryBackend();
  const repository = await testRepository({ backend: store });
  await addSnapshot(repository, { a: 'first', b: 'second '.repeat(100) });
  return { store, repository };
}

async function saveTree(repository: Repository, tree: Buffer): Promise<void> {
  await using session = await repository.beginWriter();
  const id = await session.saveTree(tree);
  await session.publish({ time: '2026-11-21T10:00:00Z', tree: id.toString('hex'), paths: ['/'] });
}

/** The only index document, parsed, and a way to put another in its place. */
async function openIndex({ repository, store }: Case) {
  const [file] = await listAll(store, 'index');
  const name = file?.name ?? '';
  const document = JSON.parse((await repository.loadRaw('index', name)).toString());
  return {
    document,
    replace: async (): Promise<void> => {
      await repository.documents.save('index', Buffer.from(JSON.stringify(document)));
      await store.remove({ type: 'index', name });
    },
  };
}

describe('damage', () => {
  test('of one bit anywhere in any file but the config is found', async () => {
    const at = await begin();
    for (const type of ['pack', 'index', 'snapshot', 'key'] as const) {
      for (const { name, sizeBytes } of await listAll(at.store, type)) {
        const whole = Buffer.from(await at.store.get({ type, name }));
        const step = Math.max(1, Math.floor(sizeBytes / 23));
        for (let position = 0; position < sizeBytes; position += step) {
          const flipped = Buffer.from(whole);
          flipped[position] = (flipped[position] ?? 0) ^ (1 << (position % 8));
          at.store.overwrite({ type, name }, flipped);
          const report = await check(at.repository, { readData: true });
          expect([type, position, report.errors.length > 0]).toEqual([type, position, true]);
          if (type === 'pack') expect(report.brokenPacks).toContain(name);
        }
        at.store.overwrite({ type, name }, whole);
      }
    }
    expect((await check(at.repository, { readData: true })).errors).toEqual([]);
  });

  test('by cutting a file short, or making it longer, is found without reading packs', async () => {
    const at = await begin();
    for (const type of ['pack', 'index', 'snapshot'] as const) {
      const [file] = await listAll(at.store, type);
      const name = file?.name ?? '';
      const whole = Buffer.from(await at.store.get({ type, name }));
      for (const bytes of [whole.subarray(0, -1), Buffer.concat([whole, Buffer.of(0)]), whole.subarray(0, 0)]) {
        at.store.overwrite({ type, name }, bytes);
        expect((await check(at.repository)).errors.length).toBeGreaterThan(0);
      }
      at.store.overwrite({ type, name }, whole);
    }
  });

  test('by losing a pack is found, and named', async () => {
    const at = await begin();
    for (const { name } of await listAll(at.store, 'pack')) {
      const whole = Buffer.from(await at.store.get({ type: 'pack', name }));
      await at.store.remove({ type: 'pack', name });
      const report = await check(at.repository);
      expect(report.errors).toContain(`pack ${name} is missing`);
      expect(report).toMatchObject({ brokenPacks: [name], suggestRepairIndex: true });
      at.store.overwrite({ type: 'pack', name }, whole);
    }
  });

  test('by losing the index is found', async () => {
    const at = await begin();
    for (const { name } of await listAll(at.store, 'index')) await at.store.remove({ type: 'index', name });
    const report = await check(at.repository);
    expect(report.errors.length).toBeGreaterThan(0);
    expect(report.hints).toHaveLength(2);
  });
});

describe('an index that lies', () => {
  test('about a blob’s uncompressed length is found by reading the data', async () => {
    const at = await begin();
    const { document, replace } = await openIndex(at);
    const pack = document.packs.find((entry: { blobs: { type: string }[] }) => entry.blobs[0]?.type === 'data');
    pack.blobs[0].uncompressed_length += 1;
    await replace();
    expect((await check(at.repository)).errors).toEqual([]);
    const report = await check(at.repository, { readData: true });
    expect(report.brokenPacks).toEqual([pack.id]);
  });

  test('about a length or an offset is found', async () => {
    for (const change of [{ length: 1 }, { offset: 1 }]) {
      const at = await begin();
      const { document, replace } = await openIndex(at);
      for (const [key, by] of Object.entries(change)) document.packs[0].blobs[0][key] += by;
      await replace();
      expect((await check(at.repository)).errors.length).toBeGreaterThan(0);
    }
  });

  test('about a pack that another document lists with other blobs is found', async () => {
    const at = await begin();
    const { document } = await openIndex(at);
    const [first] = document.packs;
    first.blobs[0].id = 'a'.repeat(64);
    await at.repository.documents.save('index', Buffer.from(JSON.stringify({ packs: [first] })));
    expect((await check(at.repository)).errors).toEqual([expect.stringContaining('listed with other blobs')]);
  });
});

describe('what is legal', () => {
  test('is no error: a pack in two documents, an unlisted pack, an empty document', async () => {
    const at = await begin();
    const { document } = await openIndex(at);
    await at.repository.documents.save('index', Buffer.from(JSON.stringify(document)));
    await at.repository.documents.save('index', encodeIndexDocument([]));
    at.store.overwrite({ type: 'pack', name: 'c'.repeat(64) }, Buffer.from('the rest of a write that was cut short'));
    const report = await check(at.repository, { readData: true });
    expect(report.errors).toEqual([]);
    expect(report.hints.length).toBeGreaterThanOrEqual(3);
    expect(report.suggestPrune).toBe(true);
  });

  test('an empty repository is whole', async () => {
    expect(await check(await testRepository(), { readData: true })).toMatchObject({ errors: [], hints: [], snapshots: 0, packs: 0 });
  });
});

describe('trees', () => {
  test('that others restore wrongly are told', async () => {
    const { repository } = await begin();
    const known =
      '{"name":"x","type":"file","mtime":"2020-01-01T00:00:00Z","atime":"2020-01-01T00:00:00Z","ctime":"2020-01-01T00:00:00Z","uid":0,"gid":0';
    await saveTree(repository, joinTree([`${known},"content":null}`]));
    await saveTree(repository, joinTree([`${known.replace('"x"', '"z"')},"content":[]}`, `${known},"content":[]}`]));
    await saveTree(repository, joinTree([`${known},"links":2,"content":[]}`]));
    await saveTree(repository, joinTree([`${known},"content":["${'d'.repeat(64)}"]}`]));
    const report = await check(repository);
    const reasons = ['no content list', 'out of order', 'no index lists'];
    expect(report.errors).toHaveLength(reasons.length);
    expect(report.errors).toEqual(expect.arrayContaining(reasons.map((reason) => expect.stringContaining(reason))));
    expect(report.hints).toEqual([expect.stringContaining('several links but no inode')]);
  });

  test('that are not there are errors, once each', async () => {
    const { repository } = await begin();
    const missing = sampleNode({
      name: Buffer.from('gone'),
      type: 'dir',
      mode: 2 ** 31,
      links: 0n,
      content: undefined,
      subtree: 'e'.repeat(64),
    });
    await saveTree(repository, encodeTree([missing, { ...missing, name: Buffer.from('too') }], utcZone));
    expect((await check(repository)).errors).toEqual([expect.stringContaining('e'.repeat(64))]);
  });
});

describe('subsets', () => {
  test.each([
    ['1/5', { kind: 'part', part: 1, of: 5 }],
    ['256/256', { kind: 'part', part: 256, of: 256 }],
    ['2.5%', { kind: 'percent', percent: 2.5 }],
    ['100%', { kind: 'percent', percent: 100 }],
    ['50M', { kind: 'size', sizeBytes: 50 * 1024 ** 2 }],
    ['7', { kind: 'size', sizeBytes: 7 }],
  ])('%s', (text, subset) => {
    expect(parseDataSubset(text)).toEqual(subset);
  });

  test.each(['', '0/5', '6/5', '1/257', '0%', '101%', '-5M', 'half', '0'])('refuses %j', (text) => {
    expect(() => parseDataSubset(text)).toThrow(expect.objectContaining({ kind: 'invalid-input', code: 'read-data-subset' }));
  });

  test('parts together are all packs, each once; shares are never nothing', () => {
    const packs = Array.from({ length: 256 }, (_, i) => ({ name: i.toString(16).padStart(2, '0') + 'a'.repeat(62), sizeBytes: 10 }));
    const parts = [1, 2, 3].flatMap((part) => choosePacks(packs, { kind: 'part', part, of: 3 }));
    expect(new Set(parts).size).toBe(256);
    expect(parts).toHaveLength(256);
    expect(choosePacks(packs, { kind: 'percent', percent: 0.1 })).toHaveLength(1);
    expect(new Set(choosePacks(packs, { kind: 'percent', percent: 50 })).size).toBe(128);
    expect(choosePacks(packs, { kind: 'size', sizeBytes: 100 })).toHaveLength(10);
    expect(choosePacks([], { kind: 'percent', percent: 50 })).toEqual([]);
  });
});

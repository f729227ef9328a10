import { createHash } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Secret, systemClock } from '@fortfail/base';
import { LocalBackend, listAll } from '@fortfail/storage';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { goQuote } from './format/go-quote.ts';
import { check } from './maintain/check.ts';
import { openRepository } from './open-repository.ts';
import type { Repository } from './repository.ts';
import { goldenExpectations, unpackGolden } from './testing/golden.ts';

const expectations = goldenExpectations();
let folder = '';

beforeAll(() => {
  folder = unpackGolden();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function open(name: string, password: string): Promise<Repository> {
  return openRepository({ backend: new LocalBackend(join(folder, name)), password: new Secret(password), clock: systemClock });
}

/** Paths with names as they stand in the tree, and what lies there. */
async function readFiles(
  repository: Repository,
  tree: string,
  at: string,
  found: Record<string, unknown>,
): Promise<Record<string, unknown>> {
  for (const node of (await repository.loadTree(tree)).nodes) {
    const path = `${at}/${goQuote(node.name)}`;
    if (node.type !== 'file') found[path] = { type: node.type };
    if (node.subtree !== undefined) await readFiles(repository, node.subtree, path, found);
    if (node.content === undefined) continue;
    const digest = createHash('sha256');
    const chunks: number[] = [];
    for (const id of node.content) {
      const bytes = await repository.loadBlob('data', id);
      digest.update(bytes);
      chunks.push(bytes.length);
    }
    found[path] = { size: Number(node.size), sha256: digest.digest('hex'), chunks };
  }
  return found;
}

describe.each(Object.entries(expectations.repos))('%s', (name, expected) => {
  const passwords = expectations.passwords[name] ?? [];
  let repository: Repository;

  beforeAll(async () => {
    repository = await open(name, passwords[0] ?? '');
    await repository.loadIndex();
  });

  test('opens with each of its passwords, by a key of its own', async () => {
    const opened = new Set<string>();
    for (const candidate of passwords) {
      const other = await open(name, candidate);
      opened.add(other.keyId);
      expect(expected.keys).toContain(other.keyId);
      expect((await other.loadRaw('config', '')).toString()).toBe(expected.config_plaintext);
    }
    expect(opened.size).toBe(passwords.length);
  });

  test('has the keys, snapshots and indexes stated', async () => {
    expect((await repository.listKeys()).map((key) => key.id).sort()).toEqual([...expected.keys].sort());
    const snapshots = await repository.listSnapshots();
    expect(Object.fromEntries(snapshots.map((snapshot) => [snapshot.id, snapshot.document]))).toEqual(expected.snapshots);
    const indexes = await listAll(repository.backend, 'index');
    expect(indexes.map((file) => file.name).sort()).toEqual(Object.keys(expected.indexes).sort());
    for (const { name: id } of indexes) {
      const document = JSON.parse((await repository.loadRaw('index', id)).toString());
      const packs = document.packs.map((pack: { id: string; blobs: unknown[] }) => [pack.id, pack.blobs.length]);
      expect(packs).toEqual(expected.indexes[id]?.packs);
    }
  });

  test('has the packs stated, in their headers and in the index', async () => {
    const reader = repository.packReader();
    for (const [id, pack] of Object.entries(expected.packs)) {
      const { blobs, headerBytes } = await reader.readHeader(id, pack.size);
      expect(headerBytes).toBe(pack.header_length + 4);
      const stated = pack.blobs.map((blob) => ({
        id: Buffer.from(blob.id, 'hex'),
        type: blob.type,
        offset: blob.offset,
        length: blob.length,
        uncompressedLength: blob.uncompressed_length ?? 0,
      }));
      expect(blobs).toEqual(stated);
      expect(await reader.verifyPack(id, stated)).toEqual({ errors: [], bytes: pack.size });
    }
    for (const [id, text] of Object.entries(expected.trees)) expect((await repository.loadBlob('tree', id)).toString()).toBe(text);
    for (const [id, length] of Object.entries(expected.data_blobs)) expect(await repository.loadBlob('data', id)).toHaveLength(length);
    expect(repository.index.blobCount).toBe(Object.values(expected.packs).reduce((sum, pack) => sum + pack.blobs.length, 0));
  });

  test('has the files stated, byte for byte', async () => {
    for (const snapshot of await repository.listSnapshots()) {
      const files = await readFiles(repository, snapshot.tree, '', {});
      const stated = Object.entries(expected.files[snapshot.id] ?? {});
      expect(stated.length).toBeGreaterThan(0);
      for (const [path, entry] of stated) expect([path, files[path]]).toEqual([path, expect.objectContaining(entry)]);
    }
  });

  test('is whole', async () => {
    const report = await check(repository, { readData: true, workers: 1 });
    expect(report).toMatchObject({ errors: [], hints: [], brokenPacks: [] });
    expect(report.packsRead).toBe(Object.keys(expected.packs).length);
  });

  test('does not open with a wrong password', async () => {
    await expect(open(name, 'wrong')).rejects.toMatchObject({ kind: 'wrong-password' });
  });
});

test('the golden archive is the one the expectations are for', () => {
  const archive = readFileSync(new URL('../../../tests/golden/golden-repos.tar.gz', import.meta.url));
  expect(createHash('sha256').update(archive).digest('hex')).toBe('63ea2474cce3a7ea4b99cad427e76dfc34db00d49526e8c6e9f29a7cf6a6cef8');
});

import { linkSync, mkdirSync, writeFileSync } from 'node:fs';
import { makeNastyTree } from '@fortfail/source/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EngineFixture, restics } from '../testing/engine-fixture.ts';
import { findEntry } from './find-entry.ts';
import { listSnapshot, listTree } from './list-tree.ts';
import { type StatsMode, stats } from './stats.ts';

let fixture: EngineFixture;

beforeEach(async () => {
  fixture = await EngineFixture.create();
});

afterEach(() => fixture[Symbol.asyncDispose]());

describe('listing', () => {
  it('pages through a folder', async () => {
    mkdirSync(fixture.path('source'));
    for (let number = 10; number < 35; number += 1) writeFileSync(fixture.path(`source/${number}`), '');
    await fixture.backup(['source']);
    await using repository = await fixture.open();
    await repository.loadIndex();
    const snapshot = await repository.findSnapshot('latest');
    const names: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await listTree(repository, snapshot, '/source', { cursor, limit: 10 });
      names.push(...page.nodes.map((node) => node.name.toString()));
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    expect(names).toEqual(Array.from({ length: 25 }, (_, at) => String(at + 10)));
    await expect(listTree(repository, snapshot, '/source/nowhere', { limit: 1 })).rejects.toMatchObject({ kind: 'not-found' });
    await expect(listTree(repository, snapshot, '/', { cursor: 'x', limit: 1 })).rejects.toMatchObject({ kind: 'invalid-input' });
    expect(await findEntry(repository, snapshot.tree, '/')).toBeUndefined();
  });

  it('names a folder and its entries, and deeper ones when asked', async () => {
    mkdirSync(fixture.path('source/a/b'), { recursive: true });
    writeFileSync(fixture.path('source/a/b/file'), '');
    await fixture.backup(['source']);
    await using repository = await fixture.open();
    await repository.loadIndex();
    const snapshot = await repository.findSnapshot('latest');
    const list = async (options: Parameters<typeof listSnapshot>[3]): Promise<string[]> => {
      const paths: string[] = [];
      await listSnapshot(repository, snapshot, (path) => paths.push(path.toString()), options);
      return paths;
    };
    expect(await list({})).toEqual(['/source', '/source/a', '/source/a/b', '/source/a/b/file']);
    expect(await list({ folders: ['/source/a'] })).toEqual(['/source/a', '/source/a/b']);
    expect(await list({ folders: ['/source/a'], recursive: true })).toEqual(['/source/a', '/source/a/b', '/source/a/b/file']);
  });
});

describe.each(restics)('statistics as restic $version counts them', ({ version, tool, isHere }) => {
  it('agree in every mode', async ({ skip }) => {
    if (!isHere) skip(`needs restic ${version} at ${tool}`);
    makeNastyTree(fixture.path('source'), { linkXattrs: version !== '0.14' });
    await fixture.backup(['source']);
    linkSync(fixture.path('source/contents/small'), fixture.path('source/contents/again'));
    await fixture.backup(['source']);
    await using repository = await fixture.open();
    await repository.loadIndex();
    const snapshots = await repository.listSnapshots();
    for (const mode of ['restore-size', 'files-by-contents', 'blobs-per-file', 'raw-data'] satisfies StatsMode[]) {
      const theirs = JSON.parse(await fixture.restic(tool, ['stats', '--json', '--mode', mode])) as Record<string, number | undefined>;
      const ours = await stats(repository, snapshots, mode);
      const pair = (name: string, value: number): [string, number] => [`${mode} ${name}`, value];
      expect([pair('size', ours.totalSize), pair('files', ours.totalFileCount), pair('blobs', ours.totalBlobCount)]).toEqual([
        pair('size', theirs.total_size ?? 0),
        pair('files', theirs.total_file_count ?? 0),
        pair('blobs', theirs.total_blob_count ?? 0),
      ]);
      if (mode !== 'raw-data' || theirs.compression_ratio === undefined) continue;
      expect(ours.compressionRatio).toBeCloseTo(theirs.compression_ratio, 6);
      expect(ours.compressionProgress).toBeCloseTo(theirs.compression_progress ?? 0, 4);
      expect(ours.compressionSpaceSaving).toBeCloseTo(theirs.compression_space_saving ?? 0, 4);
    }
  });
});

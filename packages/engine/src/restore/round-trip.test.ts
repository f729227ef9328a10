import { describeTree, makeNastyTree } from '@fortfail/source/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EngineFixture, restics } from '../testing/engine-fixture.ts';

let fixture: EngineFixture;

beforeEach(async () => {
  fixture = await EngineFixture.create();
});

afterEach(() => fixture[Symbol.asyncDispose]());

describe('a tree with every kind of entry', () => {
  it('comes back byte for byte with all its metadata', async () => {
    const source = fixture.path('source');
    makeNastyTree(source);
    const summary = await fixture.backup(['source']);
    expect(summary.errors).toEqual([]);
    expect(summary.partial).toBe(false);
    const report = await fixture.restore(fixture.path('target'), {}, { verify: true });
    expect(report.errors).toEqual([]);
    expect(report.verifiedFiles).toBe(summary.totalFilesProcessed);
    expect(describeTree(fixture.path('target/source'))).toEqual(describeTree(source));
  });

  it('comes back from a subfolder, with holes where there were zeros', async () => {
    const source = fixture.path('source');
    makeNastyTree(source);
    await fixture.backup(['source']);
    const report = await fixture.restore(fixture.path('target'), { subfolder: '/source/contents', sparse: true });
    expect(report.errors).toEqual([]);
    const found = describeTree(fixture.path('target'), { allocated: true, withoutRoot: true });
    const linkless = ({ hardLinkOf: _, allocatedBytes: _allocated, ...rest }: (typeof found)[number]) => rest;
    expect(found.map(linkless)).toEqual(describeTree(`${source}/contents`, { withoutRoot: true }).map(linkless));
    expect(found.find((entry) => entry.path === 'zeros')?.allocatedBytes).toBe(0);
  });

  it('is not stored again when nothing has changed, and keeps its tree', async () => {
    const source = fixture.path('source');
    makeNastyTree(source);
    const first = await fixture.backup(['source']);
    const second = await fixture.backup(['source']);
    expect(second.tree).toBe(first.tree);
    expect(second.parent).toBe(first.snapshotId);
    expect([second.filesNew, second.filesChanged, second.dataBlobs, second.treeBlobs]).toEqual([0, 0, 0, 0]);
    expect(second.filesUnmodified).toBe(first.filesNew);
    const skipped = await fixture.backup(['source'], { skipIfUnchanged: true });
    expect(skipped.snapshotId).toBeUndefined();
    const forced = await fixture.backup(['source'], { force: true });
    expect([forced.tree, forced.dataBlobs, forced.filesNew]).toEqual([first.tree, 0, first.filesNew]);
  });
});

describe.each(restics)('together with restic $version', ({ version, tool, isHere }) => {
  it('writes what restic checks and restores, and the same trees', async ({ skip }) => {
    if (!isHere) skip(`needs restic ${version} at ${tool}`);
    const source = fixture.path('source');
    makeNastyTree(source, { linkXattrs: version !== '0.14' });
    await fixture.backup(['source']);
    expect(await fixture.restic(tool, ['check', '--read-data'])).toContain('no errors were found');
    await fixture.restic(tool, ['restore', 'latest', '--target', fixture.path('theirs')]);
    const without = (path: string) => version === '0.14' && /bad-bytes$/.test(path);
    expect(describeTree(fixture.path('theirs/source'), { without })).toEqual(describeTree(source, { without }));
    const said = await fixture.restic(tool, ['backup', '--json', '--host', 'host', 'source']);
    const summary = JSON.parse(said.trim().split('\n').at(-1) ?? '') as { data_blobs: number; tree_blobs: number };
    if (version === '0.19') expect([summary.data_blobs, summary.tree_blobs]).toEqual([0, 0]);
    else expect(summary.data_blobs).toBe(0);
  });

  it('restores what restic wrote, and adds nothing to it', async ({ skip }) => {
    if (!isHere) skip(`needs restic ${version} at ${tool}`);
    const source = fixture.path('source');
    makeNastyTree(source, { linkXattrs: version !== '0.14' });
    await fixture.restic(tool, ['backup', '--host', 'host', 'source']);
    const report = await fixture.restore(fixture.path('ours'), {}, { verify: true });
    expect(report.errors).toEqual([]);
    const without = (path: string) => version === '0.14' && /bad-bytes$/.test(path);
    expect(describeTree(fixture.path('ours/source'), { without })).toEqual(describeTree(source, { without }));
    const summary = await fixture.backup(['source']);
    expect([summary.filesNew, summary.filesChanged, summary.dataBlobs]).toEqual([0, 0, 0]);
    if (version === '0.19') expect(summary.treeBlobs).toBe(0);
  });
});

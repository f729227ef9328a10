import { MemoryBackend } from '@fortfail/storage/testing';
import { describe, expect, test } from 'vitest';
import { encodeSnapshot, type SnapshotDraft } from '../format/snapshot.ts';
import { testRepository } from '../testing/index.ts';
import { matchesFilter, type SnapshotFilter } from './snapshot-filter.ts';

const base: SnapshotDraft = { time: '2026-11-21T10:00:00Z', tree: 'a'.repeat(64), paths: ['/a', '/b'], hostname: 'h', tags: ['x', 'y'] };

async function begin() {
  const store = new MemoryBackend();
  const repository = await testRepository({ backend: store });
  const save = (change: Partial<SnapshotDraft>): Promise<string> =>
    repository.documents.save('snapshot', encodeSnapshot({ ...base, ...change }));
  return { store, repository, save };
}

describe('snapshots', () => {
  test('are listed oldest first by instant, whatever their zones', async () => {
    const { repository, save } = await begin();
    const late = await save({ time: '2026-11-21T10:00:00.000000002Z' });
    const early = await save({ time: '2026-11-21T10:59:59+01:00' });
    const middle = await save({ time: '2026-11-21T05:00:00.000000001-05:00' });
    expect((await repository.listSnapshots()).map((snapshot) => snapshot.id)).toEqual([early, middle, late]);
    expect((await repository.findSnapshot('latest')).id).toBe(late);
    expect((await repository.findSnapshot(early.slice(0, 12))).id).toBe(early);
  });

  test('that cannot be read are named to whoever asks, and thrown otherwise', async () => {
    const { store, repository, save } = await begin();
    const sound = await save({});
    store.overwrite({ type: 'snapshot', name: 'b'.repeat(64) }, Buffer.from('damaged'));
    await expect(repository.listSnapshots()).rejects.toMatchObject({ kind: 'damaged' });
    const unreadable: string[] = [];
    const listed = await repository.listSnapshots({ onUnreadable: (id) => unreadable.push(id) });
    expect([listed.map((snapshot) => snapshot.id), unreadable]).toEqual([[sound], ['b'.repeat(64)]]);
  });

  test('that are not there, or not one, are refused', async () => {
    const { repository, save } = await begin();
    await expect(repository.findSnapshot('latest')).rejects.toMatchObject({ kind: 'not-found' });
    await expect(repository.findSnapshot('')).rejects.toMatchObject({ kind: 'not-found' });
    await expect(repository.findSnapshot('abcd')).rejects.toMatchObject({ kind: 'not-found', code: 'snapshot' });
    const ids = new Set<string>();
    while (new Set([...ids].map((id) => id[0])).size === ids.size) ids.add(await save({}));
    const twice = [...ids].map((id) => id[0] ?? '').find((digit, i, all) => all.indexOf(digit) !== i) ?? '';
    await expect(repository.findSnapshot(twice)).rejects.toMatchObject({ kind: 'invalid-input', code: 'ambiguous' });
  });

  test.each<[boolean, SnapshotFilter]>([
    [true, {}],
    [true, { hosts: ['other', 'h'] }],
    [false, { hosts: ['other'] }],
    [true, { tags: [['x']] }],
    [true, { tags: [['z'], ['x', 'y']] }],
    [false, { tags: [['x', 'z']] }],
    [false, { tags: [['']] }],
    [true, { paths: ['/b'] }],
    [false, { paths: ['/b', '/c'] }],
    [false, { hosts: ['h'], paths: ['/c'] }],
  ])('match: %s for %j', async (expected, filter) => {
    const { repository, save } = await begin();
    await save({});
    const [snapshot] = await repository.listSnapshots();
    expect(snapshot !== undefined && matchesFilter(snapshot, filter)).toBe(expected);
  });

  test('without tags are what an empty tag asks for', async () => {
    const { repository, save } = await begin();
    const id = await save({ tags: [] });
    expect((await repository.findSnapshot('latest', { tags: [['']] })).id).toBe(id);
  });
});

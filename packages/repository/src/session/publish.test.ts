import { FakeClock } from '@fortfail/base/testing';
import { listAll } from '@fortfail/storage';
import { FaultyBackend, MemoryBackend } from '@fortfail/storage/testing';
import { describe, expect, test } from 'vitest';
import { encodeCondemnRecord } from '../format/condemn-record.ts';
import { check } from '../maintain/check.ts';
import { openRepository } from '../open-repository.ts';
import type { Repository } from '../repository.ts';
import {
  addSnapshot,
  findRestic,
  readSnapshot,
  runRestic,
  temporaryFolder,
  testPassword,
  testRepository,
  writeOut,
} from '../testing/index.ts';

const clock = new FakeClock();

async function names(repository: Repository, type: 'lock' | 'snapshot' | 'index' | 'pack'): Promise<string[]> {
  return (await listAll(repository.backend, type)).map((file) => file.name).sort();
}

function reopen(backend: MemoryBackend): Promise<Repository> {
  return openRepository({ backend, password: testPassword, clock });
}

interface Case {
  readonly store: MemoryBackend;
  readonly faulty: FaultyBackend;
  readonly repository: Repository;
  readonly first: string;
}

/** A repository with one snapshot, behind a store that can be told to fail. */
async function begin(): Promise<Case> {
  const store = new MemoryBackend();
  const faulty = new FaultyBackend(store);
  const repository = await testRepository({ backend: faulty, clock });
  const first = await addSnapshot(repository, { a: 'first', shared: 'shared content' });
  return { store, faulty, repository, first };
}

const second = { b: 'second', shared: 'shared content', empty: '' };

describe('publishing', () => {
  test('leaves nothing in locks/ and reads back', async () => {
    const { repository, first } = await begin();
    const id = await addSnapshot(repository, second);
    expect(await names(repository, 'lock')).toEqual([]);
    expect(await names(repository, 'snapshot')).toEqual([first, id].sort());
    expect(await readSnapshot(repository, id)).toEqual(second);
    expect(await check(repository, { readData: true })).toMatchObject({ errors: [], hints: [], snapshots: 2 });
  });

  test('writes no blob twice', async () => {
    const { repository } = await begin();
    const packs = await names(repository, 'pack');
    await addSnapshot(repository, { a: 'first', shared: 'shared content' });
    expect(await names(repository, 'pack')).toEqual(packs);
  });

  test('stores the snapshot as the last of all', async () => {
    const { faulty, repository } = await begin();
    const before = faulty.calls.length;
    await addSnapshot(repository, second);
    const effects = faulty.calls.slice(before).filter((call) => ['put', 'move'].includes(call.method));
    expect(effects.at(-1)).toMatchObject({ method: 'move', to: { type: 'snapshot' } });
    expect(effects.map((call) => call.to?.type ?? call.handle?.type)).toEqual([
      'lock',
      'pack',
      'pack',
      'lock',
      'index',
      'lock',
      'snapshot',
    ]);
  });
});

/** How many requests one `addSnapshot` makes. */
async function requestCount(): Promise<number> {
  const { faulty, repository } = await begin();
  const before = faulty.calls.length;
  await addSnapshot(repository, second);
  return faulty.calls.length - before;
}

describe.each(['before', 'after'] as const)('a writer killed %s the effect of a request', (when) => {
  test('leaves a clean repository, wherever it was, and the next one carries on', async () => {
    const requests = await requestCount();
    expect(requests).toBeGreaterThan(12);
    for (let nth = 1; nth <= requests; nth += 1) {
      const { store, faulty, repository, first } = await begin();
      faulty.failAt(nth, { when, kill: true });
      const outcome = await addSnapshot(repository, second).then(
        (id) => ({ id }),
        () => undefined,
      );
      const next = await reopen(store);
      const report = await check(next, { readData: true });
      expect([nth, report.errors]).toEqual([nth, []]);
      const listed = await names(next, 'snapshot');
      if (outcome !== undefined) expect(listed).toContain(outcome.id);
      for (const id of listed)
        expect(await readSnapshot(next, id)).toEqual(id === first ? { a: 'first', shared: 'shared content' } : second);
      const again = await addSnapshot(next, second);
      expect(await readSnapshot(next, again)).toEqual(second);
      expect((await check(next)).errors).toEqual([]);
    }
  });
});

describe('a lost answer', () => {
  test.each(['lock', 'snapshot', 'index'] as const)('of a move or a request for a %s is settled by looking', async (type) => {
    const { faulty, repository, store } = await begin();
    if (type === 'lock') faulty.failNext('move', { when: 'after', times: 2 });
    else faulty.failNext('stat', { when: 'before', type });
    const id = await addSnapshot(repository, second).catch(() => undefined);
    const next = await reopen(store);
    expect((await check(next, { readData: true })).errors).toEqual([]);
    if (type === 'lock') expect(await names(next, 'snapshot')).toContain(id);
  });

  test('of a move that did not happen is asked again', async () => {
    const { faulty, repository } = await begin();
    faulty.failNext('move', { when: 'before', times: 2 });
    const id = await addSnapshot(repository, second);
    expect(await names(repository, 'snapshot')).toContain(id);
    expect(await names(repository, 'lock')).toEqual([]);
  });
});

async function condemn(repository: Repository, packs: readonly string[]): Promise<void> {
  await repository.documents.save('condemned', encodeCondemnRecord({ keeper: 'k', pass: 'p', time: '', packs, why: 'unused' }));
}

describe('a fenced writer', () => {
  const fenced = { kind: 'conflict', code: 'fenced' };

  test('publishes nothing once its lock is gone', async () => {
    const { repository, first } = await begin();
    const session = await repository.beginWriter();
    expect(await repository.unlock({ removeAll: true })).toBe(1);
    const { tree } = await repository.findSnapshot(first);
    await expect(session.publish({ time: '2026-11-21T10:00:00Z', tree, paths: ['/x'] })).rejects.toMatchObject(fenced);
    expect(session.signal.aborted).toBe(true);
    await session.close();
    expect(await names(repository, 'snapshot')).toEqual([first]);
    expect(await names(repository, 'lock')).toEqual([]);
  });

  test.each(['index', 'snapshot'] as const)('does not put its %s in place when the waiting document was removed', async (type) => {
    const { store, faulty, repository, first } = await begin();
    faulty.gate = async (call) => {
      if (call.method === 'move' && call.to?.type === type && call.handle !== undefined) await store.remove(call.handle);
    };
    const indexes = await names(repository, 'index');
    await expect(addSnapshot(repository, second)).rejects.toMatchObject(fenced);
    faulty.gate = undefined;
    expect(await names(repository, 'snapshot')).toEqual([first]);
    if (type === 'index') expect(await names(repository, 'index')).toEqual(indexes);
    expect((await check(repository)).errors).toEqual([]);
  });

  test('starts over when a pack it reused was condemned after it looked', async () => {
    const { faulty, repository, first } = await begin();
    const packs = await names(repository, 'pack');
    faulty.gate = async (call) => {
      if (call.method !== 'put' || call.handle?.type !== 'pack') return;
      faulty.gate = undefined;
      await condemn(repository, packs);
    };
    await expect(addSnapshot(repository, second)).rejects.toMatchObject(fenced);
    expect(await names(repository, 'snapshot')).toEqual([first]);
  });

  test('goes on when what was condemned meanwhile is nothing of its own', async () => {
    const { faulty, repository } = await begin();
    faulty.gate = async (call) => {
      if (call.method !== 'put' || call.handle?.type !== 'pack') return;
      faulty.gate = undefined;
      await condemn(repository, ['f'.repeat(64)]);
    };
    const id = await addSnapshot(repository, second);
    expect(await readSnapshot(repository, id)).toEqual(second);
  });
});

describe('condemned packs', () => {
  test('are not relied on: their blobs are stored again, and stay readable meanwhile', async () => {
    const { repository, first } = await begin();
    const packs = await names(repository, 'pack');
    await condemn(repository, packs);
    const id = await addSnapshot(repository, { a: 'first', shared: 'shared content' });
    expect((await names(repository, 'pack')).length).toBe(packs.length * 2);
    expect(await readSnapshot(repository, first)).toEqual(await readSnapshot(repository, id));
    for (const name of packs) await repository.backend.remove({ type: 'pack', name });
    expect(await readSnapshot(repository, id)).toEqual({ a: 'first', shared: 'shared content' });
  });
});

describe('a store without move', () => {
  test('gets index and snapshot put in place', async () => {
    const store = new MemoryBackend({ properties: { hasMove: false } });
    const repository = await testRepository({ backend: store, clock });
    const id = await addSnapshot(repository, second);
    expect(await readSnapshot(repository, id)).toEqual(second);
    expect(await names(repository, 'lock')).toEqual([]);
  });
});

describe.each(findRestic())('restic $version', (restic) => {
  test('calls clean what a writer left that was killed, after unlocking', async () => {
    const requests = await requestCount();
    for (const nth of [Math.floor(requests / 2), requests - 6, requests - 4, requests - 2]) {
      const { store, faulty, repository } = await begin();
      faulty.failAt(nth, { when: 'after', kill: true });
      await addSnapshot(repository, second).catch(() => undefined);
      using folder = temporaryFolder();
      writeOut(store, folder.path);
      runRestic(restic, folder.path, testPassword.reveal(), ['unlock', '--remove-all']);
      const answer = runRestic(restic, folder.path, testPassword.reveal(), ['check', '--read-data']);
      expect([nth, answer.code, answer.out]).toEqual([nth, 0, expect.stringContaining('no errors were found')]);
    }
  });
});

import { hostname } from 'node:os';
import { FakeClock } from '@fortfail/base/testing';
import { listAll } from '@fortfail/storage';
import { FaultyBackend, MemoryBackend } from '@fortfail/storage/testing';
import { describe, expect, test } from 'vitest';
import { encodeLock, type LockDocument } from '../format/lock-document.ts';
import { encodeSnapshot } from '../format/snapshot.ts';
import type { Repository } from '../repository.ts';
import { testRepository } from '../testing/index.ts';

const minute = 60_000;

interface Case {
  readonly clock: FakeClock;
  readonly store: MemoryBackend;
  readonly faulty: FaultyBackend;
  readonly repository: Repository;
}

async function begin(options: { readonly retryLockMs?: number; readonly listDelayMs?: number } = {}): Promise<Case> {
  const clock = new FakeClock();
  const store = new MemoryBackend({ clock, properties: { listDelayMs: options.listDelayMs ?? 0 } });
  const faulty = new FaultyBackend(store);
  const repository = await testRepository({ backend: faulty, clock, options: { retryLockMs: options.retryLockMs ?? 0 } });
  return { clock, store, faulty, repository };
}

async function lockNames({ store }: Case): Promise<string[]> {
  return (await listAll(store, 'lock')).map((file) => file.name);
}

/** Lets promises that only wait for memory run to their next sleep. */
async function turns(): Promise<void> {
  for (let i = 0; i < 50; i += 1) await new Promise((resolve) => setImmediate(resolve));
}

const foreign: LockDocument = {
  time: '2026-11-21T09:00:00Z',
  exclusive: false,
  hostname: 'elsewhere',
  username: 'u',
  pid: 1,
  uid: 0,
  gid: 0,
  fortfail: undefined,
};

describe('a session', () => {
  test('shows restic’s shared lock with what it reads', async () => {
    const { repository, store } = await begin();
    const session = await repository.beginReader({ holds: ['a'.repeat(64)] });
    const [file] = await listAll(store, 'lock');
    const document = JSON.parse((await repository.loadRaw('lock', file?.name ?? '')).toString());
    expect(document).toMatchObject({ exclusive: false, hostname: hostname(), pid: process.pid });
    expect(document.fortfail).toEqual({ v: 1, kind: 'reader', session: session.id, lease: '', holds: ['a'.repeat(64)] });
    await session.close();
    await session.close();
    expect(await listAll(store, 'lock')).toEqual([]);
  });

  test('refreshes its lock every five minutes, the new one before the old one goes', async () => {
    const at = await begin();
    const session = await at.repository.beginReader();
    const before = await lockNames(at);
    const calls = at.faulty.calls.length;
    await at.clock.advance(5 * minute);
    await turns();
    const after = await lockNames(at);
    expect(after).toHaveLength(1);
    expect(after).not.toEqual(before);
    const effects = at.faulty.calls.slice(calls).map((call) => call.method);
    expect(effects.indexOf('put')).toBeLessThan(effects.indexOf('remove'));
    await session.close();
    expect(await lockNames(at)).toEqual([]);
  });

  test('is fenced at the next refresh when its lock was removed', async () => {
    const at = await begin();
    const session = await at.repository.beginReader();
    await at.repository.unlock({ removeAll: true });
    expect(session.signal.aborted).toBe(false);
    await at.clock.advance(5 * minute);
    await turns();
    expect(session.signal.reason).toMatchObject({ kind: 'conflict', code: 'fenced' });
    expect(await lockNames(at)).toEqual([]);
    await session.close();
  });

  test('gives up when its lock could not be refreshed for 22 minutes', async () => {
    const at = await begin();
    const session = await at.repository.beginReader();
    at.faulty.failNext('put', { when: 'before', times: 1000 });
    for (let i = 0; i < 20; i += 1) {
      await at.clock.advance(minute);
      await turns();
    }
    expect(session.signal.aborted).toBe(false);
    for (let i = 0; i < 10; i += 1) {
      await at.clock.advance(minute);
      await turns();
    }
    expect(session.signal.reason).toMatchObject({ code: 'fenced' });
    await session.close();
  });

  test('refreshes before anything else after the machine slept', async () => {
    const at = await begin();
    const session = await at.repository.beginReader();
    const before = await lockNames(at);
    at.clock.jump(new Date(at.clock.now().getTime() + 20 * minute));
    await session.requireHeld();
    expect(await lockNames(at)).not.toEqual(before);
    await session.close();
  });

  test('ends with its caller’s signal', async () => {
    const { repository } = await begin();
    const stop = new AbortController();
    const session = await repository.beginReader({ signal: stop.signal });
    stop.abort(new Error('stopped'));
    await expect(session.requireHeld()).rejects.toThrow('stopped');
    await session.close();
  });

  test('needs no lock to read when told so', async () => {
    const store = new MemoryBackend();
    const repository = await testRepository({ backend: store, options: { noLock: true } });
    await using _ = await repository.beginReader();
    expect(await listAll(store, 'lock')).toEqual([]);
  });
});

describe('taking a lock', () => {
  test('withdraws when an exclusive one appeared meanwhile', async () => {
    const { faulty, repository, store } = await begin();
    faulty.gate = async (call) => {
      if (call.method !== 'put') return;
      faulty.gate = undefined;
      await repository.documents.save('lock', encodeLock({ ...foreign, exclusive: true }));
    };
    await expect(repository.beginWriter()).rejects.toMatchObject({ kind: 'repository-locked', context: { hostname: 'elsewhere' } });
    expect(await listAll(store, 'lock')).toHaveLength(1);
  });

  test('waits for listings to settle before it looks', async () => {
    const at = await begin({ listDelayMs: 500 });
    let isTaken = false;
    const taking = at.repository.beginReader().then((session) => {
      isTaken = true;
      return session;
    });
    await turns();
    await at.clock.advance(999);
    await turns();
    expect(isTaken).toBe(false);
    await at.clock.advance(1);
    await (await taking).close();
  });

  test('looks twice, 200 ms apart, before it is exclusive', async () => {
    const at = await begin();
    const taking = at.repository.lockExclusive('keeper');
    const outcome = expect(taking).rejects.toMatchObject({ kind: 'repository-locked' });
    await turns();
    await at.repository.documents.save('lock', encodeLock(foreign));
    await at.clock.advance(200);
    await outcome;
    expect(await lockNames(at)).toHaveLength(1);
  });

  test('tries again after 5 s, then 10 s, until its time is over', async () => {
    const at = await begin({ retryLockMs: 12_000 });
    const name = await at.repository.documents.save('lock', encodeLock({ ...foreign, exclusive: true }));
    const taking = at.repository.beginReader();
    await turns();
    await at.clock.advance(5_000);
    await turns();
    await at.store.remove({ type: 'lock', name });
    await at.clock.advance(7_000);
    await (await taking).close();
  });

  test('gives up when its time is over', async () => {
    const at = await begin({ retryLockMs: 6_000 });
    await at.repository.documents.save('lock', encodeLock({ ...foreign, exclusive: true }));
    const taking = at.repository.beginReader();
    const outcome = expect(taking).rejects.toMatchObject({ kind: 'repository-locked' });
    for (let i = 0; i < 3; i += 1) {
      await turns();
      await at.clock.advance(5_000);
    }
    await outcome;
  });

  test('reads a lock that is being written again, and refuses when it stays unreadable', async () => {
    const at = await begin();
    at.store.overwrite({ type: 'lock', name: 'b'.repeat(64) }, Buffer.from('half a lock'));
    const taking = at.repository.beginReader();
    const outcome = expect(taking).rejects.toMatchObject({ kind: 'repository-locked', code: 'unreadable-lock' });
    for (const ms of [5_000, 10_000, 20_000]) {
      await turns();
      await at.clock.advance(ms);
    }
    await outcome;
    expect(await at.repository.unlock()).toBe(0);
    expect(await at.repository.unlock({ removeAll: true })).toBe(1);
  });

  test('passes files of no bytes', async () => {
    const { store, repository } = await begin();
    store.overwrite({ type: 'lock', name: 'b'.repeat(64) }, Buffer.alloc(0));
    await (await repository.beginReader()).close();
  });

  test('clears away a session of this host whose process is gone, not one of another host', async () => {
    const at = await begin();
    const session = { v: 1, kind: 'keeper', session: '0'.repeat(32), lease: '', holds: [] } as const;
    await at.repository.documents.save(
      'lock',
      encodeLock({ ...foreign, exclusive: true, hostname: hostname(), pid: 2 ** 22 + 7, fortfail: session }),
    );
    const kept = await at.repository.documents.save('lock', encodeLock({ ...foreign, fortfail: { ...session, kind: 'writer' } }));
    const taking = at.repository.lockExclusive('keeper');
    await turns();
    await at.clock.advance(200);
    await (await taking).close();
    expect(await lockNames(at)).toEqual([kept]);
  });
});

describe('what a killed writer left in locks/', () => {
  const seal = encodeSnapshot({ time: '2026-11-21T09:00:00Z', tree: 'a'.repeat(64), paths: ['/x'] });

  test('goes with the next writer, unless a session lives that it may belong to', async () => {
    const at = await begin();
    await at.repository.documents.save('lock', seal);
    const reader = await at.repository.beginReader();
    expect(await lockNames(at)).toHaveLength(2);
    await (await at.repository.beginWriter()).close();
    expect(await lockNames(at)).toHaveLength(2);
    await reader.close();
    await (await at.repository.beginWriter()).close();
    expect(await lockNames(at)).toEqual([]);
  });
});

describe('unlock', () => {
  test('removes what is stale and leaves what may live', async () => {
    const at = await begin();
    const save = (change: Partial<LockDocument>): Promise<string> =>
      at.repository.documents.save('lock', encodeLock({ ...foreign, ...change }));
    const fresh = await save({});
    const own = await save({ hostname: hostname(), pid: process.pid });
    await save({ time: '2026-11-21T08:29:00Z' });
    await save({ hostname: hostname(), pid: 2 ** 22 + 7 });
    expect(await at.repository.unlock()).toBe(2);
    expect((await lockNames(at)).sort()).toEqual([fresh, own].sort());
    await at.clock.advance(31 * minute);
    expect(await at.repository.unlock()).toBe(2);
  });
});

import { FortFailError, systemClock } from '@fortfail/base';
import { FakeClock } from '@fortfail/base/testing';
import { LocalBackend, listAll } from '@fortfail/storage';
import { FaultyBackend, MemoryBackend } from '@fortfail/storage/testing';
import { describe, expect, test } from 'vitest';
import type { Repository } from '../repository.ts';
import { addSnapshot, findRestic, readSnapshot, runRestic, temporaryFolder, testPassword, testRepository } from '../testing/index.ts';
import { check } from './check.ts';
import { forgetSnapshots, undeleteSnapshot } from './forget.ts';

const files = { a: 'content' };

async function names(repository: Repository, type: 'snapshot' | 'trash' | 'lock'): Promise<string[]> {
  return (await listAll(repository.backend, type)).map((file) => file.name).sort();
}

async function hold(repository: Repository, snapshot: string): Promise<void> {
  await repository.documents.save('hold', Buffer.from(JSON.stringify({ v: 1, snapshot, by: 'ann', reason: 'court', until: null })));
}

describe('forgetting', () => {
  test('moves snapshots to the trash, keeps held ones, and names what is gone', async () => {
    const repository = await testRepository();
    const ids = [await addSnapshot(repository, files), await addSnapshot(repository, files), await addSnapshot(repository, files)];
    const [first = '', second = '', third = ''] = ids;
    await hold(repository, second);
    const outcome = await forgetSnapshots(repository, [first, second, 'f'.repeat(64)]);
    expect(outcome).toEqual({ forgotten: [first], held: [second], retained: [], missing: ['f'.repeat(64)] });
    expect(await names(repository, 'snapshot')).toEqual([second, third].sort());
    expect(await names(repository, 'trash')).toEqual([first]);
    expect(await names(repository, 'lock')).toEqual([]);
    expect((await check(repository, { readData: true })).errors).toEqual([]);
  });

  test('names what the storage retains', async () => {
    const faulty = new FaultyBackend(new MemoryBackend());
    const repository = await testRepository({ backend: faulty });
    const id = await addSnapshot(repository, files);
    const error = new FortFailError({ kind: 'retained', code: 'locked', message: 'unable to remove' });
    faulty.failNext('move', { when: 'before', error });
    expect(await forgetSnapshots(repository, [id])).toMatchObject({ forgotten: [], retained: [id] });
    expect(await names(repository, 'snapshot')).toEqual([id]);
  });

  test('happens within the keeper’s session of the caller', async () => {
    const repository = await testRepository();
    const id = await addSnapshot(repository, files);
    await using session = await repository.lockExclusive('keeper');
    expect(await forgetSnapshots(repository, [id], { session })).toMatchObject({ forgotten: [id] });
    expect(await names(repository, 'lock')).toHaveLength(1);
  });

  test('is a removal where the storage has no move', async () => {
    const store = new MemoryBackend({ properties: { hasMove: false } });
    const repository = await testRepository({ backend: store });
    const id = await addSnapshot(repository, files);
    expect(await forgetSnapshots(repository, [id])).toMatchObject({ forgotten: [id] });
    expect(await names(repository, 'snapshot')).toEqual([]);
    expect(await names(repository, 'trash')).toEqual([]);
  });
});

describe('undelete', () => {
  test('brings a snapshot back under its own id, and it can be forgotten again', async () => {
    const repository = await testRepository();
    const id = await addSnapshot(repository, files);
    await forgetSnapshots(repository, [id]);
    await undeleteSnapshot(repository, id);
    expect(await names(repository, 'snapshot')).toEqual([id]);
    expect(await names(repository, 'trash')).toEqual([]);
    expect(await readSnapshot(repository, id)).toEqual(files);
    expect(await forgetSnapshots(repository, [id])).toMatchObject({ forgotten: [id] });
    await expect(undeleteSnapshot(repository, 'f'.repeat(64))).rejects.toMatchObject({ kind: 'not-found' });
  });

  test('does not when blobs of it are gone', async () => {
    const repository = await testRepository();
    const id = await addSnapshot(repository, files);
    await forgetSnapshots(repository, [id]);
    for (const { name } of await listAll(repository.backend, 'index')) await repository.backend.remove({ type: 'index', name });
    await expect(undeleteSnapshot(repository, id)).rejects.toMatchObject({ kind: 'damaged', code: 'blobs-gone' });
    expect(await names(repository, 'snapshot')).toEqual([]);
    expect(await names(repository, 'lock')).toEqual([]);
  });
});

test('a keeper waits for nobody’s clock but its own', async () => {
  const clock = new FakeClock();
  const repository = await testRepository({ clock });
  const id = await addSnapshot(repository, files, '2199-01-01T00:00:00Z');
  const forgetting = forgetSnapshots(repository, [id]);
  for (let i = 0; i < 40; i += 1) await clock.advance(10);
  expect(await forgetting).toMatchObject({ forgotten: [id] });
});

describe.each(findRestic())('restic $version', (restic) => {
  test('does not see the trash, and prunes what only it needs', async () => {
    using folder = temporaryFolder();
    const repository = await testRepository({ backend: new LocalBackend(folder.path), clock: systemClock });
    const first = await addSnapshot(repository, { a: 'only in the first' });
    await addSnapshot(repository, files);
    await forgetSnapshots(repository, [first]);
    const password = testPassword.reveal();
    expect(JSON.parse(runRestic(restic, folder.path, password, ['snapshots', '--json']).out)).toHaveLength(1);
    expect(runRestic(restic, folder.path, password, ['prune']).code).toBe(0);
    expect(runRestic(restic, folder.path, password, ['check', '--read-data']).code).toBe(0);
    await expect(undeleteSnapshot(repository, first)).rejects.toMatchObject({ kind: 'damaged', code: 'blobs-gone' });
    expect((await check(repository, { readData: true, workers: 0 })).errors).toEqual([]);
  });
});

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { systemClock } from '@fortfail/base';
import { LocalBackend, listAll } from '@fortfail/storage';
import { describe, expect, test } from 'vitest';
import { encodeLock } from '../format/lock-document.ts';
import { encodeSnapshot } from '../format/snapshot.ts';
import type { Repository } from '../repository.ts';
import { addSnapshot, findRestic, type ResticProgram, runRestic, temporaryFolder, testPassword, testRepository } from '../testing/index.ts';

const locked = { kind: 'repository-locked', code: 'locked' };
const password = testPassword.reveal();

/** A restic that holds its shared lock for as long as its standard input stays open. */
async function startBackup(restic: ResticProgram, folder: string): Promise<ChildProcess> {
  const child = spawn(restic.path, ['--no-cache', '-r', folder, 'backup', '--stdin'], {
    env: { PATH: process.env.PATH, HOME: tmpdir(), RESTIC_PASSWORD: password },
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  const backend = new LocalBackend(folder);
  while ((await listAll(backend, 'lock')).length === 0) await systemClock.sleep(20);
  return child;
}

async function endBackup(child: ChildProcess): Promise<number | null> {
  const ended = once(child, 'exit');
  child.stdin?.end('bytes from standard input');
  const [code] = await ended;
  return code;
}

async function localRepository(folder: string): Promise<Repository> {
  return await testRepository({ backend: new LocalBackend(folder) });
}

async function lockNames(repository: Repository): Promise<string[]> {
  return (await listAll(repository.backend, 'lock')).map((file) => file.name);
}

describe.each(findRestic())('beside restic $version', (restic) => {
  const lockedCode = restic.version === '0.14' ? 1 : 11;

  test('readers and writers pass a running backup, keepers do not', async () => {
    using folder = temporaryFolder();
    const repository = await localRepository(folder.path);
    const child = await startBackup(restic, folder.path);
    await (await repository.beginReader()).close();
    const id = await addSnapshot(repository, { a: 'beside restic' });
    await expect(repository.lockExclusive('keeper')).rejects.toMatchObject(locked);
    expect(await endBackup(child)).toBe(0);
    expect((await repository.listSnapshots()).map((snapshot) => snapshot.id)).toContain(id);
    const answer = runRestic(restic, folder.path, password, ['check', '--read-data']);
    expect([answer.code, answer.out]).toEqual([0, expect.stringContaining('no errors were found')]);
  });

  test('a writer keeps restic’s check out and lets its readers in', async () => {
    using folder = temporaryFolder();
    const repository = await localRepository(folder.path);
    await addSnapshot(repository, { a: 'one' });
    const session = await repository.beginWriter();
    expect(runRestic(restic, folder.path, password, ['snapshots']).code).toBe(0);
    expect(runRestic(restic, folder.path, password, ['prune']).code).toBe(lockedCode);
    await session.close();
    expect(runRestic(restic, folder.path, password, ['prune']).code).toBe(0);
  });

  test('a keeper keeps all of restic out, and our writers pass it', async () => {
    using folder = temporaryFolder();
    const repository = await localRepository(folder.path);
    const session = await repository.lockExclusive('keeper');
    expect(runRestic(restic, folder.path, password, ['snapshots']).code).toBe(lockedCode);
    await addSnapshot(repository, { a: 'beside a keeper' });
    await expect(repository.lockExclusive('keeper')).rejects.toMatchObject(locked);
    await session.close();
    expect(runRestic(restic, folder.path, password, ['check']).code).toBe(0);
  });

  test('documents that wait in locks/ stop prune, let backup pass, and go with unlock', async () => {
    using folder = temporaryFolder();
    const repository = await localRepository(folder.path);
    const id = await addSnapshot(repository, { a: 'one' });
    const { tree } = await repository.findSnapshot(id);
    const now = systemClock.now().toISOString();
    await repository.documents.save('lock', encodeSnapshot({ time: now, tree, paths: ['/x'], hostname: 'elsewhere' }));
    await repository.documents.save('lock', await repository.loadRaw('index', (await listAll(repository.backend, 'index'))[0]?.name ?? ''));
    expect(runRestic(restic, folder.path, password, ['prune']).code).toBe(lockedCode);
    expect(runRestic(restic, folder.path, password, ['backup', 'config']).code).toBe(0);
    expect(runRestic(restic, folder.path, password, ['unlock', '--remove-all']).code).toBe(0);
    expect(await lockNames(repository)).toEqual([]);
    expect(runRestic(restic, folder.path, password, ['check']).code).toBe(0);
  });

  test('restic’s unlock fences a writer whose lock looks dead', async () => {
    using folder = temporaryFolder();
    const repository = await localRepository(folder.path);
    const session = await repository.beginWriter();
    expect(runRestic(restic, folder.path, password, ['unlock', '--remove-all']).code).toBe(0);
    await expect(session.requireHeld()).rejects.toMatchObject({ kind: 'conflict', code: 'fenced' });
    await session.close();
  });

  test('its exclusive lock keeps everybody out, however old and dead, until unlock', async () => {
    using folder = temporaryFolder();
    const repository = await localRepository(folder.path);
    const dead = { exclusive: true, hostname: 'elsewhere', username: 'u', pid: 999_999, uid: 0, gid: 0, fortfail: undefined };
    await repository.documents.save('lock', encodeLock({ ...dead, time: '2020-01-01T00:00:00Z' }));
    await expect(repository.beginReader()).rejects.toMatchObject(locked);
    await expect(repository.beginWriter()).rejects.toMatchObject(locked);
    await expect(repository.lockExclusive('keeper')).rejects.toMatchObject(locked);
    expect(runRestic(restic, folder.path, password, ['snapshots']).code).toBe(lockedCode);
    expect(await repository.unlock()).toBe(1);
    expect(runRestic(restic, folder.path, password, ['snapshots']).code).toBe(0);
  });
});

import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { FortFailError, noLogger, systemClock } from '@fortfail/base';
import { agentFrame, type JobLogLine, type JobPayload, type JobProgress, linkVersion } from '@fortfail/protocol';
import { initRepository } from '@fortfail/repository';
import { openBackend, parseLocation } from '@fortfail/storage';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listFiles } from '../browse/list-files.ts';
import { type AgentConfig, readConfig } from '../config.ts';
import { requireSpace } from '../free-space.ts';
import { HostKeys } from '../identity/host-keys.ts';
import { builtInPolicy } from '../policy/host-policy.ts';
import { PasswordFiles } from '../repositories/password-file.ts';
import { RepositoryShelf } from '../repositories/repository-shelf.ts';
import { jobNumber } from '../testing/agent-fixture.ts';
import type { JobEnd, PayloadOf } from './job-context.ts';
import { jobPerformer } from './perform-job.ts';
import { RestoreSpeed } from './restore-speed.ts';

let folder: string;
let config: AgentConfig;
let shelf: RepositoryShelf;
let lines: JobLogLine[];
let progress: JobProgress[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ff-jobs-'));
  config = readConfig({ FORTFAIL_DATA: join(folder, 'data') });
  mkdirSync(config.agentFolder, { recursive: true });
  mkdirSync(config.scratchRoot, { recursive: true });
  shelf = new RepositoryShelf({ passwords: new PasswordFiles(config.agentFolder), clock: systemClock, logger: noLogger });
  lines = [];
  progress = [];
  const source = join(folder, 'source');
  mkdirSync(join(source, 'deep', 'empty'), { recursive: true });
  writeFileSync(join(source, 'a.txt'), 'hello');
  writeFileSync(join(source, 'deep', 'large.bin'), Buffer.alloc(3_000_000, 'fortfail'));
  symlinkSync('a.txt', join(source, 'link'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const reference = (path = join(folder, 'repo'), id = 'rep_0000000000000001') => ({ id, name: 'main', location: path });

/** Does a job, and proves that its outcome is one the orchestrator understands. */
async function perform(payload: JobPayload, signal = new AbortController().signal): Promise<JobEnd> {
  const voice = {
    jobId: jobNumber(1),
    signal,
    progress: (value: JobProgress) => void progress.push(value),
    log: (level: JobLogLine['level'], message: string, item?: string) =>
      void lines.push({ at: '2026-11-21T09:00:00Z', level, message, ...(item === undefined ? {} : { item }) }),
  };
  const parts = {
    config,
    clock: systemClock,
    logger: noLogger,
    shelf,
    speed: new RestoreSpeed(),
    programVersion: 'fortfail 0.0.0',
    self: { agentId: () => 'agt_00000000000000aa', keys: await HostKeys.ensure(config.agentFolder) },
    policy: async () => builtInPolicy,
    roster: () => undefined,
  };
  const end = await jobPerformer(parts)(payload, voice);
  const { status, result, summary, error = null } = end;
  const frame = { v: linkVersion, seq: 1, type: 'outcome', outboxId: 'x', jobId: jobNumber(1), fence: 1, status, result, error, summary };
  expect(agentFrame.safeParse(frame)).toMatchObject({ success: true });
  return end;
}

function resultOf<K extends NonNullable<JobEnd['result']>['kind']>(
  end: JobEnd,
  kind: K,
): Extract<NonNullable<JobEnd['result']>, { kind: K }> {
  if (end.result?.kind !== kind) throw new Error(`expected a ${kind} result, got ${end.result?.kind}: ${end.summary}`);
  return end.result as Extract<NonNullable<JobEnd['result']>, { kind: K }>;
}

const backupOf = (paths: string[], more: Partial<PayloadOf<'backup'>> = {}): PayloadOf<'backup'> => ({
  kind: 'backup',
  repository: reference(),
  planId: 'pln_0000000000000001',
  planName: 'docs',
  source: { kind: 'files', paths, excludes: [] },
  tags: ['plan=docs'],
  ...more,
});

/** A repository whose password costs no time, adopted by the job. */
async function initialised(): Promise<void> {
  const { password } = await shelf.passwords.ensure(reference().id);
  const backend = await openBackend(parseLocation(reference().location));
  await initRepository({ backend, password, hostname: 'h', username: 'u', clock: systemClock, kdf: { N: 2, r: 1, p: 1 } });
  await perform({ kind: 'initialise', repository: reference() });
}

describe('initialise', () => {
  it('makes a repository with a password file that restic opens, and adopts it when done again', async () => {
    const first = resultOf(await perform({ kind: 'initialise', repository: reference() }), 'initialise');
    expect(statSync(first.passwordFile).mode & 0o777).toBe(0o600);
    const again = resultOf(await perform({ kind: 'initialise', repository: reference() }), 'initialise');
    expect(again).toEqual(first);
    const restic = process.env.RESTIC_019 ?? '/opt/restic-0.19/usr/bin/restic';
    if (!existsSync(restic)) return console.log(`no restic at ${restic}: its own look at the repository is left out`);
    const args = ['-r', join(folder, 'repo'), '--password-file', first.passwordFile, '--no-cache', 'cat', 'config'];
    const child = spawnSync(restic, args, { encoding: 'utf8' });
    expect(JSON.parse(child.stdout)).toMatchObject({ id: first.resticId, version: 2 });
  });

  it('refuses a repository with another password, and keeps no password for it', async () => {
    await initialised();
    const other = reference(join(folder, 'repo'), 'rep_0000000000000002');
    await expect(perform({ kind: 'initialise', repository: other })).rejects.toMatchObject({
      kind: 'wrong-password',
      code: 'other-password',
    });
    expect(readdirSync(join(config.agentFolder, 'keys')).sort()).toEqual(['rep_0000000000000001.json', 'rep_0000000000000001.password']);
    writeFileSync(shelf.passwords.pathOf(other.id), readFileSync(shelf.passwords.pathOf(reference().id)));
    expect((await perform({ kind: 'initialise', repository: other })).summary).toContain('adopted');
  });

  it('refuses a folder that holds something else, or is not a place for it', async () => {
    await initialised();
    const make = (path: string) => perform({ kind: 'initialise', repository: reference(path, 'rep_0000000000000002') });
    await expect(make(join(folder, 'source'))).rejects.toMatchObject({ kind: 'conflict', code: 'folder-not-empty' });
    for (const path of [join(folder, 'repo', 'data', 'x'), config.agentFolder, join(config.dataFolder, 'x'), '/proc/x'])
      await expect(make(path), path).rejects.toMatchObject({ kind: 'invalid-input', code: 'own-place' });
    expect(readdirSync(join(folder, 'source')).sort()).toEqual(['a.txt', 'deep', 'link']);
    expect(existsSync(shelf.passwords.pathOf('rep_0000000000000002'))).toBe(false);
  });

  it('finishes what a crash between key and config left', async () => {
    await initialised();
    const again = (): Promise<JobEnd> => perform({ kind: 'initialise', repository: reference() });
    rmSync(join(folder, 'repo', 'config'));
    expect((await again()).summary).toContain('made');
    expect(readdirSync(join(folder, 'repo', 'keys'))).toHaveLength(1);
    rmSync(join(folder, 'repo', 'config'));
    writeFileSync(join(folder, 'repo', 'index', 'a'.repeat(64)), 'somebody stored something');
    await expect(again()).rejects.toMatchObject({ kind: 'conflict', code: 'repository-exists' });
    expect(readdirSync(join(folder, 'repo', 'keys'))).toHaveLength(1);
  });
});

describe('backup, check, forget', () => {
  it('makes a point, and a check reads every byte of it', async () => {
    await initialised();
    const end = await perform(backupOf([join(folder, 'source')]));
    const point = resultOf(end, 'backup');
    expect(end.status).toBe('succeeded');
    expect(point).toMatchObject({ files: 2, errors: 0, paths: [join(folder, 'source')], hostname: config.hostname });
    expect(end.summary).toMatch(/^Backed up 2 files, 3\.00 MB; /);
    const checked = resultOf(await perform({ kind: 'check', repository: reference(), readData: true }), 'check');
    expect(checked).toMatchObject({ errors: [], snapshots: [point.snapshot] });
    expect(checked.bytesRead).toBeGreaterThan(0);
  });

  it('leaves its own repository and scratch out of a source around them', async () => {
    await initialised();
    writeFileSync(join(config.scratchRoot, 'x'), 'x');
    const point = resultOf(await perform(backupOf([folder])), 'backup');
    const names = async (path: string) =>
      (
        await listFiles({ method: 'list-files', repository: reference(), snapshot: point.snapshot, path, cursor: null, limit: 100 }, shelf)
      ).entries.map(({ name }) => name);
    expect((await names(folder)).sort()).toEqual(['data', 'source']);
    expect(await names(config.dataFolder)).toEqual(['agent']);
  });

  it('tells of whole snapshots that an earlier attempt could not tell of', async () => {
    await initialised();
    const source = join(folder, 'source');
    const since = new Date(Date.now() - 1000).toISOString();
    const untold = resultOf(await perform(backupOf([source])), 'backup');
    await perform(backupOf([source], { tags: ['plan=other'] }));
    const told = resultOf(await perform(backupOf([source], { since })), 'backup');
    expect(told.found).toMatchObject([{ snapshot: untold.snapshot, files: 2, bytes: 3_000_005, directories: untold.directories }]);
    expect(lines.flatMap(({ item }) => item ?? [])).toEqual([untold.snapshot]);
    const later = new Date(Date.now() + 1000).toISOString();
    expect(resultOf(await perform(backupOf([source], { since: later })), 'backup').found).toBeUndefined();
  });

  it('calls a point partial that lacks something, and names it', async () => {
    await initialised();
    const end = await perform(backupOf([join(folder, 'source'), join(folder, 'nowhere')]));
    expect(end).toMatchObject({ status: 'partial', error: { kind: 'incomplete' }, result: { errors: 1 } });
    expect(lines.filter(({ level }) => level === 'error')).toMatchObject([{ level: 'error', item: join(folder, 'nowhere') }]);
    await expect(perform(backupOf([join(folder, 'nowhere')]))).rejects.toMatchObject({ kind: 'invalid-input', code: 'no-source-left' });
  });

  it('fails a check of a damaged repository and says what is damaged', async () => {
    await initialised();
    await perform(backupOf([join(folder, 'source')]));
    const packs = readdirSync(join(folder, 'repo', 'data'), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    const victim = join(packs[0]?.parentPath ?? '', packs[0]?.name ?? '');
    chmodSync(victim, 0o600);
    const bytes = readFileSync(victim);
    bytes[10] = (bytes[10] ?? 0) ^ 1;
    writeFileSync(victim, bytes);
    const end = await perform({ kind: 'check', repository: reference(), readData: true });
    expect(end.status).toBe('failed');
    expect(resultOf(end, 'check').errors.length).toBeGreaterThan(0);
  });

  it('moves what was named into the trash, but never the last point of a plan', async () => {
    await initialised();
    const first = resultOf(await perform(backupOf([join(folder, 'source')])), 'backup').snapshot;
    const second = resultOf(await perform(backupOf([join(folder, 'source')])), 'backup').snapshot;
    const order = (snapshots: string[]): JobPayload => ({
      kind: 'forget',
      repository: reference(),
      planId: 'pln_0000000000000001',
      snapshots,
      keep: null,
    });
    const end = await perform(order([first, second]));
    expect(end).toMatchObject({
      status: 'partial',
      result: { forgotten: [first], refused: [{ snapshot: second, reason: 'it is the last one of its plan' }] },
    });
    expect(readdirSync(join(folder, 'repo', 'snapshots'))).toEqual([second]);
    expect(readdirSync(join(folder, 'repo', 'fortfail', 'trash'))).toEqual([first]);
    expect(await perform(order([first]))).toMatchObject({ status: 'succeeded', result: { forgotten: [first], refused: [] } });
    expect(readdirSync(join(folder, 'repo', 'locks'))).toEqual([]);
  });

  it('backs up FortFail itself without its passwords', async () => {
    await initialised();
    new DatabaseSync(join(config.dataFolder, 'catalog.db')).exec('create table t (x); insert into t values (1)');
    writeFileSync(config.auditLog, '{"seq":1}\n');
    const end = await perform(backupOf([], { source: { kind: 'config' } }));
    expect(end.status).toBe('succeeded');
    const { snapshot } = resultOf(end, 'backup');
    const path = join(config.dataFolder, 'config-source');
    const listing = await listFiles({ method: 'list-files', repository: reference(), snapshot, path, cursor: null, limit: 100 }, shelf);
    expect(listing.entries.map(({ name }) => name).sort()).toEqual(['agent', 'audit.log', 'catalog.db']);
    const agent = await listFiles(
      { method: 'list-files', repository: reference(), snapshot, path: join(path, 'agent'), cursor: null, limit: 100 },
      shelf,
    );
    expect(agent.entries).toEqual([]);
  });

  it('takes the copy of a catalog that lies elsewhere, and leaves none behind', async () => {
    await initialised();
    const name = 'job_0000000000000009-2';
    const copy = join(config.catalogCopies, name);
    const payload = backupOf([], { source: { kind: 'config' }, catalogCopy: name });
    await expect(perform(payload)).rejects.toMatchObject({ code: 'catalog-missing' });
    mkdirSync(copy, { recursive: true });
    for (const file of ['manifest.json', 'audit.ndjson']) writeFileSync(join(copy, file), '{}\n', { mode: 0o600 });
    // Left over from before the site moved to another database: not its catalog any more.
    writeFileSync(join(config.dataFolder, 'catalog.db'), 'old');
    expect(await perform(payload)).toMatchObject({ status: 'succeeded' });
    const stage = join(config.dataFolder, 'config-source');
    expect(readdirSync(join(stage, 'database')).sort()).toEqual(['audit.ndjson', 'manifest.json']);
    expect(existsSync(join(stage, 'catalog.db'))).toBe(false);
    expect(existsSync(copy)).toBe(false);
  });

  it('stops when it is told to, and leaves no lock', async () => {
    await initialised();
    const stop = new AbortController();
    const work = perform(backupOf([join(folder, 'source')]), stop.signal);
    stop.abort(new FortFailError({ kind: 'cancelled', code: 'stopped', message: 'stopped by ann' }));
    await expect(work).rejects.toMatchObject({ kind: 'cancelled' });
    expect(readdirSync(join(folder, 'repo', 'locks'))).toEqual([]);
    expect(readdirSync(join(folder, 'repo', 'snapshots'))).toEqual([]);
  });
});

describe('restore', () => {
  const order = (kind: 'propose-restore', snapshot: string, target: string | null, include: string[] = []): JobPayload => ({
    kind,
    repository: reference(),
    restoreId: 'rst_0000000000000001',
    snapshot,
    include,
    target,
  });
  const applied = (snapshot: string, target: string, digest: string, include: string[] = []): JobPayload => ({
    kind: 'apply-restore',
    repository: reference(),
    restoreId: 'rst_0000000000000001',
    snapshot,
    include,
    target,
    digest,
  });

  it('does what was proposed, into a folder of its own', async () => {
    await initialised();
    const { snapshot } = resultOf(await perform(backupOf([join(folder, 'source')])), 'backup');
    const { proposal } = resultOf(await perform(order('propose-restore', snapshot, null)), 'propose-restore');
    expect(proposal).toMatchObject({ target: join(config.restoreRoot, 'rst_0000000000000001'), files: 2, others: 1, conflictCount: 0 });
    expect(existsSync(proposal.target)).toBe(false);
    const end = await perform(applied(snapshot, proposal.target, proposal.digest));
    const { report } = resultOf(end, 'apply-restore');
    expect(end.status).toBe('succeeded');
    expect(report).toMatchObject({ files: 2, bytes: 3_000_005, verifiedBytes: 3_000_005, errors: 0, target: proposal.target });
    expect(report.phases.map(({ name }) => name)).toContain('open');
    expect(readFileSync(join(proposal.target, folder, 'source', 'a.txt'), 'utf8')).toBe('hello');
  });

  it('refuses a folder that holds something, a proposal that is stale, and changes nothing', async () => {
    await initialised();
    const { snapshot } = resultOf(await perform(backupOf([join(folder, 'source')])), 'backup');
    const busy = join(folder, 'source');
    await expect(perform(order('propose-restore', snapshot, busy))).rejects.toMatchObject({ kind: 'conflict', code: 'target-not-empty' });
    await expect(perform(applied(snapshot, busy, 'a'.repeat(64)))).rejects.toMatchObject({ kind: 'conflict', code: 'target-not-empty' });
    const fresh = join(folder, 'fresh');
    await expect(perform(applied(snapshot, fresh, 'a'.repeat(64)))).rejects.toMatchObject({ kind: 'conflict', code: 'proposal-stale' });
    expect(existsSync(fresh)).toBe(false);
  });

  it('refuses to write where FortFail keeps its own, whatever way leads there', async () => {
    await initialised();
    const { snapshot } = resultOf(await perform(backupOf([join(folder, 'source')])), 'backup');
    mkdirSync(config.restoreRoot, { recursive: true });
    symlinkSync(join(folder, 'repo'), join(folder, 'way'));
    symlinkSync(config.dataFolder, join(folder, 'way2'));
    const order = (target: string): PayloadOf<'propose-restore'> => ({
      kind: 'propose-restore',
      repository: reference(),
      restoreId: 'rst_0000000000000001',
      snapshot,
      include: [],
      target,
    });
    const places = [
      join(folder, 'repo', 'new'),
      join(folder, 'source', '..', 'repo', 'data', 'new'),
      join(folder, 'way', 'new'),
      join(folder, 'way2', 'new', 'deep'),
      join(config.dataFolder, 'new'),
      join(config.agentFolder, 'keys', 'new'),
      config.restoreRoot,
      `${config.restoreRoot}/../scratch/x`,
      '/proc/self/x',
    ];
    for (const place of places) {
      await expect(perform(order(place)), place).rejects.toMatchObject({ kind: 'invalid-input', code: 'own-place' });
      const apply = { ...order(place), kind: 'apply-restore' as const, target: place, digest: 'd'.repeat(64) };
      await expect(perform(apply), place).rejects.toMatchObject({ code: 'own-place' });
    }
    await expect(perform(order(`/${'a'.repeat(300)}`))).rejects.not.toMatchObject({ kind: 'bug' });
    expect((await perform(order(join(config.restoreRoot, 'mine')))).status).toBe('succeeded');
    expect((await perform(order(join(folder, 'source', 'new')))).status).toBe('succeeded');
  });

  it('refuses paths that are not in the point', async () => {
    await initialised();
    const source = join(folder, 'source');
    const { snapshot } = resultOf(await perform(backupOf([source])), 'backup');
    for (const path of ['/nowhere', join(source, 'a.tx'), `${source}/../source/a.txt`, join(source, '*')]) {
      const include = [join(source, 'a.txt'), path.includes('..') ? `${source}/../source/a.txt` : path];
      const order = {
        kind: 'propose-restore',
        repository: reference(),
        restoreId: 'rst_0000000000000001',
        snapshot,
        include,
        target: null,
      } as const;
      await expect(perform(order)).rejects.toMatchObject({ kind: 'not-found', code: 'path' });
    }
  });

  it('restores only what was chosen', async () => {
    await initialised();
    const { snapshot } = resultOf(await perform(backupOf([join(folder, 'source')])), 'backup');
    const include = [join(folder, 'source', 'a.txt')];
    const { proposal } = resultOf(await perform(order('propose-restore', snapshot, join(folder, 'out'), include)), 'propose-restore');
    expect(proposal).toMatchObject({ files: 1, bytes: 5 });
    await perform(applied(snapshot, proposal.target, proposal.digest, include));
    expect(readdirSync(join(folder, 'out', folder, 'source'))).toEqual(['a.txt']);
  });
});

describe('drill', () => {
  const order = (snapshot: string): JobPayload => ({
    kind: 'drill',
    repository: reference(),
    drillId: 'drl_0000000000000001',
    restorePointId: 'rpt_0000000000000001',
    snapshot,
  });

  it('proves a point, measures it, and leaves nothing in scratch', async () => {
    await initialised();
    const { snapshot } = resultOf(await perform(backupOf([join(folder, 'source')])), 'backup');
    const end = await perform(order(snapshot));
    const evidence = resultOf(end, 'drill');
    expect(end.status).toBe('succeeded');
    expect(evidence).toMatchObject({
      outcome: 'passed',
      files: 2,
      bytes: 3_000_005,
      comparedBytes: 3_000_005,
      differenceCount: 0,
      host: config.hostname,
    });
    expect(evidence.phases.map(({ name }) => name)).toEqual(['open', 'plan', 'fetch', 'metadata', 'verify']);
    expect(evidence.rtoSeconds).toBeGreaterThan(0);
    expect(evidence.scratch).toContain(join(config.scratchRoot, 'drl_0000000000000001-'));
    expect(readdirSync(config.scratchRoot)).toEqual([]);
  });

  it('fails a point that does not come back as it was, with evidence and without another try', async () => {
    await initialised();
    const { snapshot } = resultOf(await perform(backupOf([join(folder, 'source')])), 'backup');
    const packs = readdirSync(join(folder, 'repo', 'data'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
    const largest = packs.reduce((a, b) => (statSync(a).size > statSync(b).size ? a : b));
    chmodSync(largest, 0o600);
    const bytes = readFileSync(largest);
    bytes.fill(0, 0, 400);
    writeFileSync(largest, bytes);
    const end = await perform(order(snapshot));
    expect(end.status).toBe('failed');
    expect(end.error).toBeUndefined();
    expect(resultOf(end, 'drill').outcome).toBe('failed');
    expect(resultOf(end, 'drill').differenceCount).toBeGreaterThan(0);
    expect(readdirSync(config.scratchRoot)).toEqual([]);
  });

  it('does not begin where there is no room for it', async () => {
    await expect(requireSpace(config.scratchRoot, 2 ** 60, 1, 'drill')).rejects.toMatchObject({
      kind: 'no-space',
      code: 'scratch-too-small',
    });
    await requireSpace(join(config.scratchRoot, 'not', 'there', 'yet'), 1, 1, 'drill');
  });
});

describe('browsing', () => {
  it('lists a folder page by page with what people want to see', async () => {
    await initialised();
    const { snapshot } = resultOf(await perform(backupOf([join(folder, 'source')])), 'backup');
    const question = {
      method: 'list-files' as const,
      repository: reference(),
      snapshot,
      path: join(folder, 'source'),
      cursor: null,
      limit: 2,
    };
    const first = await listFiles(question, shelf);
    expect(first.entries.map(({ name, type, size }) => [name, type, size])).toEqual([
      ['a.txt', 'file', 5],
      ['deep', 'dir', null],
    ]);
    const second = await listFiles({ ...question, cursor: first.nextCursor }, shelf);
    expect(second.entries).toMatchObject([
      { name: 'link', type: 'symlink', linkTarget: 'a.txt', mode: 'lrwxrwxrwx', path: join(folder, 'source', 'link') },
    ]);
    expect(second.nextCursor).toBeNull();
    writeFileSync(join(folder, 'source', 'later.txt'), 'later');
    const later = resultOf(await perform(backupOf([join(folder, 'source')])), 'backup').snapshot;
    expect((await listFiles({ ...question, snapshot: later, limit: 9 }, shelf)).entries).toHaveLength(4);
    await expect(listFiles({ ...question, path: '/nowhere' }, shelf)).rejects.toMatchObject({ kind: 'not-found' });
  });
});

import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  begin,
  ended,
  fortfail,
  freshFolder,
  jsonLines,
  must,
  type Outcome,
  opening,
  restic014,
  restic019,
  run,
} from '../support/programs.ts';
import { childrenOf, isAlive, Site, until } from '../support/site.ts';

const judge = restic019 ?? restic014 ?? fortfail;
const isRoot = process.getuid?.() === 0;
const needsRoot = 'needs root, to be somebody else and to mount a small disk';
const nobody = 65534;

/** What a person reads: one failure in one sentence with its hint, and nothing of the program's inside. */
function expectPlain({ stderr }: Outcome, sentence: RegExp): void {
  expect(stderr).toMatch(sentence);
  expect(stderr).not.toMatch(/^\s+at |\bnode:|Error:|undefined|\[object/m);
  expect(stderr.match(/^Fatal: /gm) ?? []).toHaveLength(1);
}

/** A small disk of its own at a folder; undefined, having skipped, where none can be mounted. */
function smallDisk(skip: (reason: string) => void, folder: string, size: string): boolean {
  mkdirSync(folder, { recursive: true });
  if (!isRoot || spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size},mode=0700`, 'none', folder]).status !== 0) {
    skip(needsRoot);
    return false;
  }
  onTestFinished(() => void spawnSync('umount', ['-l', folder]));
  return true;
}

const remount = (folder: string, options: string): void => void execFileSync('mount', ['-o', `remount,${options}`, folder]);
/** Leaves not a byte on a disk. */
const fill = (folder: string): void => void spawnSync('dd', ['if=/dev/zero', `of=${join(folder, 'ballast')}`, 'bs=4k']);

function packsIn(repository: string): number {
  const data = join(repository, 'data');
  return existsSync(data) ? readdirSync(data).reduce((sum, name) => sum + readdirSync(join(data, name)).length, 0) : 0;
}
const locksIn = (repository: string): string[] => readdirSync(join(repository, 'locks'));

interface Made {
  readonly folder: string;
  readonly tree: string;
  readonly repository: string;
  readonly env: Record<string, string>;
}

function made(repositoryIn = 'repository'): Made {
  const folder = freshFolder();
  const tree = join(folder, 'tree');
  mkdirSync(tree);
  for (let index = 0; index < 20; index += 1) writeFileSync(join(tree, `file-${index}`), `content ${index} `.repeat(1000));
  const repository = join(folder, repositoryIn);
  return { folder, tree, repository, env: opening(repository) };
}

const grow = (tree: string, megabytes: number): void => {
  for (let index = 0; index < megabytes / 4; index += 1) writeFileSync(join(tree, `large-${index}`), randomBytes(4_000_000));
};

describe('a full disk', () => {
  it('under a repository fails the backup in one sentence; nothing is lost, and the next one works', async ({ skip }) => {
    const { folder, tree, repository, env } = made(join('disk', 'repository'));
    if (!smallDisk(skip, join(folder, 'disk'), '40m')) return;
    await must(fortfail, ['init'], { env });
    await must(fortfail, ['backup', tree], { env });
    grow(tree, 100);
    const refused = await run(fortfail, ['backup', tree], { env });
    expect(refused.code).toBe(1);
    expectPlain(refused, /: the disk is full/);
    expect(locksIn(repository)).toEqual([]);
    await must(judge, ['check', '--read-data'], { env });
    expect(JSON.parse((await must(fortfail, ['snapshots', '--json'], { env })).stdout)).toHaveLength(1);
    fill(join(folder, 'disk'));
    expectPlain(await run(fortfail, ['backup', tree], { env }), /: the disk is full/);
    remount(join(folder, 'disk'), 'size=400m');
    await must(fortfail, ['backup', tree], { env });
    await must(judge, ['check', '--read-data'], { env });
  });

  it('under a restore is said, and nothing half-written stays', async ({ skip }) => {
    const { folder, tree, env } = made();
    if (!smallDisk(skip, join(folder, 'disk'), '10m')) return;
    grow(tree, 24);
    await must(fortfail, ['init'], { env });
    await must(fortfail, ['backup', tree], { env });
    const target = join(folder, 'disk', 'target');
    const refused = await run(fortfail, ['restore', `latest:${tree}`, '--target', target], { env });
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/no space left/);
    const left = readdirSync(target);
    expect(left.filter((name) => name.startsWith('.fortfail-restore-'))).toEqual([]);
    for (const name of left) expect(readFileSync(join(target, name)).equals(readFileSync(join(tree, name)))).toBe(true);
  });

  it('under the data folder refuses the start', async ({ skip }) => {
    const { folder, tree } = made();
    const data = join(folder, 'data');
    if (!smallDisk(skip, data, '1m')) return;
    fill(data);
    const refused = await run(fortfail, ['start', '--data', data, '--port', '0', '--protect', tree, '--once']);
    expect(refused.code).toBe(26);
    expectPlain(refused, /unable to write to data folder '.*', the disk is full/);
  });
});

describe('a data folder', () => {
  const start = (data: string, tree: string, uid?: number): Promise<Outcome> =>
    run(fortfail, ['start', '--data', data, '--port', '0', '--protect', tree, '--once'], uid === undefined ? {} : { uid });

  it('on a read-only disk refuses the start', async ({ skip }) => {
    const { folder, tree } = made();
    const data = join(folder, 'data');
    if (!smallDisk(skip, data, '1m')) return;
    remount(data, 'ro');
    const refused = await start(data, tree);
    expect(refused.code).toBe(22);
    expectPlain(refused, /unable to write to data folder '.*': it is read-only/);
  });

  it('of another user, and one that others may enter, refuse the start and say which command helps', async ({ skip }) => {
    if (!isRoot) return skip(needsRoot);
    const { folder, tree } = made();
    chmodSync(folder, 0o755);
    const data = join(folder, 'data');
    mkdirSync(data, { mode: 0o755 });
    const foreign = await start(data, tree, nobody);
    expect(foreign.code).toBe(22);
    expectPlain(foreign, /unable to write to data folder '.*': permission is denied/);
    mkdirSync(join(data, 'run'));
    chmodSync(join(data, 'run'), 0o755);
    const wide = await start(data, tree);
    expect(wide.code).toBe(22);
    expectPlain(wide, /others may enter it\s.*chmod 0700/s);
    chmodSync(join(data, 'run'), 0o700);
    chownSync(join(data, 'run'), nobody, nobody);
    const owned = await start(data, tree);
    expect(owned.code).toBe(22);
    expectPlain(owned, /belongs to another user\s.*chown/s);
  });
});

describe('a source', () => {
  it('that changes all the time is backed up as far as it can be, and never stops the backup', async () => {
    const { tree, env } = made();
    await must(fortfail, ['init'], { env });
    const code = `
      import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
      const at = (n) => ${JSON.stringify(tree)} + '/churn-' + (n % 60);
      for (let n = 0; ; n += 1) {
        mkdirSync(at(n), { recursive: true });
        for (let f = 0; f < 5; f += 1) writeFileSync(at(n) + '/' + f, 'x'.repeat((n * 7919) % 300000));
        try { renameSync(at(n + 31) + '/1', at(n + 31) + '/renamed'); } catch {}
        rmSync(at(n + 20), { recursive: true, force: true });
        if (n % 3 === 0) { rmSync(at(n), { recursive: true, force: true }); writeFileSync(at(n), 'now a file'); rmSync(at(n)); }
      }`;
    const churn = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: 'ignore' });
    try {
      for (let turn = 0; turn < 4; turn += 1) {
        const outcome = await run(fortfail, ['backup', '--json', tree], { env });
        expect([0, 3], outcome.stderr).toContain(outcome.code);
        expect(jsonLines(outcome.stdout).at(-1)).toMatchObject({ message_type: 'summary' });
      }
    } finally {
      churn.kill('SIGKILL');
    }
    await must(judge, ['check', '--read-data'], { env });
  });

  it('that may not be read is named, and the rest is kept', async ({ skip }) => {
    if (!isRoot) return skip(needsRoot);
    const { folder, tree, env } = made();
    chmodSync(folder, 0o777);
    chmodSync(join(tree, 'file-3'), 0o600);
    const options = { env: { ...env, HOME: folder }, uid: nobody };
    await must(fortfail, ['init'], options);
    const outcome = await run(fortfail, ['backup', tree], options);
    expect(outcome.code).toBe(3);
    expect(outcome.stderr).toContain(join(tree, 'file-3'));
    const listed = (await must(fortfail, ['ls', 'latest'], options)).stdout;
    expect(listed).toContain('file-4');
    expect(listed).not.toContain('file-3\n');
    await must(judge, ['check', '--read-data'], options);
  });
});

it('a repository that goes away in the middle fails the backup in one sentence, and is whole when it is back', async () => {
  const { folder, tree, repository, env } = made();
  grow(tree, 120);
  await must(fortfail, ['init'], { env });
  const child = begin(fortfail, ['backup', tree], { env });
  const end = ended(child);
  await until('the first pack', () => packsIn(repository) > 0 || undefined);
  renameSync(repository, join(folder, 'away'));
  const outcome = await end;
  expect(outcome.code).toBe(1);
  expectPlain(outcome, /unable to/);
  expect(existsSync(repository)).toBe(false);
  renameSync(join(folder, 'away'), repository);
  await must(fortfail, ['backup', tree], { env });
  await must(judge, ['unlock'], { env });
  await must(judge, ['check', '--read-data'], { env });
});

describe('Ctrl-C', () => {
  it('in a backup exits 130, leaves no lock, and the next one goes on', async () => {
    const { tree, repository, env } = made();
    grow(tree, 120);
    await must(fortfail, ['init'], { env });
    const child = begin(fortfail, ['backup', tree], { env });
    const end = ended(child);
    await until('the first pack', () => packsIn(repository) > 0 || undefined);
    child.kill('SIGINT');
    const outcome = await end;
    expect(outcome.code).toBe(130);
    expectPlain(outcome, /interrupted/);
    expect([locksIn(repository), readdirSync(join(repository, 'snapshots'))]).toEqual([[], []]);
    await must(fortfail, ['backup', tree], { env });
    await must(judge, ['check'], { env });
  });

  it('in a restore exits 130 and leaves no lock and nothing half-written', async () => {
    const { folder, tree, repository, env } = made();
    grow(tree, 160);
    await must(fortfail, ['init'], { env });
    await must(fortfail, ['backup', tree], { env });
    const target = join(folder, 'target');
    const child = begin(fortfail, ['restore', `latest:${tree}`, '--target', target], { env });
    const end = ended(child);
    await until('the first bytes', () => (existsSync(target) && readdirSync(target).length > 0) || undefined);
    child.kill('SIGINT');
    expect((await end).code).toBe(130);
    expect(locksIn(repository)).toEqual([]);
    expect(readdirSync(target).filter((name) => name.startsWith('.fortfail-restore-'))).toEqual([]);
  });

  it('in a first start exits 130, leaves no process and no lock, and the next start takes up the work', async () => {
    const { folder, tree } = made();
    grow(tree, 120);
    const data = join(folder, 'data');
    const site = new Site(data, ['--protect', tree, '--once']);
    const repository = join(data, 'repositories', 'main');
    await until('the first pack', () => packsIn(repository) > 1 || undefined);
    const parts = childrenOf(site.child.pid);
    expect((await site.stop()).code).toBe(130);
    expect(parts.filter(isAlive)).toEqual([]);
    expect(locksIn(repository)).toEqual([]);
    const again = await must(fortfail, ['start', '--data', data, '--port', '0', '--once', '--json']);
    const { drills } = jsonLines(again.stdout).at(-1) as { drills: { outcome: string }[] };
    expect(drills.map(({ outcome }) => outcome)).toEqual(['passed', 'passed']);
    rmSync(data, { recursive: true });
  });
});

import { chmodSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeRepository } from './testing/make-repository.ts';
import { fortfail, freshFolder, type Outcome, restic, resticPath } from './testing/run-cli.ts';

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** The shape of JSON: types and keys without values; of a list its first item. */
function shapeOf(value: Json): unknown {
  if (Array.isArray(value)) return value.length === 0 ? [] : [shapeOf(value[0] as Json)];
  if (value === null || typeof value !== 'object') return value === null ? 'null' : typeof value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, shapeOf(item)]));
}

/** Shapes of all lines but progress, whose fields come and go with what is known. */
function shapes(text: string): unknown[] {
  const lines = text.split('\n').filter((line) => /^[[{]/.test(line));
  return lines.map((line) => JSON.parse(line) as Json).flatMap((line) => (isStatus(line) ? [] : [shapeOf(line)]));
}

/** The same without a field that comes and goes. */
function shapesBut(field: string, text: string): unknown[] {
  return shapes(text).map((shape) => Object.fromEntries(Object.entries(shape as object).filter(([key]) => key !== field)));
}

const isStatus = (line: Json): boolean =>
  typeof line === 'object' && line !== null && 'message_type' in line && line.message_type === 'status';

interface Place {
  readonly folder: string;
  readonly env: Record<string, string>;
}

async function place(name = 'repository'): Promise<Place> {
  const folder = freshFolder();
  await mkdir(join(folder, 'src', 'sub'), { recursive: true });
  writeFileSync(join(folder, 'src', 'file'), 'content');
  writeFileSync(join(folder, 'src', 'sub', 'more'), 'more content');
  const env = { RESTIC_REPOSITORY: join(folder, name), RESTIC_PASSWORD: 'secret', TZ: 'UTC', RESTIC_CACHE_DIR: join(folder, 'cache') };
  return { folder, env };
}

/** A place with an empty repository whose key is cheap to derive: these tests open it many times. */
async function readyPlace(): Promise<Place> {
  const where = await place();
  await makeRepository(where.env.RESTIC_REPOSITORY ?? '', 'secret');
  return where;
}

/** Both programs in turn, on the same state of the same repository. */
async function both({ folder, env }: Place, ...args: string[]): Promise<{ ours: Outcome; theirs: Outcome }> {
  return { theirs: await restic(args, { env, cwd: folder }), ours: await fortfail(args, { env, cwd: folder }) };
}

async function expectSameShape(where: Place, ...args: string[]): Promise<void> {
  const { ours, theirs } = await both(where, ...args);
  expect({ code: ours.code, out: shapes(ours.stdout), err: shapes(ours.stderr) }, args.join(' ')).toEqual({
    code: theirs.code,
    out: shapes(theirs.stdout),
    err: shapes(theirs.stderr),
  });
}

describe.skipIf(resticPath === undefined)("restic's JSON", { timeout: 300_000 }, () => {
  it('of init, and of every verb that reads', async () => {
    const fresh = await place();
    const theirs = await restic(['init', '--json'], { env: { ...fresh.env, RESTIC_REPOSITORY: join(fresh.folder, 'other') } });
    const ours = await fortfail(['init', '--json'], { env: fresh.env });
    expect(shapes(ours.stdout)).toEqual(shapes(theirs.stdout));
    const where = await readyPlace();
    await fortfail(['backup', 'src', '--tag', 'a'], { env: where.env, cwd: where.folder });
    await restic(['backup', 'src', '--tag', 'a'], { env: where.env, cwd: where.folder });
    await expectSameShape(where, 'snapshots', '--json');
    await expectSameShape(where, 'snapshots', '--json', '--group-by', 'host,tags');
    await expectSameShape(where, 'snapshots', '--json', '--tag', 'none');
    await expectSameShape(where, 'ls', '--json', 'latest');
    await expectSameShape(where, 'ls', '--json', 'latest', '/src/sub');
    await expectSameShape(where, 'check', '--json');
    await expectSameShape(where, 'key', 'list', '--json');
    await expectSameShape(where, 'version', '--json');
    for (const mode of ['restore-size', 'files-by-contents', 'blobs-per-file', 'raw-data'])
      await expectSameShape(where, 'stats', '--json', '--mode', mode);
    await expectSameShape(where, 'forget', '--json', '--dry-run', '--keep-last', '1');
    await expectSameShape(where, 'forget', '--json', '--dry-run', 'latest');
    await expectSameShape(where, 'unlock', '--json');
  });

  it('of backup and restore, in all their kinds of lines', async () => {
    const where = await readyPlace();
    const summaries = async (...args: string[]): Promise<void> => {
      const [theirs, ours] = [await readyPlace(), await readyPlace()];
      const a = await restic(args, { env: theirs.env, cwd: theirs.folder });
      const b = await fortfail(args, { env: ours.env, cwd: ours.folder });
      const kinds = (text: string): string[] =>
        [...new Set(shapes(text).map((shape) => JSON.stringify(Object.entries(shape as object).sort())))].sort();
      expect({ code: b.code, out: kinds(b.stdout) }, args.join(' ')).toEqual({ code: a.code, out: kinds(a.stdout) });
    };
    await summaries('backup', '--json', 'src');
    await summaries('backup', '--json', 'src', 'missing');
    // restic names a snapshot even in a dry run, though there is none; ours does not.
    const dryRun = shapes((await fortfail(['backup', '--json', '--dry-run', 'src'], { env: where.env, cwd: where.folder })).stdout);
    expect(dryRun).toEqual([expect.objectContaining({ dry_run: 'boolean' })]);
    expect(dryRun[0]).not.toHaveProperty('snapshot_id');
    await fortfail(['backup', 'src'], { env: where.env, cwd: where.folder });
    // Whole seconds are told when there are any, which only a busy machine has here.
    const outOf = async (program: typeof restic, name: string): Promise<unknown[]> =>
      shapesBut(
        'seconds_elapsed',
        (await program(['restore', 'latest', '--json', '--target', join(where.folder, name)], { env: where.env })).stdout,
      );
    expect(await outOf(fortfail, 'ours')).toEqual(await outOf(restic, 'theirs'));
    // Once more, onto what is there: now with what was skipped.
    expect(await outOf(fortfail, 'ours')).toEqual(await outOf(restic, 'theirs'));
  });

  it('of failures', async () => {
    await expectSameShape(await place(), 'snapshots', '--json');
    const where = await readyPlace();
    await expectSameShape(where, 'init', '--json');
    await expectSameShape({ ...where, env: { ...where.env, RESTIC_PASSWORD: 'wrong' } }, 'snapshots', '--json');
    await expectSameShape(where, 'backup', '--json', 'missing');
    await expectSameShape(where, 'ls', '--json', 'abcdef');
    await expectSameShape(where, 'forget', '--json');
    await expectSameShape(where, 'stats', '--json', '--mode', 'other');
  });

  it('of a check that finds damage', async () => {
    const where = await readyPlace();
    await fortfail(['backup', 'src'], { env: where.env, cwd: where.folder });
    const packs = readdirSync(join(where.env.RESTIC_REPOSITORY ?? '', 'data'), { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    );
    for (const entry of packs) rmSync(join(entry.parentPath, entry.name));
    const { ours, theirs } = await both(where, 'check', '--json');
    expect([ours.code, theirs.code]).toEqual([1, 1]);
    expect(shapes(ours.stdout)[0]).toMatchObject({
      message_type: 'string',
      num_errors: 'number',
      suggest_repair_index: 'boolean',
      suggest_prune: 'boolean',
    });
    const kinds = (text: string): string[] => [...new Set(shapes(text).map((shape) => JSON.stringify(shape)))].sort();
    expect(kinds(ours.stderr)).toEqual(kinds(theirs.stderr));
  });
});

describe.skipIf(resticPath === undefined)("restic's text", { timeout: 300_000 }, () => {
  it('of listings is the same to the letter', async () => {
    const where = await readyPlace();
    for (const tag of ['a', 'b']) await fortfail(['backup', 'src', '--tag', tag], { env: where.env, cwd: where.folder });
    const lines = [
      ['snapshots'],
      ['snapshots', '--compact'],
      ['snapshots', '--latest', '1'],
      ['snapshots', '--group-by', 'tags'],
      ['snapshots', '--tag', 'a', '--path', join(where.folder, 'src')],
      ['ls', 'latest'],
      ['ls', '-l', 'latest'],
      ['ls', '-l', '--human-readable', 'latest', '/src/sub'],
      ['ls', 'latest:/src', '--recursive', '/sub'],
      ['ls', '--sort', 'size', '--reverse', 'latest'],
      ['ls', '--ncdu', 'latest'],
      ['key', 'list'],
      ['cat', 'config'],
      ['cat', 'masterkey'],
    ];
    for (const line of lines) {
      const { ours, theirs } = await both(where, ...line);
      // restic shows groups in an order of chance.
      const shown = (text: string): string[] => text.split(/^(?=snapshots for )/m).sort();
      expect(shown(ours.stdout), line.join(' ')).toEqual(shown(theirs.stdout));
    }
    for (const type of ['snapshots', 'index', 'keys'] as const) {
      const [id = ''] = readdirSync(join(where.env.RESTIC_REPOSITORY ?? '', type));
      const word = type === 'index' ? 'index' : type.slice(0, -1);
      const { ours, theirs } = await both(where, 'cat', word, id);
      expect(JSON.parse(ours.stdout), word).toEqual(JSON.parse(theirs.stdout));
    }
    const tree = await both(
      where,
      'cat',
      'tree',
      `${(JSON.parse((await restic(['snapshots', '--json'], { env: where.env })).stdout) as { id: string }[])[0]?.id}:/src`,
    );
    expect(tree.ours.stdout).toBe(tree.theirs.stdout);
  });

  it('of stats and of forget agrees in every figure', async () => {
    const where = await readyPlace();
    for (const _ of [1, 2, 3]) await fortfail(['backup', 'src'], { env: where.env, cwd: where.folder });
    for (const line of [
      ['stats', '--quiet'],
      ['forget', '--dry-run', '--keep-last', '1'],
    ]) {
      const { ours, theirs } = await both(where, ...line);
      const plain = (text: string): string[] =>
        text
          .split('\n')
          .map((row) => row.trimEnd())
          .filter((row) => !/^\[|^scanning|^$/.test(row));
      expect(plain(ours.stdout), line.join(' ')).toEqual(plain(theirs.stdout));
    }
  });

  it('of a copied repository opens with chunker parameters and keys intact', async () => {
    const where = await readyPlace();
    await cp(where.env.RESTIC_REPOSITORY ?? '', join(where.folder, 'copy'), { recursive: true });
    const env = { ...where.env, RESTIC_REPOSITORY: join(where.folder, 'copy') };
    const [key = ''] = readdirSync(join(env.RESTIC_REPOSITORY, 'keys'));
    chmodSync(join(env.RESTIC_REPOSITORY, 'keys', key), 0o600);
    expect(readFileSync(join(env.RESTIC_REPOSITORY, 'keys', key), 'utf8')).toContain('"kdf":"scrypt"');
    expect((await restic(['snapshots'], { env })).code).toBe(0);
  });
});

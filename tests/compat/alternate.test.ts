import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeTree, makeNastyTree } from '@fortfail/source/testing';
import { describe, expect, it } from 'vitest';
import { fortfail, freshFolder, jsonLines, must, opening, type Program, restic014, restic019, restics } from '../support/programs.ts';

async function restored(program: Program, folder: string, env: Record<string, string>, name: string): Promise<unknown> {
  const target = join(folder, name);
  await must(program, ['restore', 'latest', '--target', target], { env });
  return await describeTree(join(target, 'tree'));
}

/** What restic 0.14 is known to lose on restore: bytes of link targets that are not UTF-8, and attributes of links. */
function asKnownTo(program: Program, tree: unknown): unknown {
  if (program !== restic014) return tree;
  return (tree as { type: string; linkTarget?: string; xattrs?: unknown }[]).map(({ xattrs, ...entry }) =>
    entry.type === 'symlink' ? { ...entry, linkTarget: entry.linkTarget?.replaceAll(/(\\x[89a-f][0-9a-f])+/g, '?') } : { ...entry, xattrs },
  );
}

function summary(stdout: string): Record<string, unknown> {
  const found = jsonLines(stdout).find((line) => line.message_type === 'summary');
  if (found === undefined) throw new Error(`no summary in ${stdout}`);
  return found;
}

describe.each(restics)('$name judges what FortFail wrote', (restic) => {
  it('finds it whole, and restores the same tree as FortFail and as the source', async () => {
    const folder = freshFolder();
    const env = opening(join(folder, 'repository'));
    await makeNastyTree(join(folder, 'tree'));
    await must(fortfail, ['init'], { env });
    await must(fortfail, ['backup', 'tree'], { env, cwd: folder });
    await must(restic, ['check', '--read-data'], { env });
    const source = await describeTree(join(folder, 'tree'));
    expect(await restored(fortfail, folder, env, 'ours')).toEqual(source);
    expect(asKnownTo(restic, await restored(restic, folder, env, 'theirs'))).toEqual(asKnownTo(restic, source));
  });

  it('has nothing new to store when it backs up the same tree', async () => {
    const folder = freshFolder();
    const env = opening(join(folder, 'repository'));
    await makeNastyTree(join(folder, 'tree'));
    await must(fortfail, ['init'], { env });
    // A relative target: the folders above it change while other tests work beside this one.
    await must(fortfail, ['backup', 'tree'], { env, cwd: folder });
    const { stdout } = await must(restic, ['backup', '--json', '--force', 'tree'], { env, cwd: folder });
    // 0.14 writes \u0008 and an older Unicode table where 0.19 writes \b: the tree of such names may differ there.
    expect(summary(stdout)).toMatchObject(restic === restic019 ? { data_blobs: 0, tree_blobs: 0 } : { data_blobs: 0 });
  });
});

describe.each(restics)('FortFail judges what $name wrote', (restic) => {
  it('finds it whole, and restores the same tree', async () => {
    const folder = freshFolder();
    const env = opening(join(folder, 'repository'));
    await makeNastyTree(join(folder, 'tree'));
    await must(restic, ['init'], { env });
    await must(restic, ['backup', 'tree'], { env, cwd: folder });
    await must(fortfail, ['check', '--read-data'], { env });
    expect(await restored(fortfail, folder, env, 'ours')).toEqual(await restored(restic, folder, env, 'theirs'));
  });

  it('has nothing new to store when it backs up the same tree', async () => {
    const folder = freshFolder();
    const env = opening(join(folder, 'repository'));
    await makeNastyTree(join(folder, 'tree'));
    await must(restic, ['init'], { env });
    await must(restic, ['backup', 'tree'], { env, cwd: folder });
    const { stdout } = await must(fortfail, ['backup', '--json', '--force', 'tree'], { env, cwd: folder });
    expect(summary(stdout)).toMatchObject(restic === restic019 ? { data_blobs: 0, tree_blobs: 0 } : { data_blobs: 0 });
  });
});

describe.skipIf(restic014 === undefined || restic019 === undefined)('one repository in three hands', () => {
  it('stays whole through backups, forgets and prunes by turns', async () => {
    const [old, current] = [restic014 as Program, restic019 as Program];
    const folder = freshFolder();
    const env = opening(join(folder, 'repository'));
    const tree = join(folder, 'tree');
    await makeNastyTree(tree);
    await must(current, ['init'], { env });
    const hands = [fortfail, old, current, fortfail, current, fortfail, old];
    for (const [turn, program] of hands.entries()) {
      writeFileSync(join(tree, `turn-${turn}`), `${program.name} `.repeat(5000 + turn));
      appendFileSync(join(tree, 'growing'), `turn ${turn}\n`.repeat(30_000));
      await must(program, ['backup', 'tree'], { env, cwd: folder });
    }
    const listed = async (program: Program): Promise<string[]> =>
      (JSON.parse((await must(program, ['snapshots', '--json'], { env })).stdout) as { id: string }[]).map(({ id }) => id).sort();
    expect(await listed(fortfail)).toEqual(await listed(current));
    expect(await listed(fortfail)).toHaveLength(7);
    await must(fortfail, ['forget', '--keep-last', '5'], { env });
    await must(current, ['prune'], { env });
    await must(fortfail, ['check', '--read-data'], { env });
    await must(old, ['forget', '--keep-last', '3', '--prune'], { env });
    await must(fortfail, ['backup', 'tree'], { env, cwd: folder });
    for (const judge of [fortfail, old, current]) await must(judge, ['check', '--read-data'], { env });
    expect(await listed(fortfail)).toHaveLength(4);
    expect(asKnownTo(old, await restored(old, folder, env, 'old'))).toEqual(asKnownTo(old, await describeTree(tree)));
    expect(await restored(fortfail, folder, env, 'ours')).toEqual(await describeTree(tree));
  });
});

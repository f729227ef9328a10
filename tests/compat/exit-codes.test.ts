import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { begin, ended, fortfail, freshFolder, must, opening, type Program, restic019, run } from '../support/programs.ts';

const programs = [fortfail, restic019].filter((program): program is Program => program !== undefined);

describe.each(programs)('$name', (program) => {
  it('exits 10 without a repository, 12 with a wrong password', async () => {
    const folder = freshFolder();
    const env = opening(join(folder, 'repository'));
    expect((await run(program, ['snapshots'], { env })).code).toBe(10);
    await must(program, ['init'], { env });
    expect((await run(program, ['snapshots'], { env: { ...env, RESTIC_PASSWORD: 'wrong' } })).code).toBe(12);
    expect((await run(program, ['init'], { env })).code).toBe(1);
  });

  it('exits 3 when one of several paths is missing and 1 when none is left, writing nothing', async () => {
    const folder = freshFolder();
    const env = opening(join(folder, 'repository'));
    mkdirSync(join(folder, 'tree'));
    writeFileSync(join(folder, 'tree', 'file'), 'content');
    await must(program, ['init'], { env });
    const none = await run(program, ['backup', join(folder, 'absent')], { env });
    expect([none.code, readdirSync(join(folder, 'repository', 'snapshots'))]).toEqual([1, []]);
    const some = await run(program, ['backup', join(folder, 'tree'), join(folder, 'absent')], { env });
    expect([some.code, readdirSync(join(folder, 'repository', 'snapshots')).length]).toEqual([3, 1]);
  });

  it.skipIf(restic019 === undefined)('exits 11 when the other program is in the repository', async () => {
    const folder = freshFolder();
    const env = opening(join(folder, 'repository'));
    await must(fortfail, ['init'], { env });
    writeFileSync(join(folder, 'file'), 'content');
    // A backup that reads from a pipe keeps its shared lock until the pipe is closed. Our own forget stands beside our own
    // writers (docs/design/repository.md), so each program is held up by the other one.
    const other = program === fortfail ? (restic019 as Program) : fortfail;
    const holder = begin(other, ['backup', '--stdin', '--stdin-filename', 'pipe'], { env });
    const end = ended(holder);
    holder.stdin?.write('first words');
    for (;;) {
      const locks = readdirSync(join(folder, 'repository', 'locks')).filter((name) => /^[0-9a-f]{64}$/.test(name));
      if (locks.length > 0) break;
      await new Promise((resolve) => setImmediate(resolve));
    }
    const refused = await run(program, ['forget', '--keep-last', '1'], { env });
    expect(refused.code, refused.stderr).toBe(11);
    holder.stdin?.end();
    expect((await end).code).toBe(0);
  });
});

it('never starts a backup because of a flag it does not know', async () => {
  const folder = freshFolder();
  const env = opening(join(folder, 'repository'));
  await must(fortfail, ['init'], { env });
  writeFileSync(join(folder, 'file'), 'content');
  const outcome = await run(fortfail, ['backup', '--no-such-flag', join(folder, 'file')], { env });
  expect([outcome.code, readdirSync(join(folder, 'repository', 'snapshots'))]).toEqual([1, []]);
  expect(outcome.stderr).toContain('--no-such-flag');
});

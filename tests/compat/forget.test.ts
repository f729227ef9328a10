import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fortfail, freshFolder, must, opening, type Program, restic019, run } from '../support/programs.ts';

interface Group {
  readonly keep: readonly { readonly id: string }[] | null;
  readonly remove: readonly { readonly id: string }[] | null;
  readonly reasons: readonly { readonly matches: readonly string[] }[] | null;
}

const policies = [
  ['--keep-last', '3'],
  ['--keep-hourly', '4'],
  ['--keep-daily', '3', '--keep-weekly', '2'],
  ['--keep-monthly', '2', '--keep-yearly', '3'],
  ['--keep-within', '2d'],
  ['--keep-within-daily', '1m'],
  ['--keep-tag', 'a'],
  ['--keep-last', 'unlimited'],
  ['--keep-daily', '2', '--group-by', 'tags'],
  ['--keep-last', '1', '--group-by', ''],
] as const;
const times = [
  '2024-12-31 23:59:59',
  '2025-02-28 10:00:00',
  '2025-03-30 01:30:00',
  '2025-03-30 03:30:00',
  '2026-11-01 00:00:00',
  '2026-11-18 09:00:00',
  '2026-11-18 10:00:00',
  '2026-11-19 23:30:00',
  '2026-11-20 00:30:00',
];

/** Groups in a fixed order: restic prints them in whatever order its map has. */
function verdict(stdout: string): unknown {
  const groups = JSON.parse(stdout.split('\n')[0] ?? '[]') as Group[];
  const ids = (list: readonly { readonly id: string }[] | null): string[] => (list ?? []).map(({ id }) => id);
  return groups
    .map(({ keep, remove, reasons }) => ({ keep: ids(keep), remove: ids(remove), reasons: (reasons ?? []).map(({ matches }) => matches) }))
    .sort((a, b) => (String(a.keep) < String(b.keep) ? -1 : 1));
}

describe.skipIf(restic019 === undefined)('forget', () => {
  it('decides as the real restic does, policy by policy', async () => {
    const folder = freshFolder();
    const env = { ...opening(join(folder, 'repository')), TZ: 'Europe/Berlin' };
    mkdirSync(join(folder, 'tree'));
    writeFileSync(join(folder, 'tree', 'file'), 'content');
    await must(fortfail, ['init'], { env });
    for (const [index, time] of times.entries()) {
      await must(
        index % 2 === 0 ? fortfail : (restic019 as Program),
        ['backup', '--time', time, ...(index % 3 === 0 ? ['--tag', 'a'] : []), join(folder, 'tree')],
        { env },
      );
    }
    for (const policy of policies) {
      const args = ['forget', '--dry-run', '--json', ...policy];
      const theirs = await must(restic019 as Program, args, { env });
      const ours = await must(fortfail, args, { env });
      expect(verdict(ours.stdout), policy.join(' ')).toEqual(verdict(theirs.stdout));
    }
  });

  it('refuses an empty policy and one that would leave a group nothing', async () => {
    const folder = freshFolder();
    const env = opening(join(folder, 'repository'));
    writeFileSync(join(folder, 'file'), 'content');
    await must(fortfail, ['init'], { env });
    await must(fortfail, ['backup', join(folder, 'file')], { env });
    for (const args of [['forget'], ['forget', '--keep-tag', 'nope']]) {
      expect((await run(restic019 as Program, args, { env })).code, `restic ${args.join(' ')}`).toBe(1);
      expect((await run(fortfail, args, { env })).code, `fortfail ${args.join(' ')}`).toBe(1);
    }
    expect(JSON.parse((await must(fortfail, ['snapshots', '--json'], { env })).stdout)).toHaveLength(1);
  });
});

import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, it } from 'vitest';
import { fortfail, freshFolder, jsonLines, must, run } from '../support/programs.ts';

interface Verdict {
  readonly whole: boolean;
  readonly findings: readonly { of: string; chain: string; whole: boolean; brokenAt: number | null; reason: string | null }[];
}

/** What somebody with the data folder's rights may do to the table, by the record that is broken first. */
const forgeries: readonly (readonly [string, string, number])[] = [
  ['edited', `update audit set body = replace(body, '"done"', '"none"') where chain = 'main' and seq = 7`, 7],
  ['dropped', `delete from audit where chain = 'main' and seq = 7`, 7],
  ['reordered', `update audit set seq = case seq when 7 then 1008 else 1007 end where chain = 'main' and seq in (7, 8)`, 7],
  ['cut off', `delete from audit where chain = 'main' and seq >= 12`, 12],
  [
    'cut off with its head',
    `delete from audit where chain = 'main' and seq >= 12; update audit_head set seq = 11, hash = (select hash from audit where chain = 'main' and seq = 11) where chain = 'main'`,
    12,
  ],
];

it('names the first record that is not as it was written, in the database and in the file', async () => {
  const folder = freshFolder();
  const data = join(folder, 'data');
  mkdirSync(join(folder, 'tree\u2028'));
  writeFileSync(join(folder, 'tree\u2028', 'file'), 'content');
  await must(fortfail, ['start', '--once', '--port', '0', '--data', data, '--protect', join(folder, 'tree\u2028')]);
  const verify = async (code: number): Promise<Verdict> => {
    const { stdout } = await must(fortfail, ['audit', 'verify', '--json', '--data', data], {}, code);
    return jsonLines(stdout).at(-1) as unknown as Verdict;
  };
  expect(await verify(0)).toMatchObject({ whole: true, findings: [{ chain: 'main' }, { chain: 'access' }, { chain: 'file' }] });

  const catalog = join(data, 'catalog.db');
  const whole = readFileSync(catalog);
  for (const [name, statement, brokenAt] of forgeries) {
    const database = new DatabaseSync(catalog);
    database.exec(`drop trigger audit_no_update; drop trigger audit_no_delete; ${statement}`);
    database.close();
    const verdict = await verify(25);
    const first = verdict.findings.find((finding) => !finding.whole);
    expect([name, first?.brokenAt]).toEqual([name, brokenAt]);
    expect(first?.reason).toMatch(/\w/);
    for (const end of ['-wal', '-shm']) rmSync(`${catalog}${end}`, { force: true });
    writeFileSync(catalog, whole);
  }
  expect(await verify(0)).toMatchObject({ whole: true });

  const log = join(data, 'audit.log');
  const lines = readFileSync(log, 'utf8').trimEnd().split('\n');
  const broken: readonly (readonly [string, readonly string[], number])[] = [
    ['edited', lines.map((line, index) => (index === 6 ? line.replace('\\"done\\"', '\\"none\\"') : line)), 7],
    ['dropped', lines.filter((_line, index) => index !== 6), 7],
    ['reordered', [...lines.slice(0, 6), lines[7] ?? '', lines[6] ?? '', ...lines.slice(8)], 7],
    ['cut off', lines.slice(0, 11), 12],
  ];
  for (const [name, changed, brokenAt] of broken) {
    writeFileSync(log, `${changed.join('\n')}\n`);
    const verdict = await verify(25);
    expect([name, verdict.findings.find((finding) => !finding.whole)]).toMatchObject([name, { chain: 'file', brokenAt }]);
    const text = await run(fortfail, ['audit', 'verify', '--data', data]);
    expect(text.stdout).toContain(`BROKEN at record ${brokenAt}`);
  }
  rmSync(log);
  expect((await verify(25)).findings.at(-1)).toMatchObject({ chain: 'file', whole: false });
  // What was only behind is written again by the next start.
  await must(fortfail, ['start', '--once', '--port', '0', '--data', data]);
  await verify(0);
}, 240_000);

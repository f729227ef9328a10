import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { freshFolder } from '../testing/run-cli.ts';
import { verifyAuditFile } from './verify-audit-file.ts';

interface Line {
  readonly chain: string;
  readonly seq: number;
  readonly prev: string;
  readonly body: string;
  readonly hash: string;
}

function chain(name: string, length: number): Line[] {
  const lines: Line[] = [];
  for (let seq = 1; seq <= length; seq += 1) {
    const prev = lines.at(-1)?.hash ?? '0'.repeat(64);
    const body = `{"action":"plan.create","seq":${seq}}`;
    lines.push({ chain: name, seq, prev, body, hash: createHash('sha256').update(`ffaudit1\n${seq}\n${prev}\n${body}`).digest('hex') });
  }
  return lines;
}

const verify = async (lines: readonly (Line | string)[]) => {
  const file = join(freshFolder(), 'audit.log');
  writeFileSync(
    file,
    lines.map((line) => `${typeof line === 'string' ? line : JSON.stringify({ ...line, event: 'plan.create' })}\n`).join(''),
  );
  return await verifyAuditFile(file);
};

describe('an audit file', () => {
  it('is whole, chain by chain, in whatever order the chains are mixed', async () => {
    const [main, access] = [chain('main', 3), chain('access', 2)];
    const mixed = [main[0], access[0], main[1], main[2], access[1]].flatMap((line) => line ?? []);
    expect(await verify(mixed)).toEqual([
      { chain: 'main', records: 3, head: main[2]?.hash, whole: true, brokenAt: null, reason: null },
      { chain: 'access', records: 2, head: access[1]?.hash, whole: true, brokenAt: null, reason: null },
    ]);
    expect(await verify([])).toEqual([]);
  });

  it.each<[string, (lines: Line[]) => (Line | string)[], number, RegExp]>([
    [
      'edited',
      (lines) => lines.map((line) => (line.seq === 3 ? { ...line, body: line.body.replace('create', 'delete') } : line)),
      3,
      /record 3 was changed/,
    ],
    ['dropped', (lines) => lines.filter(({ seq }) => seq !== 2), 2, /record 2 is missing: 3 follows 1/],
    ['reordered', ([a, b, c, ...rest]) => [a, c, b, ...rest].flatMap((line) => line ?? []), 2, /record 2 is missing/],
    ['dropped from the front', (lines) => lines.slice(1), 1, /record 1 is missing/],
    [
      'replaced by another history',
      (lines) => lines.map((line) => (line.seq === 4 ? { ...line, prev: 'f'.repeat(64) } : line)),
      4,
      /record 4 does not follow/,
    ],
    ['garbled', (lines) => lines.map((line) => (line.seq === 2 ? '{"half":' : line)), 2, /line 2 is not a record/],
  ])('with a record that was %s names the first broken one', async (_, wound, brokenAt, reason) => {
    const [found] = await verify(wound(chain('main', 5)));
    expect(found).toMatchObject({ whole: false, brokenAt, reason: expect.stringMatching(reason) });
  });

  it('that is not there is said so', async () => {
    await expect(verifyAuditFile('/nowhere/audit.log')).rejects.toMatchObject({
      kind: 'not-found',
      message: "unable to read audit file '/nowhere/audit.log': it does not exist",
    });
  });
});

import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { noLogger } from '@fortfail/base';
import { FakeClock } from '@fortfail/base/testing';
import type { AuditHead } from '@fortfail/protocol';
import { headText, namespaces, SigningKey } from '@fortfail/trust';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WitnessBook } from './witness-book.ts';

const evidence = SigningKey.generate();
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ff-witness-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const hashOf = (n: number): string => n.toString(16).padStart(64, '0');

function head(seq: number, hash = hashOf(seq), key = evidence, chain = 'main'): AuditHead {
  const facts = { chain, seq, hash, made: '2026-11-21T09:00:00Z', site: 'site-1' };
  const text = headText(facts);
  return { chain, seq, hash, made: facts.made, signed: { text, signature: key.sign(text, namespaces.auditHead) } };
}

const open = (rosterKeys: readonly string[] = []): Promise<WitnessBook> =>
  WitnessBook.open({ agentFolder: folder, clock: new FakeClock(), logger: noLogger, rosterKeys: async () => rosterKeys });

describe('a witness of the audit chain', () => {
  it('keeps heads that go on, and says so', async () => {
    const book = await open();
    for (const seq of [1, 5, 9]) {
      expect(await book.see(head(seq))).toMatchObject({
        fault: null,
        frame: { type: 'witness', headSeq: seq, hash: hashOf(seq), verdict: 'agrees' },
      });
    }
    expect(book.heads('main', 2).map(({ seq }) => seq)).toEqual([9, 5]);
    expect((await open()).heads('main', 10).map(({ seq }) => seq)).toEqual([9, 5, 1]);
    // The same head again is no news.
    expect(await book.see(head(5))).toMatchObject({ fault: null, frame: { headSeq: 5, verdict: 'agrees' } });
  });

  it.each([
    ['goes back', head(4), /went back from record 9 to 4/],
    ['differs at a number', head(9, 'f'.repeat(64)), /record 9 .* another hash/],
    ['is signed by another key', head(10, hashOf(10), SigningKey.generate()), /not signed by the site/],
    ['says other than what was signed', { ...head(10), hash: 'e'.repeat(64) }, /not the one that was signed/],
    [
      'is signed for another purpose',
      { ...head(10), signed: { text: head(10).signed.text, signature: evidence.sign(head(10).signed.text, namespaces.evidence) } },
      /not signed/,
    ],
    ['is no head at all', { ...head(10), signed: { text: '[]', signature: 'x' } }, /not signed/],
  ])('refuses a head that %s, and shows what it holds', async (_, bad, fault) => {
    const book = await open();
    await book.see(head(9));
    expect(await book.see(bad)).toMatchObject({
      fault: expect.stringMatching(fault),
      frame: { headSeq: 9, hash: hashOf(9), verdict: 'differs' },
    });
    expect(book.heads('main', 10).map(({ seq }) => seq)).toEqual([9]);
  });

  it('pins the first key it sees, unless the owner’s roster names the keys', async () => {
    await (await open()).see(head(1));
    const other = SigningKey.generate();
    expect((await (await open()).see(head(2, hashOf(2), other)))?.fault).toMatch(/not signed/);
    expect((await (await open([other.publicLine])).see(head(2, hashOf(2), other)))?.fault).toBeNull();
    expect((await (await open([other.publicLine])).see(head(3)))?.fault).toMatch(/not signed/);
  });

  it('keeps a thousand heads of each chain that it knows, and none of others', async () => {
    const book = await open();
    expect(await book.see(head(1, hashOf(1), evidence, '../../etc/passwd'))).toBeUndefined();
    for (let seq = 1; seq <= 2005; seq += 1) await book.see(head(seq, hashOf(seq), evidence, 'access'));
    expect(book.heads('access', 5000)).toHaveLength(1000);
    expect(readFileSync(join(folder, 'heads-access.jsonl'), 'utf8').split('\n').length).toBeLessThan(2000);
    expect((await open()).heads('access', 1)[0]?.seq).toBe(2005);
  });

  it('goes on after a crash in the middle of a line', async () => {
    const book = await open();
    await book.see(head(1));
    appendFileSync(join(folder, 'heads-main.jsonl'), '{"head":{"chain":"ma');
    const next = await open();
    await next.see(head(2));
    expect((await open()).heads('main', 10).map(({ seq }) => seq)).toEqual([2, 1]);
  });
});

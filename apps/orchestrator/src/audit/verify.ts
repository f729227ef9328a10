import { createReadStream } from 'node:fs';
import { splitLines } from '@fortfail/base';
import type { AuditVerification } from '@fortfail/protocol';
import type { Reader } from '../database/database.ts';
import { parseAuditLine } from './audit-lines.ts';
import { type AuditRow, auditHash, type Chain, chains, firstPrev } from './audit-record.ts';

const batch = 2000;

/** Recomputes one chain of the table from its first record, and compares its end with the head. Names the first break. */
export async function verifyChain(reader: Reader, chain: Chain): Promise<AuditVerification> {
  let seq = 0;
  let prev = firstPrev;
  for (;;) {
    const rows = await reader
      .selectFrom('audit')
      .selectAll()
      .where('chain', '=', chain)
      .where('seq', '>', seq)
      .orderBy('seq')
      .limit(batch)
      .execute();
    for (const row of rows) {
      const reason = fault(row, seq + 1, prev);
      if (reason !== undefined) return broken(chain, seq, prev, seq + 1, reason);
      seq = row.seq;
      prev = row.hash;
    }
    if (rows.length < batch) break;
  }
  const head = await reader.selectFrom('audit_head').selectAll().where('chain', '=', chain).executeTakeFirst();
  // Records may have been appended between the two reads; the head then is ahead of what was read, never behind.
  if (head === undefined || head.seq < seq) return broken(chain, seq, prev, seq, 'the head of the chain was set back or is missing');
  if (head.seq === seq && head.hash !== prev)
    return broken(chain, seq, prev, seq, 'the head of the chain is not the hash of its last record');
  if (head.seq > seq && (await isMissing(reader, chain, seq + 1)))
    return broken(chain, seq, prev, seq + 1, `the record is missing, the head says there are ${head.seq}`);
  return { chain, records: seq, head: prev, whole: true, brokenAt: null, reason: null };
}

function fault(row: AuditRow, seq: number, prev: string): string | undefined {
  if (row.seq !== seq) return 'the record is missing';
  if (row.prev !== prev) return 'the record does not follow the one before it';
  if (row.hash !== auditHash(row.seq, row.prev, row.body)) return 'the record was edited, its hash is that of other content';
  return undefined;
}

function broken(chain: string, records: number, head: string, brokenAt: number, reason: string): AuditVerification {
  return { chain, records, head, whole: false, brokenAt, reason };
}

async function isMissing(reader: Reader, chain: Chain, seq: number): Promise<boolean> {
  return (
    (await reader.selectFrom('audit').select('seq').where('chain', '=', chain).where('seq', '=', seq).executeTakeFirst()) === undefined
  );
}

/** How far the chains of the table go. */
export type Heads = Readonly<Record<Chain, number>>;

export async function readHeads(reader: Reader): Promise<Heads> {
  const heads = { main: 0, access: 0 };
  for (const chain of chains) {
    const row = await reader
      .selectFrom('audit')
      .select((eb) => eb.fn.max('seq').as('seq'))
      .where('chain', '=', chain)
      .executeTakeFirst();
    heads[chain] = row?.seq ?? 0;
  }
  return heads;
}

/**
 * Compares the file with the table, record by record: each line must be the table's record of that number, in order, and
 * the file must reach as far as `heads`. A line that is torn at the very end counts as not written.
 */
export async function verifyFile(reader: Reader, path: string, heads: Heads): Promise<AuditVerification> {
  const reached: Record<string, { seq: number; hash: string }> = {};
  for (const chain of chains) reached[chain] = { seq: 0, hash: firstPrev };
  let records = 0;
  let pending: AuditRow[] = [];
  let torn = false;
  for await (const line of splitLines(createReadStream(path))) {
    if (torn) return broken(file, records, '', records + 1, `line ${records + 1} is damaged`);
    const row = parseAuditLine(line);
    const at = row === undefined ? undefined : reached[row.chain];
    if (row === undefined || at === undefined) {
      torn = true;
      continue;
    }
    const reason = fault(row, at.seq + 1, at.hash);
    if (reason !== undefined) return broken(file, records, at.hash, at.seq + 1, `${row.chain}: ${reason}`);
    reached[row.chain] = { seq: row.seq, hash: row.hash };
    records += 1;
    pending.push(row);
    if (pending.length < batch) continue;
    const difference = await differs(reader, pending);
    if (difference !== undefined) return notInTable(records, difference);
    pending = [];
  }
  const difference = await differs(reader, pending);
  if (difference !== undefined) return notInTable(records, difference);
  for (const chain of chains) {
    const seq = reached[chain]?.seq ?? 0;
    if (seq < heads[chain]) return broken(file, records, reached[chain]?.hash ?? '', seq + 1, endsEarly(chain, heads[chain]));
  }
  return { chain: file, records, head: reached.main?.hash ?? firstPrev, whole: true, brokenAt: null, reason: null };
}

const file = 'file';

function notInTable(records: number, { chain, seq, hash }: AuditRow): AuditVerification {
  return broken(file, records, hash, seq, `${chain}: the table holds another record`);
}

function endsEarly(chain: Chain, head: number): string {
  return `${chain}: the file ends before this record, the table goes on to ${head}; it was cut, or FortFail was killed before writing it (then the next start writes it)`;
}

async function differs(reader: Reader, rows: readonly AuditRow[]): Promise<AuditRow | undefined> {
  for (const chain of chains) {
    const own = rows.filter((row) => row.chain === chain);
    const [first, last] = [own[0], own.at(-1)];
    if (first === undefined || last === undefined) continue;
    const stored = await reader
      .selectFrom('audit')
      .select(['seq', 'hash'])
      .where('chain', '=', chain)
      .where('seq', '>=', first.seq)
      .where('seq', '<=', last.seq)
      .execute();
    const hashes = new Map(stored.map((row) => [row.seq, row.hash]));
    const difference = own.find((row) => hashes.get(row.seq) !== row.hash);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

/**
 * Verifies both chains and, when there should be one, the file, which must reach as far as `heads`. The answer is the first
 * that is broken, else `main`.
 */
export async function verifyAll(
  reader: Reader,
  filePath: string | undefined,
  heads: Heads,
): Promise<{ result: AuditVerification; parts: AuditVerification[] }> {
  const parts: AuditVerification[] = [];
  for (const chain of chains) parts.push(await verifyChain(reader, chain));
  if (filePath !== undefined) parts.push(await verifyFileIfThere(reader, filePath, heads));
  const [main] = parts;
  if (main === undefined) throw new Error('there is no audit chain');
  return { result: parts.find((part) => !part.whole) ?? main, parts };
}

async function verifyFileIfThere(reader: Reader, path: string, heads: Heads): Promise<AuditVerification> {
  try {
    return await verifyFile(reader, path, heads);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    const isDue = chains.some((chain) => heads[chain] > 0);
    if (isDue) return broken(file, 0, firstPrev, 1, `the file '${path}' is missing`);
    return { chain: file, records: 0, head: firstPrev, whole: true, brokenAt: null, reason: null };
  }
}

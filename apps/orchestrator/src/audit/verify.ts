import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
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

/**
 * Compares the file with the table, record by record: each line must be the table's record of that number, in order. The
 * file may be behind by what was committed a moment ago; a torn last line is that, too.
 */
export async function verifyFile(reader: Reader, path: string): Promise<AuditVerification> {
  const reached: Record<string, { seq: number; hash: string }> = {};
  for (const chain of chains) reached[chain] = { seq: 0, hash: firstPrev };
  let records = 0;
  let pending: AuditRow[] = [];
  let torn = false;
  const name = 'file';
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Infinity })) {
    if (torn) return broken(name, records, '', records, 'a line is damaged');
    const row = parseAuditLine(line);
    const at = row === undefined ? undefined : reached[row.chain];
    if (row === undefined || at === undefined) {
      torn = true;
      continue;
    }
    const reason = fault(row, at.seq + 1, at.hash);
    if (reason !== undefined) return broken(name, records, at.hash, at.seq + 1, `${row.chain}: ${reason}`);
    reached[row.chain] = { seq: row.seq, hash: row.hash };
    records += 1;
    pending.push(row);
    if (pending.length < batch) continue;
    const difference = await differs(reader, pending);
    if (difference !== undefined)
      return broken(name, records, row.hash, difference.seq, `${difference.chain}: the table holds another record`);
    pending = [];
  }
  const difference = await differs(reader, pending);
  if (difference !== undefined) return broken(name, records, '', difference.seq, `${difference.chain}: the table holds another record`);
  return { chain: name, records, head: reached.main?.hash ?? firstPrev, whole: true, brokenAt: null, reason: null };
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

/** Verifies both chains and, when there is one, the file. The answer is the first that is broken, else `main`. */
export async function verifyAll(
  reader: Reader,
  filePath: string | undefined,
): Promise<{ result: AuditVerification; parts: AuditVerification[] }> {
  const parts: AuditVerification[] = [];
  for (const chain of chains) parts.push(await verifyChain(reader, chain));
  if (filePath !== undefined) parts.push(await verifyFile(reader, filePath));
  const [main] = parts;
  if (main === undefined) throw new Error('there is no audit chain');
  return { result: parts.find((part) => !part.whole) ?? main, parts };
}

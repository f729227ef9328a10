import { createHash, randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import type { Engine, Tx } from '../database/database.ts';
import { type Actor, type AuditEntry, auditBody, auditHash, type Chain } from './audit-record.ts';
import { canonicalJson } from './canonical-json.ts';

export interface AuditContext {
  readonly engine: Engine;
  readonly actor: Actor;
  readonly at: string;
  readonly request: string;
}

/**
 * Appends records as the last statements of a transaction, `main` before `access`: the head rows are the last locks taken
 * by everyone, in one order, so that writers queue and never deadlock.
 */
export async function appendAudit(tx: Tx, context: AuditContext, entries: readonly AuditEntry[]): Promise<void> {
  for (const chain of ['main', 'access'] as const) {
    for (const entry of entries) if ((entry.chain ?? 'main') === chain) await appendOne(tx, context, chain, entry);
  }
}

async function appendOne(tx: Tx, context: AuditContext, chain: Chain, entry: AuditEntry): Promise<void> {
  const salt = randomBytes(16).toString('hex');
  const detail = entry.personal === undefined ? undefined : canonicalJson(entry.personal);
  const digest =
    detail === undefined
      ? undefined
      : createHash('sha256')
          .update(salt + detail)
          .digest('hex');
  const body = auditBody(entry, context.actor, context.at, context.request, digest);
  const seq = context.engine === 'postgres' ? await appendPostgres(tx, chain, body) : await appendSqlite(tx, chain, body);
  if (detail !== undefined) await tx.insertInto('audit_detail').values({ chain, seq, salt, detail }).execute();
}

/** One statement: the update waits for the head row and then reads it again, so the chain has no gaps and no retries. */
async function appendPostgres(tx: Tx, chain: Chain, body: string): Promise<number> {
  const { rows } = await sql<{ seq: number }>`
    with next as (
      update audit_head set seq = seq + 1, prev = hash,
        hash = encode(sha256(convert_to('ffaudit1' || chr(10) || (seq + 1) || chr(10) || hash || chr(10) || ${body}::text, 'UTF8')), 'hex')
      where chain = ${chain} returning seq, prev, hash)
    insert into audit (chain, seq, prev, body, hash) select ${chain}::text, seq, prev, ${body}::text, hash from next returning seq`.execute(
    tx,
  );
  const seq = rows[0]?.seq;
  if (seq === undefined) throw new Error(`the audit chain ${chain} has no head`);
  return seq;
}

/** The transaction holds SQLite's only write lock, so the head cannot move between reading and writing it. */
async function appendSqlite(tx: Tx, chain: Chain, body: string): Promise<number> {
  const head = await tx.selectFrom('audit_head').select(['seq', 'hash']).where('chain', '=', chain).executeTakeFirstOrThrow();
  const seq = head.seq + 1;
  const hash = auditHash(seq, head.hash, body);
  await tx.updateTable('audit_head').set({ seq, prev: head.hash, hash }).where('chain', '=', chain).execute();
  await tx.insertInto('audit').values({ chain, seq, prev: head.hash, body, hash }).execute();
  return seq;
}

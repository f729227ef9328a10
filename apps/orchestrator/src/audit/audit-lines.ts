import type { FileHandle } from 'node:fs/promises';
import { isRecordName } from '../first-api/records.ts';
import { type AuditRow, type Chain, chains, firstPrev } from './audit-record.ts';

const chunkBytes = 1 << 20;
const newline = 0x0a;

/**
 * One record as a line of the file; `event` and `timestamp` repeat what is in the body, and so do the fields of records of
 * the first API, for readers of plain logs.
 */
export function formatAuditLine(row: AuditRow): string {
  const { action, at, detail } = JSON.parse(row.body) as { action: string; at: string; detail: Readonly<Record<string, unknown>> };
  const { chain, seq, prev, body, hash } = row;
  const { personal: _, ...fields } = isRecordName(action) ? detail : {};
  return `${JSON.stringify({ ...fields, chain, seq, event: action, timestamp: at, prev, hash, body })}\n`;
}

/** Undefined for a line that is none of ours. */
export function parseAuditLine(line: string): AuditRow | undefined {
  try {
    const row = JSON.parse(line) as Partial<Record<keyof AuditRow, unknown>> | null;
    if (row === null || typeof row !== 'object') return undefined;
    const { chain, seq, prev, body, hash } = row;
    const isRow =
      typeof chain === 'string' &&
      typeof seq === 'number' &&
      typeof prev === 'string' &&
      typeof body === 'string' &&
      typeof hash === 'string';
    return isRow ? { chain, seq, prev, body, hash } : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/**
 * Reads the file from its end until the newest line of each chain was seen. `sizeBytes` is where its last whole line ends.
 */
export async function readTail(file: FileHandle): Promise<{ sizeBytes: number; reached: Record<Chain, { seq: number; hash: string }> }> {
  const found = new Map<string, { seq: number; hash: string }>();
  const { size } = await file.stat();
  let sizeBytes: number | undefined;
  let rest = Buffer.alloc(0);
  for (let end = size; end > 0 && found.size < chains.length; ) {
    const begin = Math.max(0, end - chunkBytes);
    const chunk = Buffer.alloc(end - begin);
    await file.read(chunk, 0, chunk.length, begin);
    let bytes = Buffer.concat([chunk, rest]);
    if (sizeBytes === undefined) {
      const lastNewline = bytes.lastIndexOf(newline);
      if (lastNewline >= 0) {
        sizeBytes = begin + lastNewline + 1;
        bytes = bytes.subarray(0, lastNewline + 1);
      }
    }
    const firstNewline = begin === 0 ? -1 : bytes.indexOf(newline);
    rest = firstNewline < 0 && begin > 0 ? bytes : bytes.subarray(0, firstNewline + 1);
    if (begin === 0 || firstNewline >= 0) collect(bytes.subarray(firstNewline + 1), found);
    end = begin;
  }
  const start = { seq: 0, hash: firstPrev };
  return { sizeBytes: sizeBytes ?? 0, reached: { main: found.get('main') ?? start, access: found.get('access') ?? start } };
}

function collect(bytes: Buffer, found: Map<string, { seq: number; hash: string }>): void {
  for (const line of bytes.toString().split('\n').reverse()) {
    const row = line === '' ? undefined : parseAuditLine(line);
    if (row !== undefined && !found.has(row.chain)) found.set(row.chain, { seq: row.seq, hash: row.hash });
  }
}

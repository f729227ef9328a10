import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { FortFailError, splitLines } from '@fortfail/base';

/** What was found of one chain in the audit file. */
export interface ChainVerification {
  readonly chain: string;
  readonly records: number;
  readonly head: string;
  readonly whole: boolean;
  /** Number of the first record that is not as it was written; null when all are. */
  readonly brokenAt: number | null;
  readonly reason: string | null;
}

interface Link {
  records: number;
  seq: number;
  head: string;
  brokenAt: number | null;
  reason: string | null;
}

const firstPrev = '0'.repeat(64);

/** Verifies every chain of the file, line by line, without anybody's help. Throws `not-found` when there is no file. */
export async function verifyAuditFile(file: string): Promise<ChainVerification[]> {
  const links = new Map<string, Link>();
  let number = 0;
  const stream = createReadStream(file);
  try {
    for await (const line of splitLines(stream)) {
      number += 1;
      if (line !== '') follow(links, line, number);
    }
  } catch (cause) {
    throw unreadable(file, cause as NodeJS.ErrnoException);
  }
  return [...links].map(([chain, { records, head, brokenAt, reason }]) => ({
    chain,
    records,
    head,
    whole: brokenAt === null,
    brokenAt,
    reason,
  }));
}

function follow(links: Map<string, Link>, line: string, number: number): void {
  const record = readRecord(line);
  const link = links.get(record?.chain ?? 'main') ?? { records: 0, seq: 0, head: firstPrev, brokenAt: null, reason: null };
  links.set(record?.chain ?? 'main', link);
  if (link.brokenAt !== null) return;
  const expected = link.seq + 1;
  const fault = record === undefined ? `line ${number} is not a record` : faultOf(record, expected, link.head);
  if (fault !== undefined) {
    link.brokenAt = expected;
    link.reason = fault;
    return;
  }
  link.records += 1;
  link.seq = expected;
  link.head = record?.hash ?? link.head;
}

interface FileRecord {
  readonly chain: string;
  readonly seq: number;
  readonly prev: string;
  readonly body: string;
  readonly hash: string;
}

function readRecord(line: string): FileRecord | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    // A damaged line is a finding, not a failure.
    return undefined;
  }
  const { chain = 'main', seq, prev, body, hash } = (value ?? {}) as Partial<FileRecord>;
  const texts = [chain, prev, body, hash];
  return typeof seq === 'number' && texts.every((text) => typeof text === 'string')
    ? ({ chain, seq, prev, body, hash } as FileRecord)
    : undefined;
}

function faultOf(record: FileRecord, seq: number, prev: string): string | undefined {
  if (record.seq !== seq) return `record ${seq} is missing: ${record.seq} follows ${seq - 1}`;
  if (record.prev !== prev) return `record ${seq} does not follow the one before it`;
  const hash = createHash('sha256').update(`ffaudit1\n${seq}\n${prev}\n${record.body}`).digest('hex');
  return hash === record.hash ? undefined : `record ${seq} was changed: its hash is not that of its text`;
}

function unreadable(file: string, cause: NodeJS.ErrnoException): FortFailError {
  const isMissing = cause.code === 'ENOENT';
  return new FortFailError({
    kind: isMissing ? 'not-found' : 'denied',
    code: 'audit-file',
    message: `unable to read audit file '${file}': ${isMissing ? 'it does not exist' : (cause.code ?? cause.message)}`,
    hint: 'Name the data folder with --data or the file with --file.',
    cause,
  });
}

import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { type Clock, FortFailError, formatBytes, isFortFailError } from '@fortfail/base';
import { freeBytesAt } from '../free-space.ts';
import type { Answer } from './exchange.ts';
import type { OrchestratorClient } from './orchestrator-client.ts';

export interface DownloadOptions {
  readonly client: OrchestratorClient;
  readonly clock: Clock;
  readonly snapshotId: string;
  /** The file to write; it must not exist. */
  readonly into: string;
  /** The sum that this agent itself recorded when it made the snapshot. */
  readonly ownSum: string | undefined;
  readonly signal: AbortSignal;
}

const tries = 5;
const reserveBytes = 64 * 1024 * 1024;

/**
 * Brings a snapshot into a file and proves its SHA-256 against what was registered, and against this agent's own record when
 * it made the snapshot itself. A connection that breaks is made again. Throws `damaged` when the bytes are others.
 */
export async function downloadObject(options: DownloadOptions): Promise<number> {
  const { clock, signal } = options;
  for (let tried = 1; ; tried += 1) {
    try {
      return await downloadOnce(options);
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (tried >= tries || !isFortFailError(error) || error.code !== 'download-broke-off') throw error;
    }
    await clock.sleep(1000 * 2 ** (tried - 1), signal);
  }
}

async function downloadOnce({ client, snapshotId, into, ownSum, signal }: DownloadOptions): Promise<number> {
  const answer = await client.download(snapshotId, signal);
  const promised = promisedSum(answer);
  const sizeBytes = Number(answer.headers['content-length'] ?? 0);
  if (promised === undefined) {
    answer.body.destroy();
    throw new FortFailError({
      kind: 'damaged',
      code: 'no-sum',
      message: `unable to restore snapshot '${snapshotId}': the orchestrator does not say its checksum, so it cannot be verified`,
      hint: 'Nothing was restored. Use an orchestrator that sends the header Repr-Digest with downloads.',
    });
  }
  if ((await freeBytesAt(into)) < sizeBytes + reserveBytes) {
    answer.body.destroy();
    const message = `unable to download snapshot '${snapshotId}', it has ${formatBytes(sizeBytes)} and so much is not free beside '${into}'`;
    throw new FortFailError({ kind: 'no-space', code: 'download-no-space', message, hint: 'Free space there, or set FORTFAIL_DATA.' });
  }
  const { sha256, bytes } = await store(answer, into, snapshotId);
  if (sizeBytes > 0 && bytes !== sizeBytes) throw brokeOff(snapshotId, undefined);
  requireSum(snapshotId, sha256, promised, 'was registered');
  if (ownSum !== undefined) requireSum(snapshotId, sha256, ownSum, 'this agent recorded when it made the snapshot');
  return bytes;
}

/** The sum in `Repr-Digest` or `Content-Digest`, hexadecimal. */
function promisedSum({ headers }: Answer): string | undefined {
  const text = headers['repr-digest'] ?? headers['content-digest'];
  const [, base64] = /(?:^|,)\s*sha-256=:([A-Za-z0-9+/]{43}=):/.exec(Array.isArray(text) ? text.join(',') : (text ?? '')) ?? [];
  return base64 === undefined ? undefined : Buffer.from(base64, 'base64').toString('hex');
}

async function store(answer: Answer, into: string, snapshotId: string): Promise<{ readonly sha256: string; readonly bytes: number }> {
  const hash = createHash('sha256');
  let bytes = 0;
  const file = await open(into, 'w', 0o600);
  try {
    const pieces = (answer.body as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
    for (;;) {
      const next = await pieces.next().catch((cause: unknown) => {
        throw brokeOff(snapshotId, cause);
      });
      if (next.done === true) break;
      hash.update(next.value);
      bytes += next.value.length;
      await file.writeFile(next.value);
    }
    return { sha256: hash.digest('hex'), bytes };
  } finally {
    await file.close();
    answer.body.destroy();
  }
}

function brokeOff(snapshotId: string, cause: unknown): FortFailError {
  const message = `unable to download snapshot '${snapshotId}': it broke off`;
  return new FortFailError({ kind: 'unavailable', code: 'download-broke-off', message, hint: 'Start the restore again.', cause });
}

function requireSum(snapshotId: string, found: string, expected: string, what: string): void {
  if (found === expected) return;
  throw new FortFailError({
    kind: 'damaged',
    code: 'wrong-sum',
    message: `unable to restore snapshot '${snapshotId}': its bytes have the checksum ${found}, not ${expected} as ${what}`,
    hint: 'Nothing was restored. Find out who changed the object; another snapshot may be whole.',
  });
}

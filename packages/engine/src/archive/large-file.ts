import { FortFailError, isFortFailError } from '@fortfail/base';
import type { ChunksReply, ScanReply } from './archive-jobs.ts';
import type { ArchivePool, FileRequest } from './file-batches.ts';

const scanBytes = 64 << 20;
const chunksJobBytes = 8 << 20;
/** Bytes cut but not stored yet: enough to keep every thread busy, little enough to be read again from memory. */
const maxAheadBytes = 256 << 20;

/**
 * Stores one large file with all threads: one scans for cuts, part by part, and the chunks found are stored by whoever
 * is free, read again from the page cache. What is hashed and stored is what that second reading gave.
 */
export async function storeLargeFile(pool: ArchivePool, file: FileRequest): Promise<void> {
  try {
    file.done(await storeParts(pool, file));
  } catch (error) {
    // Only what is said about this file leaves it out; anything else ends the whole attempt.
    if (!isFortFailError(error) || error.code !== 'unreadable-file') throw error;
    file.done(error);
  }
}

async function storeParts(pool: ArchivePool, file: FileRequest): Promise<{ content: Uint8Array; sizeBytes: number }> {
  const parts: Promise<ChunksReply>[] = [];
  let aheadBytes = 0;
  let offset = 0;
  for (;;) {
    const scan = (await pool.submit({ kind: 'scan', path: file.path, offset, atLeastBytes: scanBytes }, { urgent: true })) as ScanReply;
    for (const lengths of groupLengths(scan.lengths)) {
      const bytes = lengths.reduce((sum, length) => sum + length, 0);
      const job = { kind: 'chunks', path: file.path, offset, lengths, identity: scan.identity } as const;
      const part = pool.submit(job).then((reply) => {
        aheadBytes -= bytes;
        return reply as ChunksReply;
      });
      part.catch(() => undefined);
      parts.push(part);
      aheadBytes += bytes;
      offset += bytes;
    }
    if (scan.isEnd) break;
    if (scan.lengths.length === 0) throw new FortFailError({ kind: 'bug', code: 'no-cut', message: `unable to cut file at ${offset}` });
    // Waits for the oldest part not yet stored; they are answered nearly in order.
    for (let next = 0; aheadBytes > maxAheadBytes && next < parts.length; next += 1) await parts[next];
  }
  const replies = await Promise.all(parts);
  return { content: Buffer.concat(replies.map((reply) => reply.ids)), sizeBytes: replies.reduce((sum, reply) => sum + reply.sizeBytes, 0) };
}

function groupLengths(lengths: Float64Array): Float64Array[] {
  const groups: Float64Array[] = [];
  let start = 0;
  let bytes = 0;
  lengths.forEach((length, index) => {
    bytes += length;
    if (bytes < chunksJobBytes && index < lengths.length - 1) return;
    groups.push(lengths.slice(start, index + 1));
    start = index + 1;
    bytes = 0;
  });
  return groups;
}

import type { BigIntStats } from 'node:fs';
import type { RecordedMetadata } from './metadata.ts';

/** restic's `--overwrite`. */
export type OverwritePolicy = 'always' | 'if-changed' | 'if-newer' | 'never';

/**
 * What to do with an entry for which something may exist already:
 * `write` it; `compare` the contents first and write only what differs; `metadata` only, the contents are taken as
 * equal; `skip` it altogether.
 */
export type OverwriteDecision = 'write' | 'compare' | 'metadata' | 'skip';

/** The decision of `policy` for a recorded entry and what is there now (`lstat`, undefined for nothing). Folders are always entered. */
export function decideOverwrite(
  policy: OverwritePolicy,
  recorded: Pick<RecordedMetadata, 'type' | 'size' | 'mtimeNs'>,
  existing: BigIntStats | undefined,
): OverwriteDecision {
  if (existing === undefined) return 'write';
  if (recorded.type === 'dir' && existing.isDirectory()) return 'metadata';
  if (policy === 'never') return 'skip';
  if (policy === 'if-newer' && recorded.mtimeNs <= existing.mtimeNs) return 'skip';
  if (recorded.type !== 'file' || !existing.isFile() || existing.size !== recorded.size) return 'write';
  if (policy === 'if-changed' && existing.mtimeNs === recorded.mtimeNs) return 'metadata';
  return 'compare';
}

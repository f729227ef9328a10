import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { FortFailError } from '@fortfail/base';
import { removeLeftOvers } from '@fortfail/source';
import type { AgentConfig } from '../config.ts';
import { errnoOf } from '../durable-file.ts';

/** Where a restore goes: the folder a person named, else one of its own below the restore root. */
export function targetOf(target: string | null, restoreId: string, config: AgentConfig): string {
  return target ?? join(config.restoreRoot, restoreId);
}

/**
 * Throws `conflict` for a target that holds anything: no restore writes over something unasked. What an attempt left that
 * was killed does not count, and goes.
 */
export async function requireFresh(target: string): Promise<void> {
  removeLeftOvers(Buffer.from(target));
  const names = await readdir(target).catch((error: unknown) => {
    const errno = errnoOf(error);
    if (errno === 'ENOENT') return [];
    if (errno === 'ENOTDIR') return ['.'];
    throw error;
  });
  if (names.length === 0) return;
  throw new FortFailError({
    kind: 'conflict',
    code: 'target-not-empty',
    message: `unable to restore into '${target}', it is not an empty folder`,
    hint: 'Name a folder that does not exist yet or is empty; nothing was changed.',
  });
}

/** What this user cannot set on restored files, in words; empty for root. */
export function metadataLimits(config: AgentConfig): string[] {
  if (config.isRoot) return [];
  return [
    `everything will belong to ${config.username}: only root can give files to others`,
    'block and character devices are left out: only root can make them',
    'attributes and access rules that only root may set are left out',
  ];
}

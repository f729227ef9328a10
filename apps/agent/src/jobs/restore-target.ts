import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { FortFailError } from '@fortfail/base';
import { fileError, removeLeftOvers } from '@fortfail/source';
import type { AgentConfig } from '../config.ts';
import { errnoOf } from '../durable-file.ts';
import { refuseOwnPlaces } from '../own-places.ts';
import type { JobParts } from './job-context.ts';

/** Where a restore goes: the folder a person named, else one of its own below the restore root. */
export function targetOf(target: string | null, restoreId: string, config: AgentConfig): string {
  return target ?? join(config.restoreRoot, restoreId);
}

/** Throws `invalid-input` for a target in a repository, in our data folder or in /proc; below the restore root all is well. */
export async function requireElsewhere(target: string, repository: { readonly location: string }, parts: JobParts): Promise<void> {
  const { config, shelf } = parts;
  await refuseOwnPlaces('restore into', target, {
    config,
    passwords: shelf.passwords,
    locations: [repository.location],
    allowed: config.restoreRoot,
  });
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
    throw fileError(error, 'look into', Buffer.from(target));
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

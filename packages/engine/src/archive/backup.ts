import { asFortFailError, FortFailError, isFortFailError, noLogger, toErrorRecord } from '@fortfail/base';
import type { Repository } from '@fortfail/repository';
import { existingTargets, pathText } from '@fortfail/source';
import { FailureList } from '../events.ts';
import { attemptBackup } from './backup-attempt.ts';
import type { BackupOptions, BackupSummary } from './backup-options.ts';

/** How often a backup begins anew after it was fenced (a keeper or `unlock` took its lock away). */
const maxAttempts = 3;

/**
 * Makes one snapshot of the targets: what the parent snapshot has unchanged is taken over, the rest is read, cut, stored.
 * The snapshot is written last, so that a stop at any moment leaves nothing half-made. What could not be read is named in
 * the summary and makes it `partial`; other failures throw and leave no snapshot. Throws `invalid-input` when no target
 * is left, before anything is written; `cancelled` when the signal is aborted.
 */
export async function backup(repository: Repository, options: BackupOptions): Promise<BackupSummary> {
  const targets = options.stdin === undefined ? checkTargets(options) : { existing: [], missing: [] };
  for (let attempt = 1; ; attempt += 1) {
    // What failed in an attempt that was given up says nothing about the next one.
    const failures = new FailureList(options.onEvent);
    for (const { path, error } of targets.missing) failures.add({ item: pathText(path), during: 'archival', error: toErrorRecord(error) });
    try {
      return await attemptBackup(repository, options, targets.existing, failures);
    } catch (error) {
      if (options.signal?.aborted === true) throw cancelled(options.signal.reason);
      if (!isFenced(error) || attempt === maxAttempts) throw error;
      (options.logger ?? noLogger).warn({ attempt, error: toErrorRecord(error) }, 'the backup was fenced and starts over');
    }
  }
}

function checkTargets(options: BackupOptions): ReturnType<typeof existingTargets> {
  const targets = existingTargets(options.targets, options.workingFolder);
  if (targets.existing.length > 0) return targets;
  throw new FortFailError({
    kind: 'invalid-input',
    code: 'no-source-left',
    message:
      options.targets.length === 0
        ? 'unable to back up, no source path was given'
        : `unable to back up, no source path is left: ${missingText(targets.missing.map(({ path }) => pathText(path)))}`,
    hint: 'Name at least one path that exists.',
    context: { missing: targets.missing.map(({ path }) => pathText(path)) },
  });
}

function missingText(paths: readonly string[]): string {
  const named = paths.slice(0, 3).map((path) => `'${path}'`);
  if (paths.length > named.length) named.push(`${paths.length - named.length} more`);
  return `${named.join(', ')} cannot be read`;
}

function isFenced(error: unknown): boolean {
  return isFortFailError(error, 'conflict') && error.code === 'fenced';
}

/** A stop that was asked for, whatever the failure it surfaced as. */
export function cancelled(reason: unknown): FortFailError {
  if (isFortFailError(reason)) return reason;
  return new FortFailError({ kind: 'cancelled', code: 'cancelled', message: 'cancelled', cause: asFortFailError(reason) });
}

import { asFortFailError, isFortFailError } from '@fortfail/base';
import { matchesFilter, type Repository, type Snapshot, type SnapshotFilter } from '@fortfail/repository';
import type { CommandContext } from '../command-context.ts';

interface FilterOptions {
  readonly host: readonly string[];
  readonly tag: readonly (readonly string[])[];
  readonly path: readonly string[];
}

/** restic's filter; `RESTIC_HOST` stands in for a missing `--host`, and `--host ''` undoes it. */
export function filterOf(options: FilterOptions, { env }: CommandContext): SnapshotFilter {
  const hosts = options.host.length > 0 ? options.host : env.RESTIC_HOST ? [env.RESTIC_HOST] : [];
  return { hosts: hosts.filter((host) => host !== ''), tags: options.tag, paths: options.path };
}

/** Says on standard error that a snapshot document cannot be read, and goes on. */
export function reportUnreadable(context: CommandContext): (id: string, error: unknown) => void {
  return (id, error) => void context.stderr.write(`Ignoring "${id.slice(0, 8)}": ${asFortFailError(error).message}\n`);
}

/** `latest` of what the filter lets through, or the one whose id begins so. Throws `not-found`. */
export async function pickSnapshot(repository: Repository, selector: string, filter: SnapshotFilter): Promise<Snapshot> {
  return await repository.findSnapshot(selector, filter);
}

/**
 * The snapshots named, or all that the filter lets through; oldest first. A name that fits none is said and left out, as
 * restic does.
 */
export async function pickSnapshots(
  repository: Repository,
  names: readonly string[],
  filter: SnapshotFilter,
  context: CommandContext,
): Promise<Snapshot[]> {
  if (names.length === 0) {
    const all = await repository.listSnapshots({ onUnreadable: reportUnreadable(context) });
    return all.filter((snapshot) => matchesFilter(snapshot, filter));
  }
  const found = new Map<string, Snapshot>();
  for (const name of names) {
    try {
      const snapshot = await pickSnapshot(repository, name, filter);
      found.set(snapshot.id, snapshot);
    } catch (error) {
      if (!isFortFailError(error, 'not-found') && !isFortFailError(error, 'invalid-input')) throw error;
      context.stderr.write(`Ignoring "${name}": ${error.message}\n`);
    }
  }
  return [...found.values()];
}

/** `snapshot:folder` in its two parts. */
export function splitSelector(selector: string): { readonly id: string; readonly folder: string | undefined } {
  const colon = selector.indexOf(':');
  return colon < 0 ? { id: selector, folder: undefined } : { id: selector.slice(0, colon), folder: selector.slice(colon + 1) };
}

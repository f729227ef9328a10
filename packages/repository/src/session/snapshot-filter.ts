import type { Snapshot } from '../format/snapshot.ts';

/** restic's: hosts are alternatives; each list of tags must be contained whole, the lists are alternatives; all paths must be contained. */
export interface SnapshotFilter {
  readonly hosts?: readonly string[] | undefined;
  readonly tags?: readonly (readonly string[])[] | undefined;
  readonly paths?: readonly string[] | undefined;
}

function hasTags(snapshot: Snapshot, wanted: readonly string[]): boolean {
  // `--tag ''` asks for untagged snapshots.
  if (wanted.every((tag) => tag === '')) return snapshot.tags.length === 0;
  return wanted.every((tag) => snapshot.tags.includes(tag));
}

/** True when the snapshot passes every part of the filter that is given. */
export function matchesFilter(snapshot: Snapshot, filter: SnapshotFilter): boolean {
  const { hosts = [], tags = [], paths = [] } = filter;
  if (hosts.length > 0 && !hosts.includes(snapshot.hostname)) return false;
  if (tags.length > 0 && !tags.some((wanted) => hasTags(snapshot, wanted))) return false;
  return paths.every((path) => snapshot.paths.includes(path));
}

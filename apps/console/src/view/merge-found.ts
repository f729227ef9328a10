import type { FileEntry, RestorePoint } from '@fortfail/protocol';

/** One path that a search found, with the points searched that have it. */
export interface FoundPath {
  readonly path: string;
  /** As it is in the newest of them. */
  readonly entry: FileEntry;
  /** Newest first. */
  readonly points: readonly Pick<RestorePoint, 'id' | 'time'>[];
}

/** What was found in several points (newest first), one row for each path: those of newer points first. */
export const mergeFound = (
  answers: readonly { readonly point: Pick<RestorePoint, 'id' | 'time'>; readonly entries: readonly FileEntry[] }[],
): FoundPath[] => {
  const byPath = new Map<string, { path: string; entry: FileEntry; points: Pick<RestorePoint, 'id' | 'time'>[] }>();
  for (const { point, entries } of answers) {
    for (const entry of entries) {
      const known = byPath.get(entry.path);
      if (known) known.points.push(point);
      else byPath.set(entry.path, { path: entry.path, entry, points: [point] });
    }
  }
  return [...byPath.values()];
};

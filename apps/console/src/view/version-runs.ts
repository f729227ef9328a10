import type { FileEntry, FileVersions } from '@fortfail/protocol';

type Version = FileVersions['versions'][number];

/** Points in a row that hold the same of one path, or do not have it at all. */
export interface VersionRun {
  /** Null: it is not in these points. */
  readonly entry: FileEntry | null;
  readonly content: string | null;
  /** Newest first. */
  readonly points: readonly Pick<Version, 'restorePointId' | 'time'>[];
}

const isSame = (run: VersionRun, { entry, content }: Version): boolean => {
  if (run.entry === null || entry === null) return run.entry === entry;
  return run.content !== null || content !== null ? run.content === content : run.entry.type === entry.type;
};

/** Joins neighbours that hold the same bytes; points come newest first. What changed beside the bytes makes no new version. */
export const versionRuns = (versions: readonly Version[]): VersionRun[] => {
  const runs: { entry: FileEntry | null; content: string | null; points: Version[] }[] = [];
  for (const version of versions) {
    const last = runs.at(-1);
    if (last && isSame(last, version)) last.points.push(version);
    else runs.push({ entry: version.entry, content: version.content, points: [version] });
  }
  return runs;
};

/** How a version differs from another one, each fact as a short phrase; empty when nothing is known to differ. */
export const versionDifferences = (
  older: Pick<VersionRun, 'entry' | 'content'>,
  newer: Pick<VersionRun, 'entry' | 'content'>,
  size: (bytes: number) => string,
): string[] => {
  const [before, after] = [older.entry, newer.entry];
  if (before === null || after === null) return before === after ? [] : [after === null ? 'gone' : 'came'];
  const bytes = (after.size ?? 0) - (before.size ?? 0);
  return [
    ...(older.content !== newer.content ? ['other bytes'] : []),
    ...(before.type !== after.type ? [`${before.type} became ${after.type}`] : []),
    ...(bytes === 0 ? [] : [`${size(Math.abs(bytes))} ${bytes > 0 ? 'more' : 'less'}`]),
    ...(before.modified !== after.modified ? ['other time'] : []),
    ...(before.mode !== after.mode ? [`${before.mode} became ${after.mode}`] : []),
    ...(before.uid !== after.uid || before.gid !== after.gid ? ['other owner'] : []),
  ];
};

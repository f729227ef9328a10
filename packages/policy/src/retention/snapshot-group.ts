import { FortFailError } from '@fortfail/base';
import { compareBytes } from './buckets.ts';

export interface GroupBy {
  readonly host: boolean;
  readonly paths: boolean;
  readonly tags: boolean;
}

/** restic's group key; parts that are not grouped by are empty. */
export interface SnapshotGroupKey {
  readonly hostname: string;
  readonly paths: readonly string[] | null;
  readonly tags: readonly string[] | null;
}

export interface SnapshotGroup<T> {
  readonly key: SnapshotGroupKey;
  readonly members: readonly T[];
}

interface Groupable {
  readonly hostname?: string | undefined;
  readonly paths: readonly string[];
  readonly tags?: readonly string[] | undefined;
}

/** Reads `--group-by`: a comma-separated list of host, paths and tags, or nothing for one group. Throws `invalid-input`. */
export function parseGroupBy(text: string): GroupBy {
  const by = { host: false, paths: false, tags: false };
  for (const part of text.split(',')) {
    if (part === 'host' || part === 'hosts') by.host = true;
    else if (part === 'path' || part === 'paths') by.paths = true;
    else if (part === 'tag' || part === 'tags') by.tags = true;
    else if (part !== '') {
      const hint = 'Give a comma-separated list of host, paths and tags.';
      throw new FortFailError({ kind: 'invalid-input', code: 'group-by', message: `invalid grouping '${part}'`, hint });
    }
  }
  return by;
}

/** Puts snapshots of the same host, paths and tags together; the order of paths and tags does not matter. Keeps the order. */
export function groupSnapshots<T extends Groupable>(snapshots: readonly T[], by: GroupBy): SnapshotGroup<T>[] {
  const groups = new Map<string, { key: SnapshotGroupKey; members: T[] }>();
  for (const snapshot of snapshots) {
    const key: SnapshotGroupKey = {
      hostname: by.host ? (snapshot.hostname ?? '') : '',
      paths: by.paths ? [...snapshot.paths].sort(compareBytes) : null,
      tags: by.tags ? [...(snapshot.tags ?? [])].sort(compareBytes) : null,
    };
    const text = JSON.stringify(key);
    const group = groups.get(text);
    if (group === undefined) groups.set(text, { key, members: [snapshot] });
    else group.members.push(snapshot);
  }
  return [...groups.values()];
}

import type { FileEntry } from '@fortfail/protocol';

/** What became of an entry from the older to the newer of two points. */
export type Change = 'came' | 'gone' | 'changed' | 'same';

export interface ComparedEntry {
  readonly name: string;
  readonly path: string;
  readonly change: Change;
  readonly older: FileEntry | undefined;
  readonly newer: FileEntry | undefined;
}

const facts = ({ type, size, modified, mode, uid, gid, linkTarget }: FileEntry): string =>
  JSON.stringify([type, type === 'file' ? size : null, modified, mode, uid, gid, linkTarget]);

/** The entries of one folder in two points, by name. A folder's own time changes with what is in it. */
export const compareFolders = (older: readonly FileEntry[], newer: readonly FileEntry[]): ComparedEntry[] => {
  const before = new Map(older.map((entry) => [entry.path, entry]));
  const after = new Map(newer.map((entry) => [entry.path, entry]));
  return [...new Map([...before, ...after]).values()]
    .map(({ name, path }): ComparedEntry => {
      const [was, is] = [before.get(path), after.get(path)];
      const change = was === undefined ? 'came' : is === undefined ? 'gone' : facts(was) === facts(is) ? 'same' : 'changed';
      return { name, path, change, older: was, newer: is };
    })
    .sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
};

import type { FileEntry } from '@fortfail/protocol';

/** By what the entries of a folder are ordered: as stored, or by a column, downwards with a minus before it. */
export type EntryOrder = 'name' | '-name' | 'size' | '-size' | 'modified' | '-modified';
const orders: readonly EntryOrder[] = ['name', '-name', 'size', '-size', 'modified', '-modified'];

/** The order that a text names; by name for any other text. */
export const entryOrder = (text: string | null): EntryOrder => orders.find((order) => order === text) ?? 'name';

const compare: Readonly<Record<'name' | 'size' | 'modified', (a: FileEntry, b: FileEntry) => number>> = {
  name: (a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0),
  size: (a, b) => (a.size ?? -1) - (b.size ?? -1),
  modified: (a, b) => Date.parse(a.modified) - Date.parse(b.modified),
};

/** Folders first, then by the order; equal ones by name. */
export const sortEntries = (entries: readonly FileEntry[], order: EntryOrder): FileEntry[] => {
  const column = order.replace('-', '') as 'name' | 'size' | 'modified';
  const sign = order.startsWith('-') ? -1 : 1;
  return [...entries].sort(
    (a, b) => Number(b.type === 'dir') - Number(a.type === 'dir') || sign * compare[column](a, b) || compare.name(a, b),
  );
};

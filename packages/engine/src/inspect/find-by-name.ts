import type { Repository, Snapshot, TreeNode } from '@fortfail/repository';
import { walkTree } from './walk-tree.ts';

export interface FindOptions {
  /** At most so many entries are answered. */
  readonly limit: number;
  /** Asked at each folder: true ends the search with what was found. For a search that may not take for ever. */
  readonly isEnough?: () => boolean;
  readonly signal?: AbortSignal | undefined;
}

export interface FoundEntries {
  readonly entries: readonly { readonly path: Buffer; readonly node: TreeNode }[];
  /** There may be more: the limit or the caller ended the search, or a folder could not be read. */
  readonly isCut: boolean;
}

/**
 * Entries of a snapshot whose name contains `text`, in tree order; case and ways to write an accent are the same. Holds the open
 * folders and what it found, nothing else. Throws `damaged` when the root cannot be read.
 */
export async function findByName(
  repository: Repository,
  snapshot: Pick<Snapshot, 'tree'>,
  text: string,
  options: FindOptions,
): Promise<FoundEntries> {
  const wanted = foldedName(text);
  const entries: { path: Buffer; node: TreeNode }[] = [];
  let isOver = false;
  let isPartBlind = false;
  const take = (path: Buffer, node: TreeNode): void => {
    if (isOver || !foldedName(node.name.toString()).includes(wanted)) return;
    if (entries.length < options.limit) entries.push({ path, node });
    else isOver = true;
  };
  const visitor = {
    enter(path: Buffer, node: TreeNode): boolean {
      take(path, node);
      // What remains of the open folders is in memory already; no further one is read.
      isOver ||= options.isEnough?.() === true;
      return !isOver;
    },
    entry: take,
    leave: () => undefined,
    damaged: (): void => {
      isPartBlind = true;
    },
  };
  await walkTree(repository, snapshot.tree, visitor, { signal: options.signal });
  return { entries, isCut: isOver || isPartBlind };
}

function foldedName(name: string): string {
  return name.normalize('NFC').toLowerCase();
}

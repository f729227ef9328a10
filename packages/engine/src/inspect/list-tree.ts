import { FortFailError } from '@fortfail/base';
import type { Repository, Snapshot, TreeNode } from '@fortfail/repository';
import { findFolder } from './find-entry.ts';
import { walkTree } from './walk-tree.ts';

export interface ListPage {
  readonly nodes: readonly TreeNode[];
  /** Undefined on the last page. */
  readonly nextCursor: string | undefined;
}

/** One page of a folder of a snapshot, in the order of the names' bytes. Throws `not-found` and `invalid-input`. */
export async function listTree(
  repository: Repository,
  snapshot: Snapshot,
  path: string | Uint8Array,
  page: { readonly cursor?: string | undefined; readonly limit: number },
): Promise<ListPage> {
  const tree = await repository.loadTree(await findFolder(repository, snapshot.tree, path));
  const start = page.cursor === undefined ? 0 : cursorStart(page.cursor);
  const nodes = tree.nodes.slice(start, start + page.limit);
  const end = start + nodes.length;
  return { nodes, nextCursor: end < tree.nodes.length ? String(end) : undefined };
}

function cursorStart(cursor: string): number {
  const start = Number(cursor);
  if (/^\d+$/.test(cursor) && Number.isSafeInteger(start)) return start;
  throw new FortFailError({ kind: 'invalid-input', code: 'cursor', message: `invalid cursor '${cursor}'` });
}

export interface ListOptions {
  /** Only these folders and what is below; all when empty. A folder named stands in the list itself. */
  readonly folders?: readonly string[];
  /** With folders: also what is deeper than their entries. */
  readonly recursive?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** Tells every entry of a snapshot, in tree order, as restic's `ls` does. Throws `damaged` for a tree that cannot be read. */
export async function listSnapshot(
  repository: Repository,
  snapshot: Pick<Snapshot, 'tree'>,
  onNode: (path: Buffer, node: TreeNode) => void,
  options: ListOptions = {},
): Promise<void> {
  const folders = (options.folders ?? []).map(folderKey);
  const isRecursive = options.recursive === true || folders.length === 0;
  const tell = (path: Buffer, node: TreeNode): void => {
    if (folders.length === 0 || folders.some((folder) => isListed(path.toString('latin1'), folder, isRecursive))) onNode(path, node);
  };
  const visitor = {
    enter(path: Buffer, node: TreeNode): boolean {
      tell(path, node);
      return folders.length === 0 || folders.some((folder) => mayLead(path.toString('latin1'), folder, isRecursive));
    },
    entry: tell,
    leave: () => undefined,
    damaged(_path: Buffer, error: unknown): never {
      throw error;
    },
  };
  await walkTree(repository, snapshot.tree, visitor, { signal: options.signal });
}

/** As a byte string without a slash at its end; the root is empty. */
function folderKey(folder: string): string {
  return Buffer.from(folder.startsWith('/') ? folder : `/${folder}`)
    .toString('latin1')
    .replace(/\/+$/, '');
}

function isListed(path: string, folder: string, isRecursive: boolean): boolean {
  if (path === folder) return true;
  if (!path.startsWith(`${folder}/`)) return false;
  return isRecursive || path.indexOf('/', folder.length + 1) < 0;
}

function mayLead(path: string, folder: string, isRecursive: boolean): boolean {
  return path === folder || folder.startsWith(`${path}/`) || (isRecursive && path.startsWith(`${folder}/`));
}

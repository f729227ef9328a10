import { FortFailError } from '@fortfail/base';
import type { Repository, TreeNode } from '@fortfail/repository';
import { pathText } from '@fortfail/source';

/** Names of a path inside a snapshot, as bytes; `/`, empty and doubled slashes count for nothing. */
export function pathNames(path: string | Uint8Array): Buffer[] {
  const text = typeof path === 'string' ? Buffer.from(path).toString('latin1') : Buffer.from(path).toString('latin1');
  return text
    .split('/')
    .filter((name) => name !== '' && name !== '.')
    .map((name) => Buffer.from(name, 'latin1'));
}

/** The node at a path below a tree; undefined for the root itself. Throws `not-found`. */
export async function findEntry(repository: Repository, treeId: string, path: string | Uint8Array): Promise<TreeNode | undefined> {
  let node: TreeNode | undefined;
  let current: string | undefined = treeId;
  for (const name of pathNames(path)) {
    if (current === undefined) throw notFound(path);
    const tree = await repository.loadTree(current);
    node = tree.nodes.find((candidate) => candidate.name.equals(name));
    if (node === undefined) throw notFound(path);
    current = node.subtree;
  }
  return node;
}

/** Id of the tree at a folder's path; the tree given for the root. Throws `not-found`, also for what is no folder. */
export async function findFolder(repository: Repository, treeId: string, path: string | Uint8Array): Promise<string> {
  const node = await findEntry(repository, treeId, path);
  if (node === undefined) return treeId;
  if (node.type !== 'dir' || node.subtree === undefined) throw notFound(path);
  return node.subtree;
}

function notFound(path: string | Uint8Array): FortFailError {
  const text = typeof path === 'string' ? path : pathText(path);
  return new FortFailError({ kind: 'not-found', code: 'path', message: `unable to find '${text}' in the snapshot` });
}

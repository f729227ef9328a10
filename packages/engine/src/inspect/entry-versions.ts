import { hash } from 'node:crypto';
import { boundedMap, FortFailError } from '@fortfail/base';
import type { Repository, Snapshot, TreeNode } from '@fortfail/repository';
import { pathNames } from './find-entry.ts';

export interface EntryVersion {
  /** Undefined: the snapshot does not have it. */
  readonly node: TreeNode | undefined;
  /** Equal text, equal content: a digest over what the entry refers to. Undefined where that says nothing, as for a fifo. */
  readonly content: string | undefined;
}

/** Snapshots looked through at once: hides the wait for the store. */
const lanes = 8;

/**
 * One path through many snapshots, in their order. Folders that did not change between snapshots are read once. Throws
 * `damaged` for a folder on the way that cannot be read.
 */
export async function entryVersions(
  repository: Repository,
  snapshots: readonly Pick<Snapshot, 'tree'>[],
  path: string | Uint8Array,
): Promise<EntryVersion[]> {
  const names = pathNames(path);
  if (names.length === 0)
    throw new FortFailError({ kind: 'invalid-input', code: 'path', message: 'unable to tell the versions of the root folder' });
  const known = new Map<string, Promise<TreeNode | undefined>>();
  const childOf = (treeId: string, depth: number, name: Buffer): Promise<TreeNode | undefined> => {
    const key = `${depth} ${treeId}`;
    const asked = known.get(key) ?? findChild(repository, treeId, name);
    known.set(key, asked);
    return asked;
  };
  return await boundedMap(snapshots, lanes, async ({ tree }) => {
    let current: string | undefined = tree;
    let node: TreeNode | undefined;
    for (const [depth, name] of names.entries()) {
      node = current === undefined ? undefined : await childOf(current, depth, name);
      current = node?.subtree;
      if (node === undefined) break;
    }
    return { node, content: node === undefined ? undefined : contentDigest(node) };
  });
}

async function findChild(repository: Repository, treeId: string, name: Buffer): Promise<TreeNode | undefined> {
  const tree = await repository.loadTree(treeId);
  return tree.nodes.find((candidate) => candidate.name.equals(name));
}

/** Ids are digests of the bytes, so equal lists of ids mean equal bytes; folders are told apart by their tree. */
function contentDigest(node: TreeNode): string | undefined {
  const what =
    node.type === 'file' ? (node.content ?? []).join('') : node.type === 'dir' ? node.subtree : node.linkTarget?.toString('latin1');
  return what === undefined ? undefined : hash('sha256', `${node.type}\0${what}`, 'hex');
}

import type { Repository, Tree, TreeNode } from '@fortfail/repository';
import { joinPath } from '@fortfail/source';

/** Told what a stored tree holds, in tree order: a folder's entries lie between its `enter` and its `leave`. */
export interface TreeVisitor {
  /** False passes over what is below. `leave` is then not called. */
  enter(path: Buffer, node: TreeNode): boolean;
  entry(path: Buffer, node: TreeNode): void;
  /** `tree` is what was visited; undefined when it could not be read. */
  leave(path: Buffer, node: TreeNode, tree: Tree | undefined): void;
  /** A folder whose tree cannot be read: it is left with nothing in it. Throwing ends the walk. */
  damaged(path: Buffer, error: unknown): void;
  /** Asked after every entry; what it answers with is awaited before the next. */
  pause?(): Promise<void> | undefined;
}

export interface WalkTreeOptions {
  readonly signal?: AbortSignal | undefined;
  /** Path of the root; the entries' paths begin with it. */
  readonly root?: Buffer;
}

interface Frame {
  readonly path: Buffer;
  /** Undefined for the root. */
  readonly node: TreeNode | undefined;
  readonly tree: Tree;
  next: number;
  /** Entries before this one have had their tree asked for. */
  requested: number;
}

/** Trees asked for before they are needed, in each open folder: hides the wait for the store. */
const readAhead = 8;

/** Visits a stored tree, holding only the open folders and the few trees read ahead. Throws when the root cannot be read. */
export async function walkTree(repository: Repository, treeId: string, visitor: TreeVisitor, options: WalkTreeOptions = {}): Promise<void> {
  const pending = new Map<TreeNode, Promise<Tree>>();
  const root = await repository.loadTree(treeId);
  const stack: Frame[] = [{ path: options.root ?? Buffer.from('/'), node: undefined, tree: root, next: 0, requested: 0 }];
  for (let frame = stack.at(-1); frame !== undefined; frame = stack.at(-1)) {
    const node = frame.tree.nodes[frame.next];
    if (node === undefined) {
      stack.pop();
      if (frame.node !== undefined) visitor.leave(frame.path, frame.node, frame.tree);
      continue;
    }
    frame.next += 1;
    const path = joinPath(frame.path, node.name);
    if (node.type !== 'dir' || node.subtree === undefined) {
      visitor.entry(path, node);
      const pause = visitor.pause?.();
      if (pause !== undefined) await pause;
      continue;
    }
    if (!visitor.enter(path, node)) {
      pending.delete(node);
      continue;
    }
    options.signal?.throwIfAborted();
    requestAhead(repository, frame, pending);
    const tree = await loadSubtree(repository, node, pending, (error) => visitor.damaged(path, error));
    if (tree === undefined) visitor.leave(path, node, undefined);
    else stack.push({ path, node, tree, next: 0, requested: 0 });
  }
}

function requestAhead(repository: Repository, frame: Frame, pending: Map<TreeNode, Promise<Tree>>): void {
  frame.requested = Math.max(frame.requested, frame.next);
  const end = Math.min(frame.tree.nodes.length, frame.next + readAhead);
  for (; frame.requested < end; frame.requested += 1) {
    const node = frame.tree.nodes[frame.requested];
    if (node?.type !== 'dir' || node.subtree === undefined) continue;
    const tree = repository.loadTree(node.subtree);
    // Whoever comes to this folder hears of the failure; nobody may.
    tree.catch(() => undefined);
    pending.set(node, tree);
  }
}

async function loadSubtree(
  repository: Repository,
  node: TreeNode,
  pending: Map<TreeNode, Promise<Tree>>,
  onDamaged: (error: unknown) => void,
): Promise<Tree | undefined> {
  try {
    const asked = pending.get(node);
    pending.delete(node);
    return await (asked ?? repository.loadTree(node.subtree ?? ''));
  } catch (error) {
    onDamaged(error);
    return undefined;
  }
}

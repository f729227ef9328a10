import { FortFailError } from '@fortfail/base';
import type { Repository, Tree, TreeNode } from '@fortfail/repository';
import { checkNodeName, pathText } from '@fortfail/source';
import { type TreeVisitor, walkTree } from '../inspect/walk-tree.ts';
import type { Selection } from './selection.ts';

/** Told what a restore meets: folders only when they or something in them is restored, parents before children. */
export interface RestoreVisitor {
  enter(path: Buffer, node: TreeNode): void;
  entry(path: Buffer, node: TreeNode): void;
  /** `tree` is the whole stored folder, also what was not selected. */
  leave(path: Buffer, node: TreeNode, tree: Tree | undefined): void;
  /** Something of the snapshot cannot be restored: a damaged tree, a name that is not allowed. */
  failed(path: Buffer, error: unknown): void;
  /** Asked after every entry; what it answers with is awaited before the next. */
  pause?(): Promise<void> | undefined;
}

interface OpenFolder {
  readonly path: Buffer;
  readonly node: TreeNode;
  isEntered: boolean;
}

/** Walks what of a stored tree is selected, in tree order, the same way every time. */
export async function walkSelected(
  repository: Repository,
  treeId: string,
  selection: Selection,
  visitor: RestoreVisitor,
  signal: AbortSignal | undefined,
): Promise<void> {
  await walkTree(repository, treeId, new SelectedWalk(selection, visitor), { signal });
}

/** A folder comes here only when it names no tree. */
const restorableTypes: ReadonlySet<string> = new Set(['file', 'symlink', 'fifo', 'dev', 'chardev']);

function notRestorable(path: Buffer, { type }: TreeNode): FortFailError {
  const reason = type === 'dir' ? 'the snapshot does not say what is in this folder' : `an entry of type '${type}' is not known`;
  return new FortFailError({ kind: 'damaged', code: 'node-form', message: `unable to restore '${pathText(path)}', ${reason}` });
}

class SelectedWalk implements TreeVisitor {
  readonly #selection: Selection;
  readonly #visitor: RestoreVisitor;
  readonly #open: OpenFolder[] = [];

  constructor(selection: Selection, visitor: RestoreVisitor) {
    this.#selection = selection;
    this.#visitor = visitor;
  }

  enter(path: Buffer, node: TreeNode): boolean {
    if (!this.#isAllowed(path, node)) return false;
    const { isSelected, childMayBe } = this.#selection.select(path);
    if (!isSelected && !childMayBe) return false;
    this.#open.push({ path, node, isEntered: false });
    if (isSelected) this.#enterOpen();
    return true;
  }

  entry(path: Buffer, node: TreeNode): void {
    if (!this.#isAllowed(path, node) || !this.#selection.select(path).isSelected) return;
    // Sockets and what was no file at all mean nothing elsewhere; restic passes over them too.
    if (node.type === 'socket' || node.type === 'irregular') return;
    if (!restorableTypes.has(node.type)) {
      this.#visitor.failed(path, notRestorable(path, node));
      return;
    }
    this.#enterOpen();
    this.#visitor.entry(path, node);
  }

  leave(path: Buffer, node: TreeNode, tree: Tree | undefined): void {
    if (this.#open.pop()?.isEntered === true) this.#visitor.leave(path, node, tree);
  }

  damaged(path: Buffer, error: unknown): void {
    this.#visitor.failed(path, error);
  }

  pause(): Promise<void> | undefined {
    return this.#visitor.pause?.();
  }

  #enterOpen(): void {
    for (const folder of this.#open) {
      if (folder.isEntered) continue;
      folder.isEntered = true;
      this.#visitor.enter(folder.path, folder.node);
    }
  }

  #isAllowed(path: Buffer, node: TreeNode): boolean {
    try {
      checkNodeName(node.name);
      return true;
    } catch (error) {
      this.#visitor.failed(path, error);
      return false;
    }
  }
}

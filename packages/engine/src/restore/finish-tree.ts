import { FortFailError, toErrorRecord } from '@fortfail/base';
import type { Repository, Tree, TreeNode } from '@fortfail/repository';
import { type FileMetadata, joinPath, pathText, type RestoreTarget } from '@fortfail/source';
import type { FailureList, ItemEvent } from '../events.ts';
import type { FileStates } from './file-states.ts';
import type { RestorePlan } from './restore-plan.ts';
import { type RestoreVisitor, walkSelected } from './selected-walk.ts';
import type { Selection } from './selection.ts';

export interface FinishContext {
  readonly repository: Repository;
  readonly plan: RestorePlan;
  readonly treeId: string;
  readonly selection: Selection;
  readonly target: RestoreTarget;
  readonly states: FileStates;
  readonly failures: FailureList;
  readonly deletesExtra: boolean;
  readonly signal: AbortSignal;
  readonly onItem: ((action: ItemEvent['action'], path: Buffer, node: TreeNode) => void) | undefined;
}

/** What the second walk made. */
export interface FinishCounts {
  readonly others: number;
  readonly linkedFiles: number;
}

/**
 * The second walk over the snapshot, when all contents are written: links, pipes, devices, hard links, and the metadata
 * of folders as the last thing that happens in each of them.
 */
export async function finishTree(context: FinishContext): Promise<FinishCounts> {
  const visitor = new FinishVisitor(context);
  await walkSelected(context.repository, context.treeId, context.selection, visitor, context.signal);
  if (context.deletesExtra) {
    const names = (await context.repository.loadTree(context.treeId)).nodes.map((node) => node.name);
    context.target.leaveFolder(context.target.root, undefined, names, visitor.mayDelete);
  }
  return visitor;
}

class FinishVisitor implements RestoreVisitor, FinishCounts {
  others = 0;
  linkedFiles = 0;
  readonly #context: FinishContext;
  readonly #numbers: Iterator<number | undefined>;
  readonly #folders: { readonly path: Buffer; readonly number: number }[];
  #nextFolder = 1;

  constructor(context: FinishContext) {
    this.#context = context;
    this.#numbers = context.plan.numbering();
    this.#folders = [{ path: context.target.root, number: 0 }];
  }

  /** Only what the filters would have restored may be removed. */
  readonly mayDelete = (path: Buffer): boolean => {
    const { target, selection } = this.#context;
    return selection.select(path.subarray(target.root.length)).isSelected;
  };

  enter(_path: Buffer, node: TreeNode): void {
    this.#folders.push({ path: joinPath(this.#folder.path, node.name), number: this.#nextFolder });
    this.#nextFolder += 1;
  }

  entry(path: Buffer, node: TreeNode): void {
    const { target, states } = this.#context;
    const place = joinPath(this.#folder.path, node.name);
    if (node.type === 'file') {
      const file = this.#numbers.next().value;
      if (file !== undefined) this.#finishFile(file, path, place, node);
      return;
    }
    if (states.isFolderFailed(this.#folder.number)) return;
    if (target.createSpecial(place, metadataOf(node)) === 'skip') return;
    this.others += 1;
    this.#context.onItem?.('restored', path, node);
  }

  leave(path: Buffer, node: TreeNode, tree: Tree | undefined): void {
    const { path: place, number } = this.#folder;
    this.#folders.pop();
    const { target, states } = this.#context;
    if (states.isFolderFailed(number)) return;
    // Of a folder that could not be read nobody knows what is too much in it.
    const names = tree === undefined ? undefined : tree.nodes.map((child) => child.name);
    target.leaveFolder(place, metadataOf(node), names ?? [], names === undefined ? () => false : this.mayDelete);
    this.#context.onItem?.('restored', path, node);
  }

  /** Named already when the plan was made. */
  failed(): void {
    return;
  }

  get #folder(): { readonly path: Buffer; readonly number: number } {
    return this.#folders[this.#folders.length - 1] ?? { path: this.#context.target.root, number: 0 };
  }

  #finishFile(file: number, path: Buffer, place: Buffer, node: TreeNode): void {
    const { plan, states, target, failures, onItem } = this.#context;
    const master = plan.masterOf(file);
    if (master !== undefined) {
      if (states.get(master) === 'failed') {
        states.set(file, 'failed');
        failures.add({
          item: pathText(path),
          during: 'restore',
          error: toErrorRecord(linkedDamaged(pathText(states.snapshotPath(master)))),
        });
        return;
      }
      const isLinked = !states.isFolderFailed(this.#folder.number) && target.link(states.path(master), place, metadataOf(node)) !== 'skip';
      states.set(file, isLinked ? 'done' : 'skipped');
      if (isLinked) this.linkedFiles += 1;
    } else if (states.get(file) === 'unchanged') {
      target.updateMetadata(place, metadataOf(node));
    }
    const state = states.get(file);
    if (state === 'done') onItem?.('restored', path, node);
    else if (state === 'skipped' || state === 'unchanged') onItem?.(state, path, node);
  }
}

function linkedDamaged(master: string): Error {
  return new FortFailError({
    kind: 'damaged',
    code: 'link-target',
    message: `unable to restore a hard link, its file '${master}' could not be restored`,
  });
}

/** The node as the source package knows it; a type it does not know is never restored. */
function metadataOf(node: TreeNode): FileMetadata {
  return { ...node, type: node.type as FileMetadata['type'] };
}

import type { Tree, TreeNode, TreeNodeDraft } from '@fortfail/repository';
import { pathText } from '@fortfail/source';
import type { BackupCounters, EntryState } from './backup-counters.ts';
import { isSameNode } from './node-equality.ts';

/** A folder of the parent snapshot, with its id. */
export interface PreviousTree extends Tree {
  readonly id: string;
}

/** A folder of the source between its first entry and the moment its tree has an id. */
export interface OpenFolder {
  readonly parent: OpenFolder | undefined;
  /** Place of the folder's own node in its parent. */
  readonly slot: number;
  /** Undefined for the root of the snapshot, which has no node. */
  readonly node: TreeNodeDraft | undefined;
  readonly previous: TreeNode | undefined;
  readonly previousTree: PreviousTree | undefined;
  readonly nodes: (TreeNodeDraft | undefined)[];
  /** Children without a final node, and one more while the folder is being listed. */
  pending: number;
  /** Children that are exactly as the parent snapshot has them. */
  sameNodes: number;
  /** Where the next look into the previous tree begins: both are in the same order. */
  cursor: number;
}

export interface TreeBuilderOptions {
  readonly encode: (nodes: readonly TreeNodeDraft[]) => Buffer;
  readonly save: (bytes: Buffer) => Promise<string>;
  readonly hasTree: (id: string) => boolean;
  readonly counters: BackupCounters;
  readonly onEntry?: ((path: string, node: TreeNodeDraft, state: EntryState) => void) | undefined;
}

/**
 * Turns entries into trees from the leaves up: a folder's tree is written when its last child is final. A folder whose
 * nodes are all as the parent snapshot has them keeps that tree's id and is not written at all.
 */
export class TreeBuilder {
  readonly #options: TreeBuilderOptions;
  readonly #root = Promise.withResolvers<string | undefined>();

  constructor(options: TreeBuilderOptions) {
    this.#options = options;
    this.#root.promise.catch(() => undefined);
  }

  /** Id of the root tree; undefined when there is not one entry. Rejects when a tree could not be saved. */
  get rootTree(): Promise<string | undefined> {
    return this.#root.promise;
  }

  openRoot(previousTree: PreviousTree | undefined): OpenFolder {
    return openFolder(undefined, 0, undefined, undefined, previousTree);
  }

  enter(parent: OpenFolder, node: TreeNodeDraft, previous: TreeNode | undefined, previousTree: PreviousTree | undefined): OpenFolder {
    return openFolder(parent, this.reserve(parent), node, previous, previousTree);
  }

  /** Keeps a place for an entry whose content is still being read. */
  reserve(folder: OpenFolder): number {
    folder.pending += 1;
    return folder.nodes.push(undefined) - 1;
  }

  /** Puts an entry in the place kept for it; undefined leaves it out. */
  settle(folder: OpenFolder, slot: number, node: TreeNodeDraft | undefined, previous: TreeNode | undefined): void {
    if (node !== undefined) {
      folder.nodes[slot] = node;
      this.#count(folder, node, previous);
    }
    this.#release(folder);
  }

  /** Adds an entry that is final at once. */
  add(folder: OpenFolder, node: TreeNodeDraft, previous: TreeNode | undefined): void {
    folder.nodes.push(node);
    this.#count(folder, node, previous);
  }

  /** The folder has no more children. */
  leave(folder: OpenFolder): void {
    this.#release(folder);
  }

  /** The node of that name in the parent snapshot. Names must be asked for in tree order. */
  previousNode(folder: OpenFolder, name: Uint8Array): TreeNode | undefined {
    const nodes = folder.previousTree?.nodes;
    if (nodes === undefined) return undefined;
    for (;;) {
      const node = nodes[folder.cursor];
      if (node === undefined) return undefined;
      const order = Buffer.compare(node.name, name);
      if (order > 0) return undefined;
      folder.cursor += 1;
      if (order === 0) return node;
    }
  }

  #count(folder: OpenFolder, node: TreeNodeDraft, previous: TreeNode | undefined): void {
    const isSame = previous !== undefined && isSameNode(node, previous);
    if (isSame) folder.sameNodes += 1;
    const state = isSame ? 'unchanged' : previous === undefined || previous.type !== node.type ? 'new' : 'modified';
    this.#options.counters.track(node, state);
    this.#options.onEntry?.(itemPath(folder, node), node, state);
  }

  #release(folder: OpenFolder): void {
    folder.pending -= 1;
    if (folder.pending > 0) return;
    this.#close(folder).catch((error) => this.#root.reject(error));
  }

  async #close(folder: OpenFolder): Promise<void> {
    const nodes = folder.nodes.filter((node) => node !== undefined);
    const { parent, node } = folder;
    if (parent === undefined || node === undefined) {
      this.#root.resolve(nodes.length === 0 ? undefined : await this.#treeId(folder, nodes));
      return;
    }
    const subtree = await this.#treeId(folder, nodes);
    this.settle(parent, folder.slot, { ...node, subtree }, folder.previous);
  }

  async #treeId(folder: OpenFolder, nodes: readonly TreeNodeDraft[]): Promise<string> {
    const known = folder.previousTree?.id;
    const isSame = folder.sameNodes === nodes.length && folder.previousTree?.nodes.length === nodes.length;
    if (known !== undefined && isSame && this.#options.hasTree(known)) return known;
    return this.#options.save(this.#options.encode(nodes));
  }
}

/** Where the entry lies in the snapshot, for people; a folder ends in a slash. */
function itemPath(folder: OpenFolder, node: TreeNodeDraft): string {
  let path = `/${pathText(node.name)}${node.type === 'dir' ? '/' : ''}`;
  for (let at: OpenFolder | undefined = folder; at?.node !== undefined; at = at.parent) path = `/${pathText(at.node.name)}${path}`;
  return path;
}

function openFolder(
  parent: OpenFolder | undefined,
  slot: number,
  node: TreeNodeDraft | undefined,
  previous: TreeNode | undefined,
  previousTree: PreviousTree | undefined,
): OpenFolder {
  return { parent, slot, node, previous, previousTree, nodes: [], pending: 1, sameNodes: 0, cursor: 0 };
}

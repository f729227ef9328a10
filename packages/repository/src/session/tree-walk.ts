import { boundedMap, FortFailError } from '@fortfail/base';
import { decodeTree } from '../format/decode-tree.ts';
import type { Tree } from '../format/tree-node.ts';

/** How trees are fetched: one by one, whatever lies behind it. */
export interface TreeSource {
  loadBlob(type: 'tree', id: string, signal?: AbortSignal): Promise<Buffer>;
}

export interface WalkOptions {
  readonly signal?: AbortSignal | undefined;
  /** How many trees are fetched at once. */
  readonly connections: number;
  /** A tree that cannot be read: with a handler the walk goes on without it, else it throws. */
  readonly onUnreadable?: ((id: string, error: unknown) => void) | undefined;
}

const batchTrees = 512;

/**
 * Calls back once for every tree below the roots, however often it occurs, in no order that means anything. Memory is
 * what the ids take, not what the trees take.
 */
export async function walkTrees(
  source: TreeSource,
  roots: Iterable<string>,
  onTree: (id: string, tree: Tree) => void,
  options: WalkOptions,
): Promise<void> {
  const seen = new Set<string>();
  const waiting: string[] = [];
  const enqueue = (id: string): void => {
    if (seen.has(id)) return;
    seen.add(id);
    waiting.push(id);
  };
  for (const root of roots) enqueue(root);
  while (waiting.length > 0) {
    options.signal?.throwIfAborted();
    // From the end: depth first keeps the list of waiting ids short.
    const batch = waiting.splice(-batchTrees);
    await boundedMap(batch, options.connections, async (id) => {
      const tree = await fetchTree(source, id, options);
      if (tree === undefined) return;
      onTree(id, tree);
      for (const node of tree.nodes) if (node.type === 'dir' && node.subtree !== undefined) enqueue(node.subtree);
    });
  }
}

async function fetchTree(source: TreeSource, id: string, options: WalkOptions): Promise<Tree | undefined> {
  try {
    return decodeTree(await source.loadBlob('tree', id, options.signal));
  } catch (error) {
    const isHandled =
      options.onUnreadable !== undefined && error instanceof FortFailError && error.kind !== 'cancelled' && error.kind !== 'bug';
    if (!isHandled) throw error;
    options.onUnreadable?.(id, error);
    return undefined;
  }
}

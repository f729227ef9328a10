import { goQuote } from './go-quote.ts';
import type { Tree, TreeNode } from './tree-node.ts';

const knownTypes: ReadonlySet<string> = new Set(['file', 'dir', 'symlink', 'dev', 'chardev', 'fifo', 'socket', 'irregular']);

/** What `check` says about a tree: `faults` are errors, `hints` are legal and yet restored wrongly by some tool. */
export interface TreeVerdict {
  readonly faults: readonly string[];
  readonly hints: readonly string[];
}

const dot = 0x2e;

function isPath(name: Buffer): boolean {
  if (name.length <= 2 && name[0] === dot && (name.length === 1 || name[1] === dot)) return true;
  return name.includes(0x2f);
}

function nodeFault(node: TreeNode, previous: TreeNode | undefined): string | undefined {
  if (node.name.length === 0) return 'it has no name';
  if (isPath(node.name)) return 'its name is a path';
  if (previous !== undefined && Buffer.compare(previous.name, node.name) >= 0) return 'it stands out of order';
  if (!knownTypes.has(node.type)) return `its type '${node.type}' is unknown`;
  if (node.type === 'file' && node.content === undefined) return 'the file has no content list';
  if (node.type === 'dir' && node.subtree === undefined) return 'the folder has no tree';
  return undefined;
}

/** Judges a tree that could be decoded: one sentence for each node in fault, none for a sound tree. */
export function judgeTree(tree: Tree): TreeVerdict {
  const faults: string[] = [];
  const hints: string[] = [];
  for (let i = 0; i < tree.nodes.length; i += 1) {
    const node = tree.nodes[i];
    if (node === undefined) continue;
    const fault = nodeFault(node, tree.nodes[i - 1]);
    if (fault !== undefined) faults.push(`node '${goQuote(node.name)}': ${fault}`);
    if (node.type === 'file' && node.links > 1n && node.inode === 0n) {
      hints.push(`node '${goQuote(node.name)}': it has several links but no inode, restic restores such files as one`);
    }
  }
  return { faults, hints };
}

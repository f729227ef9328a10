import { asFortFailError } from '@fortfail/base';
import { goQuote } from '../format/go-quote.ts';
import { judgeTree } from '../format/tree-faults.ts';
import type { Tree } from '../format/tree-node.ts';
import type { SharedIndex } from '../index-store/shared-index.ts';
import type { PackReader } from '../pack/pack-reader.ts';
import { walkTrees } from '../session/tree-walk.ts';
import type { CheckFindings, CheckProgress } from './check-report.ts';

interface TreeCheck {
  readonly roots: readonly string[];
  readonly index: SharedIndex;
  readonly reader: PackReader;
  readonly connections: number;
  readonly findings: CheckFindings;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: CheckProgress) => void) | undefined;
}

const progressEvery = 256;

/** Loads and judges every tree below the roots; data blobs must be in the index. */
export async function checkTrees(check: TreeCheck): Promise<void> {
  const { roots, index, reader, findings, onProgress } = check;
  await walkTrees(
    { loadBlob: (type, id) => reader.readBlob(type, Buffer.from(id, 'hex')) },
    roots,
    (id, tree) => {
      judge(id, tree, index, findings);
      findings.trees += 1;
      if (findings.trees % progressEvery === 0) onProgress?.({ phase: 'trees', done: findings.trees, total: 0 });
    },
    {
      connections: check.connections,
      signal: check.signal,
      onUnreadable: (id, error) => findings.errors.push(`tree ${id}: ${asFortFailError(error).message}`),
    },
  );
  onProgress?.({ phase: 'trees', done: findings.trees, total: findings.trees });
}

function judge(id: string, tree: Tree, index: SharedIndex, findings: CheckFindings): void {
  const { faults, hints } = judgeTree(tree);
  for (const fault of faults) findings.errors.push(`tree ${id}: ${fault}`);
  for (const hint of hints) findings.hints.push(`tree ${id}: ${hint}`);
  for (const node of tree.nodes) {
    if (node.content === undefined) continue;
    for (const blob of node.content) {
      if (index.has('data', Buffer.from(blob, 'hex'))) continue;
      findings.errors.push(`tree ${id}: file '${goQuote(node.name)}' needs data blob ${blob}, which no index lists`);
    }
  }
}

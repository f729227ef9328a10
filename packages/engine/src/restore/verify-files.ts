import type { Repository, TreeNode } from '@fortfail/repository';
import type { RestorePool } from './fetch.ts';
import type { RestoreReply } from './restore-jobs.ts';
import type { RestorePlan } from './restore-plan.ts';
import { type RestoreVisitor, walkSelected } from './selected-walk.ts';
import type { Selection } from './selection.ts';
import { VerifyBatches } from './verify-batches.ts';

export interface VerifyContext {
  readonly repository: Repository;
  readonly plan: RestorePlan;
  readonly treeId: string;
  readonly selection: Selection;
  readonly pool: RestorePool;
  readonly signal: AbortSignal;
  /** Path on disk of a file to compare, or undefined to leave it out. */
  readonly pathOf: (file: number, node: TreeNode) => Buffer | undefined;
  readonly onReply: (reply: RestoreReply) => void;
}

/** Compares files on disk with the contents that the snapshot recorded, with all threads. */
export async function verifyFiles(context: VerifyContext): Promise<void> {
  const { repository, plan, treeId, selection, pool, signal, pathOf, onReply } = context;
  const batches = new VerifyBatches(repository, pool, onReply);
  const numbers: Iterator<number | undefined> = plan.numbering();
  const visitor: RestoreVisitor = {
    enter: () => undefined,
    entry: (_path, node) => {
      if (node.type !== 'file') return;
      const file = numbers.next().value;
      const place = file === undefined ? undefined : pathOf(file, node);
      if (file !== undefined && place !== undefined) batches.add(file, place, node);
    },
    leave: () => undefined,
    failed: () => undefined,
    pause: () => batches.pause(),
  };
  await walkSelected(repository, treeId, selection, visitor, signal);
  await batches.drained();
}

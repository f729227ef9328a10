import type { Repository, TreeNode } from '@fortfail/repository';
import { joinPaths } from '../archive/archive-jobs.ts';
import type { RestorePool } from './fetch.ts';
import type { RestoreReply, VerifyJob } from './restore-jobs.ts';
import type { RestorePlan } from './restore-plan.ts';
import { type RestoreVisitor, walkSelected } from './selected-walk.ts';
import type { Selection } from './selection.ts';

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

const batchFiles = 128;
const batchBytes = 8 << 20;

/** Compares files on disk with the contents that the snapshot recorded, with all threads. */
export async function verifyFiles(context: VerifyContext): Promise<void> {
  const visitor = new VerifyVisitor(context);
  await walkSelected(context.repository, context.treeId, context.selection, visitor, context.signal);
  await visitor.drained();
}

class VerifyVisitor implements RestoreVisitor {
  readonly #context: VerifyContext;
  readonly #numbers: Iterator<number | undefined>;
  readonly #open = new Set<Promise<void>>();
  #files: VerifyJob['files'][number][] = [];
  #paths: Buffer[] = [];
  #bytes = 0;
  #failure: { readonly error: unknown } | undefined;

  constructor(context: VerifyContext) {
    this.#context = context;
    this.#numbers = context.plan.numbering();
  }

  enter(): void {
    return;
  }

  entry(_path: Buffer, node: TreeNode): void {
    if (node.type !== 'file') return;
    const file = this.#numbers.next().value;
    const place = file === undefined ? undefined : this.#context.pathOf(file, node);
    if (file === undefined || place === undefined) return;
    const ids = Buffer.from((node.content ?? []).join(''), 'hex');
    const lengths = Float64Array.from(node.content ?? [], (id) => plainLength(this.#context.repository, id));
    this.#files.push({ file, lengths, ids });
    this.#paths.push(place);
    this.#bytes += Number(node.size);
    if (this.#files.length >= batchFiles || this.#bytes >= batchBytes) this.#submit();
  }

  leave(): void {
    return;
  }

  failed(): void {
    return;
  }

  pause(): Promise<void> | undefined {
    return this.#context.pool.waiting >= 2 * this.#context.pool.threads ? this.#context.pool.room(this.#context.pool.threads) : undefined;
  }

  async drained(): Promise<void> {
    this.#submit();
    await Promise.all(this.#open);
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  #submit(): void {
    if (this.#files.length === 0) return;
    const job = { kind: 'verify', files: this.#files, paths: joinPaths(this.#paths) } as const;
    this.#files = [];
    this.#paths = [];
    this.#bytes = 0;
    const done = this.#context.pool
      .submit(job)
      .then(this.#context.onReply)
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => this.#open.delete(done));
    this.#open.add(done);
  }
}

/** Bytes of a blob's plaintext; 0, which no file matches, when the index does not know it. */
function plainLength(repository: Repository, id: string): number {
  const found = repository.index.find('data', Buffer.from(id, 'hex'));
  return found === undefined ? 0 : found.uncompressedLength || found.length - 32;
}

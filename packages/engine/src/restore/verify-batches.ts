import type { Repository, TreeNode } from '@fortfail/repository';
import { joinPaths } from '../archive/archive-jobs.ts';
import type { RestorePool } from './fetch.ts';
import type { RestoreReply, VerifyJob } from './restore-jobs.ts';

const batchFiles = 128;
const batchBytes = 8 << 20;

/** Collects files to be compared with the recorded ids of their pieces, and has threads do it. */
export class VerifyBatches {
  readonly #repository: Repository;
  readonly #pool: RestorePool;
  readonly #onReply: (reply: RestoreReply) => void;
  readonly #open = new Set<Promise<void>>();
  #files: VerifyJob['files'][number][] = [];
  #paths: Buffer[] = [];
  #bytes = 0;
  #failure: { readonly error: unknown } | undefined;

  constructor(repository: Repository, pool: RestorePool, onReply: (reply: RestoreReply) => void) {
    this.#repository = repository;
    this.#pool = pool;
    this.#onReply = onReply;
  }

  /** `file` is the caller's own number, by which replies speak of it. */
  add(file: number, place: Buffer, node: TreeNode): void {
    const content = node.content ?? [];
    const lengths = Float64Array.from(content, (id) => plainLength(this.#repository, id));
    this.#files.push({ file, lengths, ids: Buffer.from(content.join(''), 'hex') });
    this.#paths.push(place);
    this.#bytes += Number(node.size);
    if (this.#files.length >= batchFiles || this.#bytes >= batchBytes) this.#submit();
  }

  /** The brake for whoever adds. */
  pause(): Promise<void> | undefined {
    const { waiting, threads } = this.#pool;
    return waiting >= 2 * threads ? this.#pool.room(threads) : undefined;
  }

  /** Resolves when everything was compared. Throws when a thread could not go on. */
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
    const done = this.#pool
      .submit(job)
      .then(this.#onReply)
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

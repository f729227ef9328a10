import { fromErrorRecord } from '@fortfail/base';
import type { ThreadPool } from '../threads/thread-pool.ts';
import { type ArchiveJob, type ArchiveReply, type FilesReply, joinPaths, type StoredCounts } from './archive-jobs.ts';
import { storeLargeFile } from './large-file.ts';

export interface StoredFile {
  readonly content: Uint8Array;
  readonly sizeBytes: number;
}

export interface FileRequest {
  readonly path: Buffer;
  readonly sizeBytes: number;
  /** Called once, with what was stored or why nothing was. */
  readonly done: (result: StoredFile | Error) => void;
}

const maxPaths = 128;
const maxBytes = 4 << 20;
/** What a file costs beside its bytes, so that many small files do not make one giant batch. */
const bytesPerFile = 16 << 10;
/** Enough for the threads to go on while the walk lists a large folder, and few enough for their entries to die young. */
const maxWaiting = 16;
const largeFileBytes = 64 << 20;
const maxLargeFiles = 2;

export type ArchivePool = ThreadPool<ArchiveJob, ArchiveReply, ArchiveEvent, StoredCounts>;
export interface ArchiveEvent {
  readonly pack: Uint8Array;
}

/** Collects files into batches for the worker threads; large ones are spread over all of them. */
export class FileBatches {
  readonly #pool: ArchivePool;
  readonly #onFailure: (error: unknown) => void;
  #files: FileRequest[] = [];
  #bytes = 0;
  #open = 0;
  #large = new Set<Promise<void>>();
  #idle: (() => void) | undefined;

  /** `onFailure` hears of what no single file is to blame for: a full disk, a lost thread. */
  constructor(pool: ArchivePool, onFailure: (error: unknown) => void) {
    this.#pool = pool;
    this.#onFailure = onFailure;
  }

  add(file: FileRequest): void {
    if (file.sizeBytes >= largeFileBytes && this.#pool.threads > 1) {
      this.#addLarge(file);
      return;
    }
    this.#files.push(file);
    this.#bytes += file.sizeBytes + bytesPerFile;
    if (this.#bytes >= maxBytes || this.#files.length >= maxPaths) this.flush();
  }

  /** True while so much waits that the walk should pause in `room()`. */
  get isFull(): boolean {
    return this.#pool.waiting >= maxWaiting || this.#large.size >= maxLargeFiles;
  }

  async room(): Promise<void> {
    while (this.#large.size >= maxLargeFiles) await Promise.race(this.#large);
    await this.#pool.room(maxWaiting);
  }

  /** Sends what has been collected. */
  flush(): void {
    const files = this.#files;
    if (files.length === 0) return;
    this.#files = [];
    this.#bytes = 0;
    const job = {
      kind: 'files',
      paths: joinPaths(files.map((file) => file.path)),
      sizes: Float64Array.from(files, (file) => file.sizeBytes),
    } as const;
    this.#open += 1;
    this.#pool
      .submit(job, { transfer: [job.paths.buffer, job.sizes.buffer] })
      .then((reply) => settleFiles(files, reply))
      .catch(this.#onFailure)
      .finally(() => this.#ended());
  }

  /** Resolves when every file that was added has been answered. */
  async drained(): Promise<void> {
    this.flush();
    while (this.#open > 0) await new Promise<void>((resolve) => (this.#idle = resolve));
  }

  #addLarge(file: FileRequest): void {
    this.#open += 1;
    const stored = storeLargeFile(this.#pool, file)
      .catch(this.#onFailure)
      .finally(() => {
        this.#large.delete(stored);
        this.#ended();
      });
    this.#large.add(stored);
  }

  #ended(): void {
    this.#open -= 1;
    if (this.#open === 0) this.#idle?.();
  }
}

function settleFiles(files: readonly FileRequest[], reply: ArchiveReply): void {
  const { ids, chunkCounts, sizes, failures } = reply as FilesReply;
  const failed = new Map(failures.map(({ index, error }) => [index, fromErrorRecord(error)]));
  let offset = 0;
  files.forEach((file, index) => {
    const end = offset + 32 * (chunkCounts[index] ?? 0);
    // A copy of its own: a view would keep the ids of the whole batch alive as long as one folder is open.
    const content = ids.slice(offset, end);
    offset = end;
    file.done(failed.get(index) ?? { content, sizeBytes: sizes[index] ?? 0 });
  });
}

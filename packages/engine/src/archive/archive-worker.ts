import { closeSync } from 'node:fs';
import { workerData } from 'node:worker_threads';
import { type ErrorRecord, FortFailError, isFortFailError, toErrorRecord } from '@fortfail/base';
import {
  type BlobPipelineInit,
  Chunker,
  dataWriterMemory,
  encodePackRecord,
  type PackRecord,
  PackWriter,
} from '@fortfail/repository/threads';
import { fileError, type OpenedFile, openForRead } from '@fortfail/source/threads';
import { type JobHandler, serveJobs } from '../threads/serve-jobs.ts';
import type { ArchiveJob, ArchiveReply, ChunksJob, FilesJob, FilesReply, ScanJob, StoredCounts } from './archive-jobs.ts';
import { splitPaths } from './archive-jobs.ts';
import { openPipelineBackend } from './discarding-backend.ts';
import type { ArchiveEvent } from './file-batches.ts';
import { FileChunks, readRegionBytes } from './file-chunks.ts';

/** What a thread of a backup is started with. */
export interface ArchiveWorkerInit {
  readonly pipeline: BlobPipelineInit;
  readonly isDryRun: boolean;
}

/** Reads, cuts, hashes, compresses, seals and stores: everything about a file's bytes happens here, in one memory. */
class ArchiveWorker implements JobHandler<ArchiveJob, ArchiveReply, StoredCounts> {
  readonly #writer: PackWriter;
  readonly #chunks: FileChunks;

  constructor(writer: PackWriter, chunks: FileChunks) {
    this.#writer = writer;
    this.#chunks = chunks;
  }

  async run(job: ArchiveJob): Promise<{ reply: ArchiveReply; transfer?: ArrayBuffer[] }> {
    if (job.kind === 'files') return this.#files(job);
    return { reply: job.kind === 'scan' ? await this.#scan(job) : await this.#storeChunks(job) };
  }

  async finish(): Promise<StoredCounts> {
    await this.#writer.flush();
    const { dataBlobs, bytesAdded, bytesStored } = this.#writer.totals;
    return { blobs: dataBlobs, bytesAdded, bytesStored };
  }

  async discard(): Promise<void> {
    await this.#writer.drain();
  }

  async #files(job: FilesJob): Promise<{ reply: FilesReply; transfer: ArrayBuffer[] }> {
    const paths = splitPaths(job.paths);
    const ids: Buffer[] = [];
    const chunkCounts = new Uint32Array(paths.length);
    const sizes = new Float64Array(paths.length);
    const failures: { index: number; error: ErrorRecord }[] = [];
    for (const [index, path] of paths.entries()) {
      const firstId = ids.length;
      try {
        sizes[index] = await withFile(path, (file) => this.#readAll(file, path, ids));
      } catch (error) {
        if (!isUnreadable(error)) throw error;
        failures.push({ index, error: toErrorRecord(error) });
        ids.length = firstId;
      }
      chunkCounts[index] = ids.length - firstId;
    }
    const joined = new Uint8Array(32 * ids.length);
    for (const [index, id] of ids.entries()) joined.set(id, 32 * index);
    const reply = { kind: 'files', ids: joined, chunkCounts, sizes, failures } as const;
    return { reply, transfer: [joined.buffer, chunkCounts.buffer, sizes.buffer] };
  }

  #readAll(file: OpenedFile, path: Buffer, ids: Buffer[]): Promise<number> {
    return reading(path, () => this.#chunks.readAll(file.fd, Number(file.stat.size), (chunk) => this.#save(chunk, ids)));
  }

  async #scan(job: ScanJob): Promise<ArchiveReply> {
    const path = Buffer.from(job.path);
    return withFile(path, async (file) => {
      const { lengths, isEnd } = await reading(path, () =>
        this.#chunks.scan(file.fd, Number(file.stat.size), job.offset, job.atLeastBytes),
      );
      return { kind: 'scan', lengths, isEnd, identity: identityOf(file) };
    });
  }

  async #storeChunks(job: ChunksJob): Promise<ArchiveReply> {
    const path = Buffer.from(job.path);
    return withFile(path, async (file) => {
      if (identityOf(file) !== job.identity) throw replaced(path);
      const ids: Buffer[] = [];
      let sizeBytes = 0;
      for (const length of job.lengths) {
        const chunk = await reading(path, async () => this.#chunks.readOne(file.fd, job.offset + sizeBytes, length));
        if (chunk.length > 0) await this.#save(chunk, ids);
        sizeBytes += chunk.length;
        if (chunk.length < length) break;
      }
      return { kind: 'chunks', ids: Buffer.concat(ids), sizeBytes };
    });
  }

  #save(chunk: Uint8Array, ids: Buffer[]): Promise<void> | undefined {
    ids.push(this.#writer.save('data', chunk));
    return this.#writer.needsDrain() ? this.#writer.drain() : undefined;
  }
}

function identityOf(file: OpenedFile): string {
  return `${file.stat.dev}:${file.stat.ino}`;
}

/** Marks a failure as one of this file alone, which the backup survives. */
class UnreadableFile extends FortFailError {}

function unreadable(path: Buffer, error: unknown): UnreadableFile {
  const { kind, message, hint } = isFortFailError(error) ? error : fileError(error, 'read', path);
  return new UnreadableFile({ kind, code: 'unreadable-file', message, hint, cause: error });
}

function isUnreadable(error: unknown): error is UnreadableFile {
  return error instanceof UnreadableFile;
}

function replaced(path: Buffer): UnreadableFile {
  return unreadable(
    path,
    fileError(new FortFailError({ kind: 'conflict', code: 'replaced', message: 'the file was replaced while it was read' }), 'read', path),
  );
}

async function withFile<T>(path: Buffer, work: (file: OpenedFile) => Promise<T>): Promise<T> {
  let file: OpenedFile;
  try {
    file = openForRead(path);
  } catch (error) {
    throw unreadable(path, error);
  }
  try {
    return await work(file);
  } finally {
    closeSync(file.fd);
  }
}

/** Tells failures of the source from those of the store: what `readSync` throws is a system error, the store's are classified. */
async function reading<T>(path: Buffer, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isFortFailError(error)) throw error;
    throw error instanceof Error && 'syscall' in error ? unreadable(path, error) : error;
  }
}

const init = workerData as ArchiveWorkerInit;
const backend = await openPipelineBackend(init.pipeline.location, init.isDryRun);
serveJobs<ArchiveJob, ArchiveReply, ArchiveEvent, StoredCounts>((report) => {
  const memory = dataWriterMemory(init.pipeline, readRegionBytes);
  const onPack = (record: PackRecord): void => {
    const pack = encodePackRecord(record);
    report({ pack }, [pack.buffer]);
  };
  const writer = new PackWriter(init.pipeline, backend, onPack, { memory });
  return new ArchiveWorker(writer, new FileChunks(memory, new Chunker(memory, init.pipeline.polynomial)));
});

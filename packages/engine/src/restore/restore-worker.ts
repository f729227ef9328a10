import { closeSync } from 'node:fs';
import { workerData } from 'node:worker_threads';
import { FortFailError, isFortFailError, toErrorRecord } from '@fortfail/base';
import { type BlobPipelineInit, type PackedBlob, PackReader } from '@fortfail/repository/threads';
import {
  type ApplicableMetadata,
  applyMetadata,
  createFile,
  digestFile,
  fileError,
  OwnerNames,
  openForWrite,
  writeAt,
} from '@fortfail/source/threads';
import { openBackend } from '@fortfail/storage';
import { splitPaths } from '../archive/archive-jobs.ts';
import { type JobHandler, serveJobs } from '../threads/serve-jobs.ts';
import { blobsOfJob, type PackJob, type PieceTarget, targetOf, targetRange } from './pack-job.ts';
import type { FileFailure, FinishJob, RestoreJob, RestoreReply, RestoreSettings, VerifyJob } from './restore-jobs.ts';

export interface RestoreWorkerInit {
  readonly pipeline: BlobPipelineInit;
  readonly settings: RestoreSettings;
}

/** The reply of one job while it is being made. */
class ReplyDraft implements RestoreReply {
  bytes = 0;
  readonly finished: number[] = [];
  readonly pieces: number[] = [];
  readonly failures: FileFailure[] = [];

  fail(file: number, step: FileFailure['step'], error: unknown): void {
    this.failures.push({ file, step, error: toErrorRecord(error) });
  }
}

/** Reads, proves and writes: what is not what its id says never reaches a file. */
class RestoreWorker implements JobHandler<RestoreJob, RestoreReply, void> {
  readonly #reader: PackReader;
  readonly #settings: RestoreSettings;
  readonly #names: OwnerNames | undefined;
  readonly #scratch = Buffer.allocUnsafeSlow(1 << 20);

  constructor(reader: PackReader, settings: RestoreSettings) {
    this.#reader = reader;
    this.#settings = settings;
    this.#names = settings.ownershipByName ? new OwnerNames() : undefined;
  }

  async run(job: RestoreJob): Promise<{ reply: RestoreReply }> {
    const reply = new ReplyDraft();
    if (job.kind === 'pack') await this.#pack(job, reply);
    else if (job.kind === 'finish') this.#finish(job, reply);
    else this.#verify(job, reply);
    return { reply };
  }

  finish(): Promise<void> {
    return Promise.resolve();
  }

  discard(): Promise<void> {
    return Promise.resolve();
  }

  async #pack(job: PackJob, reply: ReplyDraft): Promise<void> {
    const paths = splitPaths(job.paths);
    const blobs = blobsOfJob(job);
    const numbers = new Map(blobs.map((blob, number) => [blob, number]));
    const eachTarget = (blob: PackedBlob, work: (target: PieceTarget, path: Buffer) => void): void => {
      const [first, end] = targetRange(job, numbers.get(blob) ?? 0);
      for (let at = first; at < end; at += 1) {
        const path = paths[at];
        if (path !== undefined) work(targetOf(job, at), path);
      }
    };
    await this.#reader.readRun(
      job.packId,
      blobs,
      (blob, plain) => eachTarget(blob, (target, path) => this.#write(target, path, plain, reply)),
      (blob, error) => eachTarget(blob, (target) => reply.fail(target.file, 'content', error)),
    );
  }

  #write(target: PieceTarget, path: Buffer, plain: Uint8Array, reply: ReplyDraft): void {
    const { isSparse } = this.#settings;
    try {
      const fd = target.whole === undefined ? openForWrite(path) : createFile(path, { sizeBytes: plain.length, sparse: isSparse });
      try {
        writeAt(fd, plain, target.fileOffset, isSparse);
        reply.bytes += plain.length;
        if (target.whole === undefined) reply.pieces.push(target.file);
        else this.#apply(target.file, path, fd, target.whole, reply);
      } finally {
        closeSync(fd);
      }
    } catch (error) {
      // A full disk would fail every file after this one too.
      const failure = isFortFailError(error) ? error : fileError(error, 'write', path);
      if (failure.kind === 'no-space') throw failure;
      reply.fail(target.file, 'content', failure);
    }
  }

  #finish(job: FinishJob, reply: ReplyDraft): void {
    const paths = splitPaths(job.paths);
    for (const [at, { file, isEmpty, metadata }] of job.files.entries()) {
      const path = paths[at];
      if (path === undefined) continue;
      try {
        const fd = isEmpty ? createFile(path, { sizeBytes: 0 }) : openForWrite(path);
        try {
          this.#apply(file, path, fd, metadata, reply);
        } finally {
          closeSync(fd);
        }
      } catch (error) {
        const failure = isFortFailError(error) ? error : fileError(error, 'write', path);
        if (failure.kind === 'no-space') throw failure;
        reply.fail(file, 'content', failure);
      }
    }
  }

  #apply(file: number, path: Buffer, fd: number, metadata: ApplicableMetadata, reply: ReplyDraft): void {
    applyMetadata(path, fd, metadata, {
      onFailure: (failure) => reply.fail(file, 'metadata', failure.error),
      ...(this.#names === undefined ? {} : { ownershipByName: this.#names }),
      ...(this.#settings.limitsXattrs
        ? { selectsXattr: (name: string) => metadata.xattrs.some((attribute) => attribute.name === name) }
        : {}),
    });
    reply.finished.push(file);
  }

  #verify(job: VerifyJob, reply: ReplyDraft): void {
    const paths = splitPaths(job.paths);
    for (const [at, { file, lengths, ids }] of job.files.entries()) {
      const path = paths[at];
      if (path === undefined) continue;
      try {
        const { digests, isWhole, bytesRead } = digestFile(path, lengths, this.#scratch);
        reply.bytes += bytesRead;
        if (!isWhole || !Buffer.concat(digests).equals(ids)) throw differs();
        reply.finished.push(file);
      } catch (error) {
        reply.fail(file, 'content', isFortFailError(error) ? error : fileError(error, 'read', path));
      }
    }
  }
}

function differs(): FortFailError {
  return new FortFailError({
    kind: 'damaged',
    code: 'content-differs',
    message: 'the file does not have the content that the snapshot recorded',
  });
}

const init = workerData as RestoreWorkerInit;
const backend = await openBackend(init.pipeline.location);
serveJobs<RestoreJob, RestoreReply, never, void>(() => new RestoreWorker(new PackReader(init.pipeline, backend), init.settings));

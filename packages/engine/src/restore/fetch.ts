import { closeSync } from 'node:fs';
import { fromErrorRecord, toErrorRecord } from '@fortfail/base';
import type { PackedBlob, Repository } from '@fortfail/repository';
import { applyMetadata, createFile, fileError, pathText, type RestoreTarget, writeAt } from '@fortfail/source';
import { joinPaths } from '../archive/archive-jobs.ts';
import type { FailureList } from '../events.ts';
import type { ThreadPool } from '../threads/thread-pool.ts';
import type { FileStates } from './file-states.ts';
import { PackJobDraft, type PieceTarget } from './pack-job.ts';
import type { FileFailure, RestoreJob, RestoreReply } from './restore-jobs.ts';
import type { PlannedPiece, RestorePlan } from './restore-plan.ts';

export type RestorePool = ThreadPool<RestoreJob, RestoreReply>;

export interface FetchContext {
  readonly repository: Repository;
  readonly plan: RestorePlan;
  readonly target: RestoreTarget;
  readonly states: FileStates;
  readonly pool: RestorePool;
  readonly failures: FailureList;
  readonly isSparse: boolean;
  /** Owners are found by name. */
  readonly withOwners: boolean;
  readonly selectsXattr: ((name: string) => boolean) | undefined;
  readonly signal: AbortSignal;
  readonly onFile: (file: number) => void;
  readonly onBytes: (bytes: number) => void;
}

/** One job takes at most this much of a pack, so that a large pack is shared by all threads. */
const jobBytes = 16 << 20;
const jobTargets = 4096;
const finishBatch = 256;
/** Files written beside their places wait for one common sync of this many. */
const commitBatch = 8192;

/** Writes the contents and metadata of all regular files of a plan, pack by pack, with all threads. */
export class Fetch {
  readonly #context: FetchContext;
  readonly #open = new Set<Promise<void>>();
  #toFinish: { readonly file: number; readonly isEmpty: boolean }[] = [];
  #sinceCommit = 0;
  #failure: { readonly error: unknown } | undefined;

  constructor(context: FetchContext) {
    this.#context = context;
  }

  async run(): Promise<void> {
    const { plan, pool, signal } = this.#context;
    for (const { packIndex, pieces } of plan.packs()) {
      await this.#fetchPack(packIndex, pieces);
      await pool.room(2);
      signal.throwIfAborted();
      this.#commit(commitBatch);
    }
    for (let file = 0; file < plan.fileCount; file += 1) if (this.#isEmpty(file)) this.#finishLater(file, true);
    await this.#drain();
    await this.#retryFailed();
    this.#commit(1);
    for (const { plan: failed } of this.#context.states.takeFailed()) this.#context.target.dropFile(failed);
  }

  #isEmpty(file: number): boolean {
    const { plan, states } = this.#context;
    return plan.pieceCount(file) === 0 && plan.masterOf(file) === undefined && states.begin(file) !== undefined;
  }

  async #fetchPack(packIndex: number, pieces: readonly PlannedPiece[]): Promise<void> {
    const { repository, withOwners } = this.#context;
    const blobs = new Map(repository.index.blobsOfPack(packIndex).map((blob) => [blob.offset, blob]));
    const packId = repository.index.packId(packIndex);
    let draft = new PackJobDraft(withOwners);
    for (const piece of pieces) {
      const blob = blobs.get(piece.packOffset);
      if (blob === undefined || !this.#begin(piece.file)) continue;
      if (isFull(draft, blob)) {
        this.#submit(draft.job(packId));
        draft = new PackJobDraft(withOwners);
        await this.#context.pool.room(2);
      }
      this.#add(draft, blob, piece);
    }
    if (draft.targetCount > 0) this.#submit(draft.job(packId));
  }

  /** Makes sure that the file may be written; files of several pieces are created here, once. */
  #begin(file: number): boolean {
    const { plan, states, isSparse } = this.#context;
    const isNew = states.get(file) === 'waiting';
    const place = states.begin(file);
    if (place === undefined) return false;
    if (!isNew || plan.pieceCount(file) === 1) return true;
    try {
      closeSync(createFile(place.writePath, { sizeBytes: plan.fileSize(file), sparse: isSparse }));
      return true;
    } catch (error) {
      const failure = fileError(error, 'create', place.path);
      if (failure.kind === 'no-space') throw failure;
      this.#fail({ file, step: 'content', error: toErrorRecord(failure) });
      return false;
    }
  }

  #add(draft: PackJobDraft, blob: PackedBlob, piece: PlannedPiece): void {
    const { plan, states } = this.#context;
    const whole = plan.pieceCount(piece.file) === 1 ? this.#metadata(piece.file) : undefined;
    draft.add(blob, { file: piece.file, fileOffset: piece.fileOffset, whole }, states.writePath(piece.file));
  }

  #metadata(file: number): NonNullable<PieceTarget['whole']> {
    const metadata = this.#context.plan.metadata(file);
    const { selectsXattr } = this.#context;
    return selectsXattr === undefined ? metadata : { ...metadata, xattrs: metadata.xattrs.filter(({ name }) => selectsXattr(name)) };
  }

  #finishLater(file: number, isEmpty: boolean): void {
    this.#toFinish.push({ file, isEmpty });
    if (this.#toFinish.length >= finishBatch) this.#finish();
  }

  #finish(): void {
    const batch = this.#toFinish;
    this.#toFinish = [];
    if (batch.length === 0) return;
    const files = batch.map(({ file, isEmpty }) => ({ file, isEmpty, metadata: this.#metadata(file) }));
    this.#submit({ kind: 'finish', files, paths: joinPaths(batch.map(({ file }) => this.#context.states.writePath(file))) });
  }

  #submit(job: RestoreJob): void {
    const done = this.#context.pool
      .submit(job)
      .then((reply) => this.#take(reply))
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => this.#open.delete(done));
    this.#open.add(done);
  }

  #take(reply: RestoreReply): void {
    const { states, onBytes, onFile } = this.#context;
    for (const failure of reply.failures) this.#fail(failure);
    for (const file of reply.pieces) if (states.pieceDone(file)) this.#finishLater(file, false);
    for (const file of reply.finished) {
      if (states.get(file) !== 'writing') continue;
      states.set(file, 'done');
      this.#sinceCommit += 1;
      onFile(file);
    }
    onBytes(reply.bytes);
  }

  #fail({ file, step, error: asWritten }: FileFailure): void {
    const { states, failures } = this.#context;
    const error = this.#underFinalName(file, asWritten);
    const item = pathText(states.snapshotPath(file));
    if (step === 'metadata') failures.add({ item, during: 'restore', error });
    // Told once a file, after the second try.
    if (step === 'metadata' || states.get(file) === 'failed') return;
    states.set(file, 'failed');
    this.#failed.set(file, error);
  }

  /** Threads know a file by the path they write it at, which is not the one it gets. */
  #underFinalName(file: number, error: FileFailure['error']): FileFailure['error'] {
    const { states, target } = this.#context;
    const written = pathText(states.writePath(file));
    return { ...error, message: error.message.replace(written, () => pathText(target.finalPath(states.path(file)))) };
  }

  readonly #failed = new Map<number, FileFailure['error']>();

  async #drain(): Promise<void> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure.error;
      if (this.#open.size === 0 && this.#toFinish.length === 0) return;
      this.#finish();
      await Promise.race(this.#open);
    }
  }

  #commit(atLeast: number): void {
    const { states, target } = this.#context;
    if (this.#sinceCommit < atLeast) return;
    this.#sinceCommit = 0;
    const done = states.takeDone();
    const committed = new Set(target.commitFiles(done.map(({ plan }) => plan)));
    // The target has named the others and said why.
    for (const { file, plan } of done) if (!committed.has(plan)) states.set(file, 'failed');
  }

  /** A pack may have been given up since the index was read: what failed is looked up anew and tried once more. */
  async #retryFailed(): Promise<void> {
    if (this.#failed.size === 0) return;
    const { repository, states, target, failures, plan, signal } = this.#context;
    const knownBlobs = repository.index.blobCount;
    const contents = new Map([...this.#failed.keys()].map((file) => [file, plan.contentOf(file)]));
    await repository.loadIndex({ signal });
    const hasNews = repository.index.blobCount !== knownBlobs;
    for (const { file, plan: place } of states.takeFailed()) {
      target.dropFile(place);
      states.set(file, 'waiting');
    }
    for (const [file, error] of this.#failed) {
      const retryError = hasNews ? await this.#rewrite(file, contents.get(file) ?? []) : fromErrorRecord(error);
      if (retryError === undefined) continue;
      states.set(file, 'failed');
      failures.add({ item: pathText(states.snapshotPath(file)), during: 'restore', error: toErrorRecord(retryError) });
    }
  }

  async #rewrite(file: number, content: ReturnType<RestorePlan['contentOf']>): Promise<unknown> {
    const { repository, states, plan, target, isSparse, onFile, onBytes } = this.#context;
    const place = states.begin(file);
    if (place === undefined) return undefined;
    try {
      const fd = createFile(place.writePath, { sizeBytes: plan.fileSize(file), sparse: isSparse });
      try {
        for (const { id, fileOffset } of content) writeAt(fd, await repository.loadBlob('data', id), fileOffset, isSparse);
        applyMetadata(place.writePath, fd, this.#metadata(file), target.applyOptions(place.path));
      } finally {
        closeSync(fd);
      }
      states.set(file, 'done');
      this.#sinceCommit += 1;
      onFile(file);
      onBytes(plan.fileSize(file));
      return undefined;
    } catch (error) {
      return error;
    }
  }
}

/** A blob of very many targets is read again for every few thousand of them. */
function isFull(draft: PackJobDraft, next: PackedBlob): boolean {
  if (draft.endsWith(next)) return draft.targetCount >= 4 * jobTargets;
  return draft.storedBytes >= jobBytes || draft.targetCount >= jobTargets;
}

import { availableParallelism } from 'node:os';
import { FortFailError, noLogger, toErrorRecord } from '@fortfail/base';
import {
  type BlobPipelineInit,
  createLocalZone,
  decodePackRecord,
  encodeTree,
  formatGoTime,
  type PackRecord,
  type Repository,
  type Snapshot,
  type WriterSession,
} from '@fortfail/repository';
import { snapshotPaths } from '@fortfail/source';
import type { FailureList } from '../events.ts';
import { ThreadPool } from '../threads/thread-pool.ts';
import type { ArchiveJob, ArchiveReply, StoredCounts } from './archive-jobs.ts';
import type { ArchiveWorkerInit } from './archive-worker.ts';
import { BackupCounters } from './backup-counters.ts';
import type { BackupOptions, BackupSummary } from './backup-options.ts';
import { type ArchiveEvent, type ArchivePool, FileBatches } from './file-batches.ts';
import { selectParent } from './parent-selection.ts';
import { ProgressReporter } from './progress-reporter.ts';
import { loadPrevious, Scan } from './scan.ts';
import { storeStream, streamNode } from './stdin.ts';
import { TreeBuilder } from './tree-builder.ts';
import { TreeStore } from './tree-store.ts';
import { walkTargets } from './walk-options.ts';

/** One try of a backup, from taking the lock to the stored snapshot. Everything it holds is released at its end. */
export async function attemptBackup(
  repository: Repository,
  options: BackupOptions,
  targets: readonly Buffer[],
  failures: FailureList,
): Promise<BackupSummary> {
  const started = { at: options.clock.now(), ms: options.clock.monotonicMs() };
  if (options.dryRun === true) {
    await repository.loadIndex(signalOption(options.signal));
    const pipeline = repository.pipelineInit();
    return await new Attempt(repository, options, failures, undefined, await TreeStore.dry(pipeline), started).run(pipeline, targets);
  }
  await using session = await repository.beginWriter(signalOption(options.signal));
  return await new Attempt(repository, options, failures, session, TreeStore.ofSession(session), started).run(
    repository.pipelineInit(),
    targets,
  );
}

function signalOption(signal: AbortSignal | undefined): { signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}

class Attempt {
  readonly #repository: Repository;
  readonly #options: BackupOptions;
  readonly #failures: FailureList;
  readonly #session: WriterSession | undefined;
  readonly #trees: TreeStore;
  readonly #started: { readonly at: Date; readonly ms: number };
  readonly #counters = new BackupCounters();
  readonly #zone = createLocalZone();
  /** Aborted by whatever ends this attempt early: the caller, the fence, a failing store. */
  readonly #stop = new AbortController();
  readonly #progress: ProgressReporter;

  constructor(
    repository: Repository,
    options: BackupOptions,
    failures: FailureList,
    session: WriterSession | undefined,
    trees: TreeStore,
    started: { readonly at: Date; readonly ms: number },
  ) {
    this.#repository = repository;
    this.#options = options;
    this.#failures = failures;
    this.#session = session;
    this.#trees = trees;
    this.#started = started;
    this.#progress = new ProgressReporter(options.clock, options.onEvent, failures);
  }

  async run(pipeline: BlobPipelineInit, targets: readonly Buffer[]): Promise<BackupSummary> {
    const paths = this.#paths(targets);
    const parent = this.#options.stdin === undefined ? await this.#selectParent(paths) : undefined;
    const sources = [this.#options.signal, this.#session?.signal].filter((signal) => signal !== undefined);
    const signal = AbortSignal.any([this.#stop.signal, ...sources]);
    signal.throwIfAborted();
    const { tree, data } =
      this.#options.stdin === undefined
        ? await this.#archive(pipeline, targets, parent, signal)
        : await this.#archiveStream(pipeline, signal);
    if (tree === undefined) throw emptySnapshot();
    signal.throwIfAborted();
    const summary = this.#summary(tree, parent, data);
    const isSkipped = this.#options.dryRun === true || (this.#options.skipIfUnchanged === true && parent?.tree === tree);
    const snapshotId = isSkipped ? undefined : await this.#publish(summary, paths);
    return { ...summary, snapshotId };
  }

  #paths(targets: readonly Buffer[]): string[] {
    if (this.#options.stdin !== undefined) return [`/${this.#options.stdin.filename.replace(/^\/+/, '')}`];
    return snapshotPaths(targets, this.#options.workingFolder ?? process.cwd()).map((path) => path.toString('utf8'));
  }

  #selectParent(paths: readonly string[]): Promise<Snapshot | undefined> {
    const { parent, force, groupBy, hostname, tags, time } = this.#options;
    return selectParent(this.#repository, {
      parent,
      force: force === true,
      groupBy: groupBy ?? ['host', 'paths'],
      hostname,
      paths,
      tags: tags ?? [],
      notAfter: time ?? this.#started.at,
    });
  }

  async #archive(
    pipeline: BlobPipelineInit,
    targets: readonly Buffer[],
    parent: Snapshot | undefined,
    signal: AbortSignal,
  ): Promise<Archived> {
    const pool = this.#startPool(pipeline);
    const discard = (): void => void pool.discard(signal.reason);
    signal.addEventListener('abort', discard, { once: true });
    try {
      const tree = await this.#scan(pool, targets, parent, signal);
      const counts = await pool.finish();
      return { tree, data: sumCounts(counts) };
    } catch (error) {
      // What stopped the attempt says more than what broke because of it.
      throw signal.aborted ? signal.reason : error;
    } finally {
      signal.removeEventListener('abort', discard);
      await pool.discard(signal.reason);
    }
  }

  async #scan(
    pool: ArchivePool,
    targets: readonly Buffer[],
    parent: Snapshot | undefined,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const { clock, logger, onEvent, withItems, ignoreCtime, ignoreInode } = this.#options;
    const repository = this.#repository;
    const onItem = withItems === true ? onEvent : undefined;
    const builder = new TreeBuilder({
      encode: (nodes) => encodeTree(nodes, this.#zone),
      save: (bytes) => this.#trees.save(bytes),
      hasTree: (id) => repository.index.has('tree', Buffer.from(id, 'hex')),
      counters: this.#counters,
      onEntry:
        onItem === undefined
          ? undefined
          : (path, node, state) => onItem({ type: 'item', action: state, item: path, sizeBytes: Number(node.size) }),
    });
    builder.rootTree.catch((error: unknown) => this.#stop.abort(error));
    const context = {
      repository,
      builder,
      batches: new FileBatches(pool, (error) => this.#stop.abort(error)),
      failures: this.#failures,
      rule: { ignoreCtime: ignoreCtime === true, ignoreInode: ignoreInode === true },
      clock,
      logger: logger ?? noLogger,
      signal,
      onItem,
      onTurn: (path: string) => this.#report(parent, [path]),
    };
    const scan = new Scan(context, await loadPrevious(context, parent?.tree));
    await scan.follow(walkTargets(this.#options, targets));
    signal.throwIfAborted();
    return builder.rootTree;
  }

  #startPool(pipeline: BlobPipelineInit): ArchivePool {
    return new ThreadPool<ArchiveJob, ArchiveReply, ArchiveEvent, StoredCounts>({
      script: new URL('./archive-worker.ts', import.meta.url),
      workerData: { pipeline, isDryRun: this.#options.dryRun === true } satisfies ArchiveWorkerInit,
      threads: this.#options.threads ?? availableParallelism() + 1,
      outstanding: 2,
      onEvent: ({ pack }) => this.#addPack(decodePackRecord(pack)),
    });
  }

  #addPack(record: PackRecord): void {
    try {
      this.#session?.addPack(record);
    } catch (error) {
      this.#stop.abort(error);
    }
  }

  async #archiveStream(pipeline: BlobPipelineInit, signal: AbortSignal): Promise<Archived> {
    const { stdin, dryRun, clock } = this.#options;
    if (stdin === undefined)
      throw new FortFailError({ kind: 'bug', code: 'no-stream', message: 'unable to back up a stream, there is none' });
    const request = {
      pipeline,
      isDryRun: dryRun === true,
      stream: stdin.stream,
      onPack: (record: PackRecord) => this.#addPack(record),
      signal,
    };
    const { content, sizeBytes, counts } = await storeStream(request);
    if (sizeBytes === 0) {
      // Whoever should have written most likely failed: an empty file would look like a good backup of it.
      this.#failures.add({ item: `/${stdin.filename.replace(/^\/+/, '')}`, during: 'archival', error: toErrorRecord(nothingRead()) });
      return { tree: await this.#trees.save(encodeTree([], this.#zone)), data: counts };
    }
    const names = stdin.filename.split('/').filter((name) => name !== '');
    let node = streamNode(names.at(-1) ?? 'stdin', BigInt(clock.now().getTime()) * 1_000_000n, content, sizeBytes);
    this.#counters.track(node, 'new');
    let tree = await this.#trees.save(encodeTree([node], this.#zone));
    for (const name of names.slice(0, -1).reverse()) {
      node = { ...node, name: Buffer.from(name), type: 'dir', mode: 0x80000000 + 0o755, size: 0n, content: undefined, subtree: tree };
      tree = await this.#trees.save(encodeTree([node], this.#zone));
    }
    return { tree, data: counts };
  }

  #report(parent: Snapshot | undefined, currentItems: readonly string[]): void {
    this.#progress.report(() => ({
      filesDone: this.#counters.filesProcessed,
      bytesDone: this.#counters.bytesProcessed,
      // The last backup of the same paths is the best guess of what this one will meet.
      totalFiles: parent?.summary?.totalFilesProcessed,
      totalBytes: parent?.summary?.totalBytesProcessed,
      currentItems,
    }));
  }

  #summary(tree: string, parent: Snapshot | undefined, data: StoredCounts): Omit<BackupSummary, 'snapshotId'> {
    const { clock, dryRun } = this.#options;
    const counters = this.#counters;
    const trees = this.#trees.counts();
    return {
      filesNew: counters.filesNew,
      filesChanged: counters.filesChanged,
      filesUnmodified: counters.filesUnmodified,
      dirsNew: counters.dirsNew,
      dirsChanged: counters.dirsChanged,
      dirsUnmodified: counters.dirsUnmodified,
      dataBlobs: data.blobs,
      treeBlobs: trees.blobs,
      dataAdded: data.bytesAdded + trees.bytesAdded,
      dataAddedPacked: data.bytesStored + trees.bytesStored,
      totalFilesProcessed: counters.filesProcessed,
      totalBytesProcessed: counters.bytesProcessed,
      totalDurationSeconds: (clock.monotonicMs() - this.#started.ms) / 1000,
      backupStart: this.#started.at,
      backupEnd: clock.now(),
      tree,
      parent: parent?.id,
      dryRun: dryRun === true,
      partial: this.#failures.count > 0,
      errors: this.#failures.named,
      errorCount: this.#failures.count,
    };
  }

  async #publish(summary: Omit<BackupSummary, 'snapshotId'>, paths: readonly string[]): Promise<string> {
    if (this.#session === undefined)
      throw new FortFailError({ kind: 'bug', code: 'no-session', message: 'unable to write a snapshot without a session' });
    const { hostname, username, tags, time, exclude, programVersion } = this.#options;
    const timeText = (date: Date): string => formatGoTime(BigInt(date.getTime()) * 1_000_000n, this.#zone);
    return this.#session.publish({
      time: timeText(time ?? this.#started.at),
      parent: summary.parent,
      tree: summary.tree,
      paths,
      hostname,
      username,
      uid: process.getuid?.(),
      gid: process.getgid?.(),
      excludes: [...(exclude?.patterns ?? []), ...(exclude?.caseInsensitivePatterns ?? [])].map((pattern) =>
        Buffer.from(pattern).toString('utf8'),
      ),
      tags,
      programVersion,
      summary: { ...summary, backupStart: timeText(summary.backupStart), backupEnd: timeText(summary.backupEnd) },
    });
  }
}

interface Archived {
  readonly tree: string | undefined;
  readonly data: StoredCounts;
}

function sumCounts(counts: readonly StoredCounts[]): StoredCounts {
  const sum = (key: keyof StoredCounts): number => counts.reduce((total, count) => total + count[key], 0);
  return { blobs: sum('blobs'), bytesAdded: sum('bytesAdded'), bytesStored: sum('bytesStored') };
}

function nothingRead(): FortFailError {
  return new FortFailError({ kind: 'incomplete', code: 'no-data', message: 'unable to back up standard input, no data came' });
}

function emptySnapshot(): FortFailError {
  return new FortFailError({
    kind: 'invalid-input',
    code: 'snapshot-empty',
    message: 'unable to back up, not one entry of the source is left',
    hint: 'Look at the excludes and at the errors above; no snapshot was written.',
  });
}

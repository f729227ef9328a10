import { FortFailError, fromErrorRecord, toErrorRecord } from '@fortfail/base';
import type { Repository } from '@fortfail/repository';
import { decideOverwrite, OwnerNames, pathText, type RestoreFailure, RestoreTarget } from '@fortfail/source';
import { cancelled } from '../archive/backup.ts';
import { ProgressReporter } from '../archive/progress-reporter.ts';
import { FailureList } from '../events.ts';
import { Fetch, type RestorePool } from './fetch.ts';
import { FileStates } from './file-states.ts';
import { type FinishContext, finishTree } from './finish-tree.ts';
import { type PlannedRestore, planRestore, takePlan } from './propose.ts';
import type { ApplyContext, PhaseTime, RestoreProposal, RestoreReport, RestoreRequest } from './restore-options.ts';
import { seenOnDisk } from './seen-on-disk.ts';
import { startRestorePool } from './start-restore-pool.ts';
import { verifyFiles } from './verify-files.ts';

/**
 * Does what a proposal said, and nothing else: when the snapshot or the target is not as it was proposed any more it throws
 * `conflict`/`proposal-stale` before anything is written. A file that is damaged in the repository is left out and named,
 * and the result is `partial`. When it throws (a full disk, a cancellation) a fresh target does not exist.
 */
export async function applyRestore(
  repository: Repository,
  request: RestoreRequest,
  proposal: RestoreProposal,
  context: ApplyContext,
): Promise<RestoreReport> {
  await using session = await repository.beginReader({ holds: [request.snapshot.id], signal: context.signal });
  const stop = new AbortController();
  const signal = AbortSignal.any([session.signal, stop.signal]);
  try {
    const timer = new PhaseTimer(context);
    const planned = await currentPlan(repository, request, proposal, context);
    timer.end('plan');
    const run = new RestoreRun(repository, request, planned, context, signal, timer);
    return context.dryRun === true ? run.dryReport() : await run.apply();
  } catch (error) {
    throw context.signal?.aborted === true ? cancelled(context.signal.reason) : error;
  }
}

async function currentPlan(
  repository: Repository,
  request: RestoreRequest,
  proposal: RestoreProposal,
  context: ApplyContext,
): Promise<PlannedRestore> {
  const known = takePlan(proposal);
  if (known !== undefined) return known;
  const planned = await planRestore(repository, request, context);
  if (planned.proposal.digest === proposal.digest) return planned;
  throw new FortFailError({
    kind: 'conflict',
    code: 'proposal-stale',
    message: 'unable to restore, the snapshot or the target is not as it was proposed',
    hint: 'Ask for a new proposal and look at it again.',
  });
}

/** Wall time of one part after the other; what has one name is one part. */
class PhaseTimer {
  readonly #seconds = new Map<PhaseTime['name'], number>();
  readonly #clock: ApplyContext['clock'];
  readonly #beganMs: number;
  #sinceMs: number;

  constructor({ clock }: ApplyContext) {
    this.#clock = clock;
    this.#beganMs = clock.monotonicMs();
    this.#sinceMs = this.#beganMs;
  }

  end(name: PhaseTime['name']): void {
    const now = this.#clock.monotonicMs();
    this.#seconds.set(name, (this.#seconds.get(name) ?? 0) + (now - this.#sinceMs) / 1000);
    this.#sinceMs = now;
  }

  get phases(): PhaseTime[] {
    return [...this.#seconds].map(([name, seconds]) => ({ name, seconds }));
  }

  get seconds(): number {
    return (this.#clock.monotonicMs() - this.#beganMs) / 1000;
  }
}

class RestoreRun {
  readonly #repository: Repository;
  readonly #request: RestoreRequest;
  readonly #planned: PlannedRestore;
  readonly #context: ApplyContext;
  readonly #signal: AbortSignal;
  readonly #timer: PhaseTimer;
  readonly #failures: FailureList;
  readonly #progress: ProgressReporter;
  #states: FileStates | undefined;
  #filesDone = 0;
  #bytesDone = 0;
  #filesDeleted = 0;
  #verifiedFiles = 0;
  #verifiedBytes = 0;

  constructor(
    repository: Repository,
    request: RestoreRequest,
    planned: PlannedRestore,
    context: ApplyContext,
    signal: AbortSignal,
    timer: PhaseTimer,
  ) {
    this.#repository = repository;
    this.#request = request;
    this.#planned = planned;
    this.#context = context;
    this.#signal = signal;
    this.#timer = timer;
    this.#failures = new FailureList(context.onEvent);
    this.#progress = new ProgressReporter(context.clock, context.onEvent, this.#failures);
    for (const failure of planned.failures.named) this.#failures.add(failure);
    this.#failures.count += planned.failures.count - planned.failures.named.length;
  }

  dryReport(): RestoreReport {
    const { proposal } = this.#planned;
    const { files, directories, others, bytes } = proposal;
    return { ...this.#report({ files, directories, others, bytes, filesSkipped: 0, bytesSkipped: 0 }), dryRun: true };
  }

  async apply(): Promise<RestoreReport> {
    const target = this.#openTarget();
    const pool = this.#startPool();
    const discard = (): void => void pool.discard(this.#signal.reason);
    this.#signal.addEventListener('abort', discard, { once: true });
    try {
      const report = await this.#write(target, pool);
      await pool.finish();
      return report;
    } catch (error) {
      await pool.discard(error);
      for (const plan of this.#states?.takeAll() ?? []) target.dropFile(plan);
      target.discard();
      throw this.#signal.aborted ? this.#signal.reason : error;
    } finally {
      this.#signal.removeEventListener('abort', discard);
      await pool.discard(undefined);
    }
  }

  async #write(target: RestoreTarget, pool: RestorePool): Promise<RestoreReport> {
    const { plan, treeId, selection } = this.#planned;
    const { overwrite, deleteExtra, sparse, ownershipByName, selectsXattr } = this.#request;
    const states = new FileStates(plan, target);
    this.#states = states;
    this.#makeFolders(target, states);
    const shared = {
      repository: this.#repository,
      plan,
      treeId,
      selection,
      target,
      states,
      pool,
      failures: this.#failures,
      signal: this.#signal,
    };
    if (overwrite !== undefined && states.mayMeetOthers) await this.#compareExisting(shared, overwrite);
    const fetch = new Fetch({
      ...shared,
      isSparse: sparse === true,
      withOwners: ownershipByName === true,
      selectsXattr,
      onFile: () => {
        this.#filesDone += 1;
        this.#reportProgress();
      },
      onBytes: (bytes) => {
        this.#bytesDone += bytes;
        this.#reportProgress();
      },
    });
    await fetch.run();
    this.#timer.end('fetch');
    const { others, linkedFiles } = await finishTree({ ...shared, deletesExtra: deleteExtra === true, onItem: this.#itemListener() });
    this.#filesDone += linkedFiles;
    this.#timer.end('metadata');
    const verifySeconds = this.#context.verify === true ? await this.#verify(shared) : 0;
    // Last of all: what has its name has been read back, and whoever is killed before this has left nothing to mistake for it.
    target.publish();
    this.#timer.end('metadata');
    const seconds = this.#timer.seconds - verifySeconds;
    this.#reportProgress(true);
    return {
      ...this.#report({
        files: this.#filesDone,
        directories: plan.folderCount - 1,
        others,
        bytes: this.#bytesDone,
        ...countSkipped(plan, states),
      }),
      seconds,
    };
  }

  #itemListener(): FinishContext['onItem'] {
    const { onEvent, withItems } = this.#context;
    if (onEvent === undefined || withItems !== true) return undefined;
    return (action, path, node) =>
      onEvent({ type: 'item', action, item: `${pathText(path)}${node.type === 'dir' ? '/' : ''}`, sizeBytes: Number(node.size) });
  }

  #openTarget(): RestoreTarget {
    const { overwrite, deleteExtra, ownershipByName, selectsXattr } = this.#request;
    return new RestoreTarget({
      folder: this.#planned.proposal.target,
      placement: overwrite === undefined ? 'fresh' : 'existing',
      ...(overwrite === undefined ? {} : { overwrite }),
      deleteExtra: deleteExtra === true,
      ...(ownershipByName === true ? { ownershipByName: new OwnerNames() } : {}),
      ...(selectsXattr === undefined ? {} : { selectsXattr }),
      onFailure: (failure) => this.#noteFailure(failure),
      onDeleted: () => {
        this.#filesDeleted += 1;
      },
    });
  }

  #noteFailure({ path, error }: RestoreFailure): void {
    const root = Buffer.from(this.#planned.proposal.target);
    const item = path.length > root.length ? path.subarray(root.length) : path;
    this.#failures.add({ item: pathText(item), during: 'restore', error: toErrorRecord(error) });
  }

  #startPool(): RestorePool {
    const { ownershipByName, sparse, selectsXattr } = this.#request;
    const settings = { isSparse: sparse === true, ownershipByName: ownershipByName === true, limitsXattrs: selectsXattr !== undefined };
    return startRestorePool(this.#repository, settings, this.#context.threads);
  }

  #makeFolders(target: RestoreTarget, states: FileStates): void {
    const { plan } = this.#planned;
    if (!target.isOwnFolder(target.root)) states.shareFolder(0);
    for (let folder = 1; folder < plan.folderCount; folder += 1) {
      const isBelowFailed = states.isFolderFailed(plan.parentOf(folder));
      const path = plan.folderPath(folder, target.root);
      if (isBelowFailed || !target.enterFolder(path)) states.failFolder(folder);
      else if (!target.isOwnFolder(path)) states.shareFolder(folder);
    }
  }

  /** Files that are there already: those that must stay are skipped, those of equal content only get their metadata. */
  async #compareExisting(shared: Shared, policy: NonNullable<RestoreRequest['overwrite']>): Promise<void> {
    const { states } = shared;
    await verifyFiles({
      ...shared,
      pathOf: (file, node) => {
        if (!states.mayMeetOther(file)) return undefined;
        const path = states.path(file);
        const decision = decideOverwrite(policy, { ...node, type: 'file' }, seenOnDisk(path));
        if (decision === 'skip') states.set(file, 'skipped');
        else if (decision === 'metadata') states.set(file, 'unchanged');
        // Another name of a file is made anew: equal contents do not make it one.
        return decision === 'compare' && this.#planned.plan.masterOf(file) === undefined ? path : undefined;
      },
      onReply: (reply) => {
        for (const file of reply.finished) states.set(file, 'unchanged');
      },
    });
  }

  /** Answers how long it took. */
  async #verify(shared: Shared): Promise<number> {
    const { states } = shared;
    const beganSeconds = this.#timer.seconds;
    await verifyFiles({
      ...shared,
      pathOf: (file) => (states.get(file) === 'failed' || states.get(file) === 'skipped' ? undefined : states.path(file)),
      onReply: (reply) => {
        this.#verifiedFiles += reply.finished.length;
        this.#verifiedBytes += reply.bytes;
        for (const { file, error } of reply.failures) {
          this.#failures.add({ item: pathText(states.snapshotPath(file)), during: 'verify', error: toErrorRecord(fromErrorRecord(error)) });
        }
      },
    });
    this.#timer.end('verify');
    return this.#timer.seconds - beganSeconds;
  }

  #reportProgress(isLast = false): void {
    const { files, bytes } = this.#planned.proposal;
    this.#progress.report(
      () => ({ filesDone: this.#filesDone, bytesDone: this.#bytesDone, totalFiles: files, totalBytes: bytes, currentItems: [] }),
      isLast,
    );
  }

  #report(counts: Pick<RestoreReport, 'files' | 'directories' | 'others' | 'bytes' | 'filesSkipped' | 'bytesSkipped'>): RestoreReport {
    return {
      target: this.#planned.proposal.target,
      ...counts,
      filesDeleted: this.#filesDeleted,
      verifiedFiles: this.#verifiedFiles,
      verifiedBytes: this.#verifiedBytes,
      partial: this.#failures.count > 0,
      errors: this.#failures.named,
      errorCount: this.#failures.count,
      phases: this.#timer.phases,
      seconds: this.#timer.seconds,
      dryRun: false,
    };
  }
}

interface Shared {
  readonly repository: Repository;
  readonly plan: PlannedRestore['plan'];
  readonly treeId: string;
  readonly selection: PlannedRestore['selection'];
  readonly target: RestoreTarget;
  readonly states: FileStates;
  readonly pool: RestorePool;
  readonly failures: FailureList;
  readonly signal: AbortSignal;
}

function countSkipped(plan: PlannedRestore['plan'], states: FileStates): { filesSkipped: number; bytesSkipped: number } {
  let filesSkipped = 0;
  let bytesSkipped = 0;
  for (let file = 0; file < plan.fileCount; file += 1) {
    const state = states.get(file);
    if (state !== 'skipped' && state !== 'unchanged') continue;
    filesSkipped += 1;
    bytesSkipped += plan.fileSize(file);
  }
  return { filesSkipped, bytesSkipped };
}

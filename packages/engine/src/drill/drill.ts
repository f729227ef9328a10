import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { FortFailError, noLogger, toErrorRecord } from '@fortfail/base';
import type { Repository } from '@fortfail/repository';
import { removeTree } from '@fortfail/source';
import { ProgressReporter } from '../archive/progress-reporter.ts';
import { FailureList } from '../events.ts';
import { findFolder } from '../inspect/find-entry.ts';
import { applyRestore } from '../restore/apply.ts';
import { proposeRestore } from '../restore/propose.ts';
import type { PhaseTime, RestoreReport, RestoreRequest } from '../restore/restore-options.ts';
import { Selection } from '../restore/selection.ts';
import { startRestorePool } from '../restore/start-restore-pool.ts';
import { type Comparison, compareTree } from './compare-tree.ts';
import type { DrillDifference, DrillOptions, DrillReport } from './drill-options.ts';

/**
 * Restores a snapshot into scratch by the code that a person's restore uses, then compares every byte and all metadata
 * with what the snapshot recorded. Whatever is not as recorded is a difference and the drill has failed; it throws only
 * when there was no restore to judge (no room, a lock, a cancellation). Scratch is removed in any case.
 */
export async function drill(repository: Repository, options: DrillOptions): Promise<DrillReport> {
  const scratch = join(options.scratchRoot, `drill-${options.snapshot.id.slice(0, 8)}-${randomBytes(4).toString('hex')}`);
  try {
    return await new Drill(repository, options, scratch).run();
  } finally {
    if (options.keepScratch !== true) removeScratch(scratch, options);
  }
}

function removeScratch(scratch: string, options: DrillOptions): void {
  try {
    removeTree(Buffer.from(scratch));
  } catch (error) {
    // The evidence stands; what is left takes room, and the next look at the scratch folder shows it.
    (options.logger ?? noLogger).warn({ scratch, error: toErrorRecord(error) }, 'a drill could not remove its scratch folder');
  }
}

class Drill {
  readonly #repository: Repository;
  readonly #options: DrillOptions;
  readonly #scratch: string;
  readonly #request: RestoreRequest;

  constructor(repository: Repository, options: DrillOptions, scratch: string) {
    this.#repository = repository;
    this.#options = options;
    this.#scratch = scratch;
    this.#request = { snapshot: options.snapshot, target: scratch, includePaths: options.includePaths ?? [] };
  }

  async run(): Promise<DrillReport> {
    const { clock, openSeconds = 0, snapshot } = this.#options;
    const startedAt = clock.now();
    const beganMs = clock.monotonicMs();
    const { report, planSeconds } = await this.#restore();
    const rtoSeconds = openSeconds + (clock.monotonicMs() - beganMs) / 1000;
    const verifyBeganMs = clock.monotonicMs();
    const comparison = await this.#compare();
    const verifySeconds = (clock.monotonicMs() - verifyBeganMs) / 1000;
    // What could not be restored is found missing once more by the comparison: told once, by its reason.
    // What only root may set is said to be not tested; the comparison judges by itself whatever else that leaves lacking.
    const failures = isRoot() ? report.errors : report.errors.filter(({ error }) => error.kind !== 'denied');
    const unrestored = new Set(failures.map(({ item }) => item));
    const found = comparison.differences.filter(({ path, what }) => what !== 'missing' || !unrestored.has(path));
    const differences = [...failures.map(notRestored), ...found].slice(0, 1000);
    const untested = report.errors.length - failures.length;
    const differenceCount = report.errorCount - untested + comparison.differenceCount - (comparison.differences.length - found.length);
    return {
      snapshotId: snapshot.id,
      outcome: differenceCount === 0 ? 'passed' : 'failed',
      files: report.files,
      directories: report.directories,
      others: report.others,
      bytes: report.bytes,
      comparedEntries: comparison.entries,
      comparedBytes: comparison.bytes,
      rtoSeconds,
      phases: phasesOf(openSeconds, planSeconds, report, verifySeconds),
      differences,
      differenceCount,
      ...scopeOf(this.#request),
      scratch: this.#scratch,
      startedAt,
      endedAt: clock.now(),
    };
  }

  async #restore(): Promise<{ report: RestoreReport; planSeconds: number }> {
    const { clock, signal, onEvent, threads } = this.#options;
    const context = { clock, signal, onEvent, threads };
    const beganMs = clock.monotonicMs();
    const proposal = await proposeRestore(this.#repository, this.#request, context);
    const planSeconds = (clock.monotonicMs() - beganMs) / 1000;
    if (proposal.freeBytes !== null && proposal.freeBytes < proposal.bytes) throw noRoom(this.#scratch, proposal.bytes, proposal.freeBytes);
    return { report: await applyRestore(this.#repository, this.#request, proposal, context), planSeconds };
  }

  async #compare(): Promise<Comparison> {
    const { clock, signal, onEvent, threads, snapshot } = this.#options;
    const progress = new ProgressReporter(clock, onEvent, new FailureList());
    const pool = startRestorePool(this.#repository, { isSparse: false, ownershipByName: false, limitsXattrs: false }, threads);
    try {
      const comparison = await compareTree({
        repository: this.#repository,
        treeId: await findFolder(this.#repository, snapshot.tree, '/'),
        selection: new Selection(this.#request),
        folder: Buffer.from(this.#scratch),
        pool,
        signal,
        comparesOwners: isRoot(),
        onEntry: (filesDone, bytesDone) =>
          progress.report(() => ({ filesDone, bytesDone, totalFiles: undefined, totalBytes: undefined, currentItems: [] })),
      });
      await pool.finish();
      return comparison;
    } finally {
      await pool.discard(undefined);
    }
  }
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}

function notRestored({ item, error }: RestoreReport['errors'][number]): DrillDifference {
  return { path: item, what: 'missing', expected: 'restored', found: error.message };
}

function phasesOf(openSeconds: number, planSeconds: number, report: RestoreReport, verifySeconds: number): PhaseTime[] {
  const restored = report.phases.map((phase) =>
    phase.name === 'plan' ? { name: phase.name, seconds: phase.seconds + planSeconds } : phase,
  );
  return [{ name: 'open', seconds: openSeconds }, ...restored, { name: 'verify', seconds: verifySeconds }];
}

function scopeOf(request: RestoreRequest): { asserted: string[]; notTested: string[] } {
  const asserted = [
    'the bytes of every file equal the digests recorded in the snapshot',
    'type, mode, modification time, extended attributes, link targets and device numbers equal the record',
    'hard links are one file again',
    'nothing is missing and nothing is too much',
  ];
  const notTested = ['inode numbers, change times and access times, which no restore can bring back'];
  if (isRoot()) asserted.push('owner and group equal the record');
  else notTested.push('owner and group, which only root can set');
  if ((request.includePaths ?? []).length > 0) notTested.push('what lies outside the chosen paths');
  return { asserted, notTested };
}

function noRoom(scratch: string, needed: number, free: number): FortFailError {
  return new FortFailError({
    kind: 'no-space',
    code: 'scratch-full',
    message: `unable to drill into '${scratch}', it needs ${needed} bytes and ${free} are free`,
    hint: 'Free some room there, or choose another scratch folder.',
  });
}

import type { BackupSummary, EngineEvent } from '@fortfail/engine';
import type { CommandContext } from '../command-context.ts';
import { formatBinaryBytes, formatClock, formatPercent, printable } from './format.ts';
import { ProgressLines } from './progress.ts';
import { shortId } from './snapshot-text.ts';

/** Told what a backup does and came to; prints it as text or as restic's JSON lines. */
export interface BackupReporter {
  readonly withItems: boolean;
  event(event: EngineEvent): void;
  summary(summary: BackupSummary): void;
}

export interface ReporterOptions {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose: number;
  readonly targets: readonly string[];
}

export function backupReporter(options: ReporterOptions, context: CommandContext): BackupReporter {
  return options.json ? new JsonReporter(options, context) : new TextReporter(options, context);
}

/** How many times a second progress may be told. */
export function framesPerSecond({ env }: CommandContext): number {
  const asked = Number(env.RESTIC_PROGRESS_FPS || 'NaN');
  return asked > 0 ? Math.min(60, asked) : 10;
}

const seconds = (text: number): number => Math.floor(text);

class JsonReporter implements BackupReporter {
  readonly withItems: boolean;
  readonly #context: CommandContext;
  readonly #quiet: boolean;
  readonly #startMs: number;
  readonly #intervalMs: number;
  #lastMs = 0;

  constructor({ quiet, verbose }: ReporterOptions, context: CommandContext) {
    this.withItems = verbose >= 2;
    this.#context = context;
    this.#quiet = quiet;
    this.#startMs = context.clock.monotonicMs();
    this.#intervalMs = 1000 / framesPerSecond(context);
  }

  event(event: EngineEvent): void {
    if (event.type === 'error') {
      const line = { message_type: 'error', error: { message: event.error.message }, during: event.during, item: event.item };
      this.#context.stderr.write(`${JSON.stringify(line)}\n`);
    } else if (event.type === 'item') this.#item(event);
    else this.#status(event);
  }

  #item({ action, item, sizeBytes }: Extract<EngineEvent, { type: 'item' }>): void {
    if (action === 'excluded') {
      this.#print({ message_type: 'excluded_item', item });
      return;
    }
    const isFolder = item.endsWith('/');
    this.#print({
      message_type: 'verbose_status',
      action,
      item,
      duration: 0,
      data_size: isFolder || action === 'unchanged' ? 0 : sizeBytes,
      data_size_in_repo: 0,
      metadata_size: isFolder && action !== 'unchanged' ? sizeBytes : 0,
      metadata_size_in_repo: 0,
      total_files: 0,
    });
  }

  #status(event: Extract<EngineEvent, { type: 'progress' }>): void {
    const nowMs = this.#context.clock.monotonicMs();
    if (this.#quiet || nowMs - this.#lastMs < this.#intervalMs) return;
    this.#lastMs = nowMs;
    const elapsed = (nowMs - this.#startMs) / 1000;
    const total = event.totalBytes ?? 0;
    const done = total === 0 ? 0 : Math.min(1, event.bytesDone / total);
    const optional = (name: string, value: number): Record<string, number> => (value === 0 ? {} : { [name]: value });
    this.#print({
      message_type: 'status',
      ...optional('seconds_elapsed', seconds(elapsed)),
      ...optional('seconds_remaining', done > 0 ? seconds(elapsed / done - elapsed) : 0),
      percent_done: done,
      ...optional('total_files', event.totalFiles ?? 0),
      ...optional('files_done', event.filesDone),
      ...optional('total_bytes', total),
      ...optional('bytes_done', event.bytesDone),
      ...optional('error_count', event.errors),
      ...(event.currentItems.length === 0 ? {} : { current_files: event.currentItems }),
    });
  }

  summary(summary: BackupSummary): void {
    this.#print({
      message_type: 'summary',
      files_new: summary.filesNew,
      files_changed: summary.filesChanged,
      files_unmodified: summary.filesUnmodified,
      dirs_new: summary.dirsNew,
      dirs_changed: summary.dirsChanged,
      dirs_unmodified: summary.dirsUnmodified,
      data_blobs: summary.dataBlobs,
      tree_blobs: summary.treeBlobs,
      data_added: summary.dataAdded,
      data_added_packed: summary.dataAddedPacked,
      total_files_processed: summary.totalFilesProcessed,
      total_bytes_processed: summary.totalBytesProcessed,
      total_duration: summary.totalDurationSeconds,
      backup_start: summary.backupStart.toISOString(),
      backup_end: summary.backupEnd.toISOString(),
      ...(summary.snapshotId === undefined ? {} : { snapshot_id: summary.snapshotId }),
      ...(summary.dryRun ? { dry_run: true } : {}),
    });
  }

  #print(line: object): void {
    this.#context.stdout.write(`${JSON.stringify(line)}\n`);
  }
}

class TextReporter implements BackupReporter {
  readonly withItems: boolean;
  readonly #options: ReporterOptions;
  readonly #context: CommandContext;
  readonly #progress: ProgressLines;
  readonly #startMs: number;

  constructor(options: ReporterOptions, context: CommandContext) {
    this.withItems = options.verbose >= 2;
    this.#options = options;
    this.#context = context;
    this.#startMs = context.clock.monotonicMs();
    this.#progress = new ProgressLines(context.stdout, () => context.clock.monotonicMs(), options.quiet ? 0 : framesPerSecond(context));
    if (options.verbose > 0) context.stdout.write(`start backup on [${options.targets.map(printable).join(' ')}]\n`);
  }

  event(event: EngineEvent): void {
    if (event.type === 'error') {
      this.#progress.clear();
      this.#context.stderr.write(`error: ${printable(event.error.message)}\n`);
    } else if (event.type === 'progress') this.#progress.show(() => this.#lines(event));
    else if (event.action !== 'excluded') {
      const saved = event.action === 'unchanged' ? '' : `, saved (${formatBinaryBytes(event.sizeBytes)})`;
      this.#progress.above(`${event.action.padEnd(9)} ${printable(event.item)}${saved}\n`);
    }
  }

  #lines(event: Extract<EngineEvent, { type: 'progress' }>): string[] {
    const elapsed = (this.#context.clock.monotonicMs() - this.#startMs) / 1000;
    const { totalBytes, totalFiles, bytesDone, filesDone, errors } = event;
    const done = `${filesDone} files ${formatBinaryBytes(bytesDone)}`;
    const remaining =
      totalBytes === undefined || bytesDone === 0 ? '' : ` ETA ${formatClock((elapsed * (totalBytes - bytesDone)) / bytesDone)}`;
    const head =
      totalBytes === undefined
        ? `[${formatClock(elapsed)}] ${done}, ${errors} errors`
        : `[${formatClock(elapsed)}] ${formatPercent(bytesDone, totalBytes)}  ${done}, total ${totalFiles ?? 0} files ${formatBinaryBytes(totalBytes)}, ${errors} errors${remaining}`;
    return [head, ...event.currentItems.map(printable)];
  }

  summary(summary: BackupSummary): void {
    this.#progress.clear();
    if (this.#options.quiet) return;
    const three = (name: string, fresh: number, changed: number, unmodified: number): string =>
      `${name.padEnd(12)} ${String(fresh).padStart(5)} new, ${String(changed).padStart(5)} changed, ${String(unmodified).padStart(5)} unmodified`;
    const blobs = (name: string, count: number): string => `${name.padEnd(12)} ${String(count).padStart(5)} new`;
    const size = (bytes: number): string => formatBinaryBytes(bytes).padEnd(5);
    const added = summary.dryRun ? 'Would add to the repository' : 'Added to the repository';
    const saved = summary.snapshotId === undefined ? 'skipped creating snapshot' : `snapshot ${shortId(summary.snapshotId)} saved`;
    const lines = [
      summary.parent === undefined ? 'no parent snapshot found, will read all files' : `using parent snapshot ${shortId(summary.parent)}`,
      '',
      three('Files:', summary.filesNew, summary.filesChanged, summary.filesUnmodified),
      three('Dirs:', summary.dirsNew, summary.dirsChanged, summary.dirsUnmodified),
      ...(this.#options.verbose > 0 ? [blobs('Data Blobs:', summary.dataBlobs), blobs('Tree Blobs:', summary.treeBlobs)] : []),
      `${added}: ${size(summary.dataAdded)} (${size(summary.dataAddedPacked)} stored)`,
      '',
      `processed ${summary.totalFilesProcessed} files, ${formatBinaryBytes(summary.totalBytesProcessed)} in ${formatClock(summary.totalDurationSeconds)}`,
      ...(summary.dryRun ? [] : [saved]),
    ];
    this.#context.stdout.write(`${lines.join('\n')}\n`);
  }
}

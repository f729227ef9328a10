import type { EngineEvent, RestoreReport } from '@fortfail/engine';
import type { CommandContext } from '../command-context.ts';
import { framesPerSecond } from './backup-text.ts';
import { formatBinaryBytes, formatClock, formatPercent, printable } from './format.ts';
import { ProgressLines } from './progress.ts';

interface RestoreReporterOptions {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose: number;
}

/** What was proposed: totals that the report is told against. */
export interface RestoreTotals {
  readonly entries: number;
  readonly bytes: number;
}

const optional = (name: string, value: number): Record<string, number> => (value === 0 ? {} : { [name]: value });

/** Tells what a restore does and came to, as text or as restic's JSON lines. */
export class RestoreReporter {
  readonly withItems: boolean;
  readonly #options: RestoreReporterOptions;
  readonly #context: CommandContext;
  readonly #progress: ProgressLines;
  readonly #startMs: number;
  #lastMs = 0;

  constructor(options: RestoreReporterOptions, context: CommandContext) {
    this.withItems = options.verbose >= 2;
    this.#options = options;
    this.#context = context;
    this.#startMs = context.clock.monotonicMs();
    const isShown = !options.json && !options.quiet;
    this.#progress = new ProgressLines(context.stdout, () => context.clock.monotonicMs(), isShown ? framesPerSecond(context) : 0);
  }

  event(event: EngineEvent): void {
    if (event.type === 'error') this.#error(event);
    else if (event.type === 'item') this.#item(event);
    else if (this.#options.json) this.#status(event);
    else this.#progress.show(() => [this.#line(event)]);
  }

  #error({ error, item }: Extract<EngineEvent, { type: 'error' }>): void {
    this.#progress.clear();
    const line = { message_type: 'error', error: { message: error.message }, during: 'restore', item };
    this.#context.stderr.write(
      this.#options.json ? `${JSON.stringify(line)}\n` : `ignoring error for ${printable(item)}: ${printable(error.message)}\n`,
    );
  }

  #item({ action, item, sizeBytes }: Extract<EngineEvent, { type: 'item' }>): void {
    const named = action === 'skipped' ? 'unchanged' : action;
    const path = item.length > 1 ? item.replace(/\/$/, '') : item;
    if (this.#options.json) {
      this.#context.stdout.write(`${JSON.stringify({ message_type: 'verbose_status', action: named, item: path, size: sizeBytes })}\n`);
    } else {
      const size = sizeBytes === 0 ? '' : ` with size ${formatBinaryBytes(sizeBytes)}`;
      this.#progress.above(`${named.padEnd(9)} ${printable(path)}${size}\n`);
    }
  }

  #status(event: Extract<EngineEvent, { type: 'progress' }>): void {
    const nowMs = this.#context.clock.monotonicMs();
    if (this.#options.quiet || nowMs - this.#lastMs < 1000 / framesPerSecond(this.#context)) return;
    this.#lastMs = nowMs;
    const total = event.totalBytes ?? 0;
    const line = {
      message_type: 'status',
      ...optional('seconds_elapsed', Math.floor((nowMs - this.#startMs) / 1000)),
      percent_done: total === 0 ? 0 : Math.min(1, event.bytesDone / total),
      ...optional('total_files', event.totalFiles ?? 0),
      ...optional('files_restored', event.filesDone),
      ...optional('total_bytes', total),
      ...optional('bytes_restored', event.bytesDone),
    };
    this.#context.stdout.write(`${JSON.stringify(line)}\n`);
  }

  #line({ filesDone, bytesDone, totalFiles, totalBytes }: Extract<EngineEvent, { type: 'progress' }>): string {
    const elapsed = formatClock((this.#context.clock.monotonicMs() - this.#startMs) / 1000);
    const total = totalBytes === undefined ? '' : `, total ${totalFiles ?? 0} files/dirs ${formatBinaryBytes(totalBytes)}`;
    const percent = totalBytes === undefined ? '' : ` ${formatPercent(bytesDone, totalBytes)}`;
    return `[${elapsed}]${percent}  ${filesDone} files/dirs ${formatBinaryBytes(bytesDone)}${total}`;
  }

  summary(report: RestoreReport, totals: RestoreTotals): void {
    this.#progress.clear();
    const restored = report.files + report.directories + report.others;
    const elapsed = Math.floor((this.#context.clock.monotonicMs() - this.#startMs) / 1000);
    if (this.#options.json) {
      const line = {
        message_type: 'summary',
        ...optional('seconds_elapsed', elapsed),
        ...optional('total_files', totals.entries - report.filesSkipped),
        ...optional('files_restored', restored),
        ...optional('files_skipped', report.filesSkipped),
        ...optional('files_deleted', report.filesDeleted),
        ...optional('total_bytes', totals.bytes - report.bytesSkipped),
        ...optional('bytes_restored', report.bytes),
        ...optional('bytes_skipped', report.bytesSkipped),
      };
      this.#context.stdout.write(`${JSON.stringify(line)}\n`);
      return;
    }
    const expected = totals.entries - report.filesSkipped;
    const isWhole = restored >= expected && report.bytes >= totals.bytes - report.bytesSkipped;
    const size = formatBinaryBytes(report.bytes);
    const what = isWhole
      ? `${restored} files/dirs (${size})`
      : `${restored} / ${expected} files/dirs (${size} / ${formatBinaryBytes(totals.bytes - report.bytesSkipped)})`;
    const skipped =
      report.filesSkipped === 0 ? '' : `, skipped ${report.filesSkipped} files/dirs ${formatBinaryBytes(report.bytesSkipped)}`;
    const deleted = report.filesDeleted === 0 ? '' : `, deleted ${report.filesDeleted} files/dirs`;
    this.#context.stdout.write(`Summary: Restored ${what} in ${formatClock(elapsed)}${skipped}${deleted}\n`);
    if (report.verifiedFiles > 0) this.#context.stdout.write(`finished verifying ${report.verifiedFiles} files in ${report.target}\n`);
  }
}

import { FortFailError } from '@fortfail/base';
import { type CheckProgress, type CheckReport, check, type DataSubset, parseDataSubset } from '@fortfail/repository';
import type { CommandContext } from '../command-context.ts';
import { exitOk } from '../exit.ts';
import { formatClock, formatPercent } from '../render/format.ts';
import { ProgressLines } from '../render/progress.ts';
import type { Globals } from '../repository/open-repository.ts';
import { openFor } from '../repository/open-repository.ts';
import type { Values } from '../verbs/option.ts';
import type { checkOptions } from '../verbs/read-verbs.ts';
import type { Perform } from '../verbs/verb.ts';

/** What `--read-data` and `--read-data-subset` ask for. */
function readDataOf(readData: boolean, subset: string | undefined): boolean | DataSubset {
  if (subset === undefined) return readData;
  if (!readData) return parseDataSubset(subset);
  throw new FortFailError({
    kind: 'invalid-input',
    code: 'usage',
    message: '--read-data and --read-data-subset must not be used together',
    hint: 'Leave out one of them.',
  });
}

function resultJson(report: CheckReport): object {
  return {
    message_type: 'summary',
    num_errors: report.errors.length,
    broken_packs: report.brokenPacks.length === 0 ? null : report.brokenPacks,
    suggest_repair_index: report.suggestRepairIndex,
    suggest_prune: report.suggestPrune,
  };
}

function tell(report: CheckReport, globals: Globals, { stdout, stderr }: CommandContext): void {
  for (const message of report.errors)
    stderr.write(globals.json ? `${JSON.stringify({ message_type: 'error', message: `${message}\n` })}\n` : `error: ${message}\n`);
  if (globals.json) {
    stdout.write(`${JSON.stringify(resultJson(report))}\n`);
    return;
  }
  if (globals.quiet) return;
  for (const hint of report.hints) stdout.write(`${hint}\n`);
  if (report.errors.length === 0) stdout.write('no errors were found\n');
}

const things = { index: 'index files', packs: 'packs', trees: 'trees', data: 'packs read' } as const;

function progressOf(options: Values<typeof checkOptions>, globals: Globals, context: CommandContext) {
  const lines = new ProgressLines(globals.json || globals.quiet ? { write: () => undefined } : context.stdout, () =>
    context.clock.monotonicMs(),
  );
  const startMs = context.clock.monotonicMs();
  const say = (text: string): void => {
    if (!globals.json && !globals.quiet) lines.above(`${text}\n`);
  };
  say('create exclusive lock for repository');
  say('load indexes');
  if (options.readData || options.readDataSubset !== undefined) say('read all data that was asked for');
  return {
    clear: () => lines.clear(),
    show: ({ phase, done, total }: CheckProgress): void => {
      const elapsed = formatClock((context.clock.monotonicMs() - startMs) / 1000);
      lines.show(() => [`[${elapsed}] ${total === 0 ? '' : formatPercent(done, total)}  ${done} / ${total} ${things[phase]}`]);
    },
  };
}

/** `check`: structure always, stored bytes when asked; exit 1 for any damage. */
export const perform: Perform<typeof checkOptions> = async ({ options, globals, context }) => {
  const readData = readDataOf(options.readData, options.readDataSubset);
  await using repository = await openFor(globals, context);
  const progress = progressOf(options, globals, context);
  const report = await check(repository, { readData, signal: context.signal, onProgress: progress.show });
  progress.clear();
  tell(report, globals, context);
  if (report.errors.length === 0) return exitOk;
  throw new FortFailError({
    kind: 'damaged',
    code: 'repository-damaged',
    message: 'repository contains errors',
    hint: 'Do not prune. Back up again to store what is missing, then run `fortfail check --read-data`.',
  });
};

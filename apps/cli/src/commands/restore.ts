import { FortFailError } from '@fortfail/base';
import { applyRestore, proposeRestore, type RestoreRequest } from '@fortfail/engine';
import type { Snapshot } from '@fortfail/repository';
import { PatternList, splitPath } from '@fortfail/source';
import { exitOk } from '../exit.ts';
import { RestoreReporter } from '../render/restore-text.ts';
import { snapshotLine } from '../render/snapshot-text.ts';
import { patternsOf } from '../repository/backup-targets.ts';
import { openFor } from '../repository/open-repository.ts';
import { filterOf, pickSnapshot, splitSelector } from '../repository/pick-snapshots.ts';
import type { restoreOptions } from '../verbs/backup-verbs.ts';
import type { Values } from '../verbs/option.ts';
import type { Call, Perform } from '../verbs/verb.ts';

type Options = Values<typeof restoreOptions>;

function usage(message: string, hint: string): FortFailError {
  return new FortFailError({ kind: 'invalid-input', code: 'usage', message, hint });
}

/** All that can be refused before a repository is opened. */
function requireSense({ options, args }: Call<typeof restoreOptions>): { readonly selector: string; readonly target: string } {
  const [selector] = args;
  if (selector === undefined) throw usage('no snapshot ID specified', "Give a snapshot ID, or 'latest'.");
  if (options.target === undefined)
    throw usage('please specify a directory to restore to (--target)', 'For example --target /tmp/restored.');
  const includes = options.include.length + options.includeFile.length + options.iinclude.length + options.iincludeFile.length;
  const excludes = options.exclude.length + options.excludeFile.length + options.iexclude.length + options.iexcludeFile.length;
  if (includes > 0 && excludes > 0) throw usage('exclude and include patterns are mutually exclusive', 'Leave out one kind of them.');
  if (options.includeXattr.length > 0 && options.excludeXattr.length > 0)
    throw usage('exclude and include xattr patterns are mutually exclusive', 'Leave out one kind of them.');
  if (options.dryRun && options.verify) throw usage('--dry-run and --verify are mutually exclusive', 'Leave out one of them.');
  if (options.delete && includes === 0 && options.target === '/')
    throw usage(
      "'--target / --delete' must be combined with an include filter",
      'Say with --include which part of the machine may be changed.',
    );
  return { selector, target: options.target };
}

function xattrRule({ includeXattr, excludeXattr }: Options): ((name: string) => boolean) | undefined {
  if (includeXattr.length === 0 && excludeXattr.length === 0) return undefined;
  const list = new PatternList(includeXattr.length > 0 ? includeXattr : excludeXattr);
  return (name) => list.matches(splitPath(name)) === includeXattr.length > 0;
}

function requestOf(call: Call<typeof restoreOptions>, snapshot: Snapshot, target: string, folder: string | undefined): RestoreRequest {
  const { options, context } = call;
  const selectsXattr = xattrRule(options);
  return {
    snapshot,
    subfolder: folder,
    target,
    overwrite: options.overwrite,
    include: patternsOf(options.include, options.includeFile, context),
    includeIgnoringCase: patternsOf(options.iinclude, options.iincludeFile, context),
    exclude: patternsOf(options.exclude, options.excludeFile, context),
    excludeIgnoringCase: patternsOf(options.iexclude, options.iexcludeFile, context),
    deleteExtra: options.delete,
    sparse: options.sparse,
    ownershipByName: options.ownershipByName,
    ...(selectsXattr === undefined ? {} : { selectsXattr }),
  };
}

/** What this user or this file system may not set: owners, devices, attributes. The contents are there. */
const unsettable: ReadonlySet<string> = new Set(['not-permitted', 'not-supported']);

/** `restore`: proposes, and applies the proposal at once, as restic does; the target says what may be written over. */
export const perform: Perform<typeof restoreOptions> = async (call) => {
  const { options, globals, context } = call;
  const { selector, target } = requireSense(call);
  const { id, folder } = splitSelector(selector);
  await using repository = await openFor(globals, context);
  const snapshot = await pickSnapshot(repository, id, filterOf(options, context));
  const request = requestOf(call, snapshot, target, folder);
  if (!globals.json && !globals.quiet) context.stdout.write(`restoring snapshot ${snapshotLine(snapshot)} to ${target}\n`);
  const reporter = new RestoreReporter({ json: globals.json, quiet: globals.quiet, verbose: globals.verbose }, context);
  const common = { clock: context.clock, signal: context.signal };
  const proposal = await proposeRestore(repository, request, common);
  let notPermitted = 0;
  const report = await applyRestore(repository, request, proposal, {
    ...common,
    onEvent: (event) => {
      if (event.type === 'error' && unsettable.has(event.error.code)) notPermitted += 1;
      reporter.event(event);
    },
    withItems: reporter.withItems,
    verify: options.verify,
    dryRun: options.dryRun,
  });
  reporter.summary(report, { entries: proposal.files + proposal.directories + proposal.others, bytes: proposal.bytes });
  if (report.errorCount === 0) return exitOk;
  throw new FortFailError({
    kind: notPermitted === report.errorCount ? 'incomplete' : 'damaged',
    code: 'restore-errors',
    message: `there were ${report.errorCount} errors`,
    hint: 'What is named above is not restored as it was; everything else is.',
  });
};

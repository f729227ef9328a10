import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { hostname, userInfo } from 'node:os';
import { FortFailError } from '@fortfail/base';
import { backup } from '@fortfail/engine';
import type { CommandContext } from '../command-context.ts';
import { exitOk } from '../exit.ts';
import { productVersion } from '../product-version.ts';
import { backupReporter } from '../render/backup-text.ts';
import { backupTargets, patternsOf } from '../repository/backup-targets.ts';
import { openFor } from '../repository/open-repository.ts';
import type { backupOptions } from '../verbs/backup-verbs.ts';
import type { Values } from '../verbs/option.ts';
import type { Call, Perform } from '../verbs/verb.ts';

type Options = Values<typeof backupOptions>;

function usage(message: string, hint: string): FortFailError {
  return new FortFailError({ kind: 'invalid-input', code: 'usage', message, hint });
}

function requireOneKindOfSource({ options, args }: Call<typeof backupOptions>): void {
  const lists = options.filesFrom.length + options.filesFromRaw.length + options.filesFromVerbatim.length;
  if (options.stdin && options.stdinFromCommand)
    throw usage('--stdin and --stdin-from-command must not be used together', 'Leave out one of them.');
  if (options.stdin && args.length + lists > 0)
    throw usage('--stdin was given, and files or folders were listed as arguments', 'Leave out one of them.');
  if (options.stdinFromCommand && lists > 0)
    throw usage('--stdin-from-command and --files-from must not be used together', 'Leave out one of them.');
  if (options.stdinFromCommand && args.length === 0)
    throw usage('--stdin-from-command needs a command', 'Give it after `--`, with its arguments.');
  if (!options.stdin && !options.stdinFromCommand && args.length + lists === 0)
    throw usage('nothing to backup, please specify source files/dirs', 'Name at least one file or folder.');
}

/** What the command prints. A command that fails makes the stream fail, so that no snapshot is made of half its output. */
async function* commandOutput(args: readonly string[], context: CommandContext): AsyncIterable<Uint8Array> {
  const [file = '', ...rest] = args;
  const child = spawn(file, rest, { stdio: ['inherit', 'pipe', 'inherit'], env: { ...context.env }, signal: context.signal });
  const ended = once(child, 'close') as Promise<[number | null, string | null]>;
  // Heard below; a command that cannot be started must not end the program before that.
  ended.catch(() => undefined);
  yield* child.stdout;
  const [code, signal] = await ended.catch((cause: Error) => {
    throw new FortFailError({
      kind: 'invalid-input',
      code: 'command',
      message: `unable to start command '${file}': ${cause.message}`,
      cause,
    });
  });
  if (code === 0) return;
  throw new FortFailError({
    kind: 'invalid-input',
    code: 'command',
    message: `unable to back up command '${file}': it ended with ${code === null ? `signal ${signal}` : `exit code ${code}`}`,
    hint: 'No snapshot was made. Correct the command and run the backup again.',
  });
}

function stdinOf(options: Options, args: readonly string[], context: CommandContext) {
  if (!options.stdin && !options.stdinFromCommand) return undefined;
  const stream = options.stdin ? (context.stdin as AsyncIterable<Uint8Array>) : commandOutput(args, context);
  return { filename: options.stdinFilename, stream };
}

function excludesOf(options: Options, context: CommandContext) {
  return {
    patterns: patternsOf(options.exclude, options.excludeFile, context),
    caseInsensitivePatterns: patternsOf(options.iexclude, options.iexcludeFile, context),
    ifPresent: options.excludeIfPresent,
    caches: options.excludeCaches,
    largerThanBytes: options.excludeLargerThan,
  };
}

function groupOf(options: Options): ('host' | 'paths' | 'tags')[] {
  const { host, paths, tags } = options.groupBy ?? { host: true, paths: true, tags: false };
  return [...(host ? (['host'] as const) : []), ...(paths ? (['paths'] as const) : []), ...(tags ? (['tags'] as const) : [])];
}

/** `backup`: one snapshot of the files and folders named, or of a stream. */
export const perform: Perform<typeof backupOptions> = async (call) => {
  const { options, globals, args, context } = call;
  requireOneKindOfSource(call);
  const stdin = stdinOf(options, args, context);
  const targets = stdin === undefined ? await backupTargets(args, options, context) : [];
  const exclude = excludesOf(options, context);
  await using repository = await openFor(globals, context);
  const named = targets.map((target) => (typeof target === 'string' ? target : Buffer.from(target).toString()));
  const reporter = backupReporter({ json: globals.json, quiet: globals.quiet, verbose: globals.verbose, targets: named }, context);
  const summary = await backup(repository, {
    targets,
    clock: context.clock,
    signal: context.signal,
    onEvent: (event) => reporter.event(event),
    withItems: reporter.withItems,
    hostname: options.host ?? (context.env.RESTIC_HOST || hostname()),
    username: userInfo().username,
    tags: options.tag.flat().filter((tag) => tag !== ''),
    time: options.time,
    exclude,
    oneFileSystem: options.oneFileSystem,
    parent: options.parent,
    force: options.force,
    groupBy: groupOf(options),
    ignoreCtime: options.ignoreCtime,
    ignoreInode: options.ignoreInode,
    withAtime: options.withAtime,
    skipIfUnchanged: options.skipIfUnchanged,
    dryRun: options.dryRun,
    stdin,
    programVersion: `fortfail ${productVersion()}`,
  });
  reporter.summary(summary);
  if (!summary.partial) return exitOk;
  throw new FortFailError({
    kind: 'incomplete',
    code: 'source-unread',
    message: 'at least one source file could not be read',
    hint: 'Everything else is in the snapshot; the lines above name what is not.',
  });
};

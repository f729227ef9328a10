import { asFortFailError, FortFailError } from '@fortfail/base';
import type { CommandContext } from './command-context.ts';
import { type ExitFamily, exitCodeOf, exitOk } from './exit.ts';
import { isOutputClosed } from './output-closed.ts';
import { parseCommandLine, UsageError } from './program.ts';
import { renderFailure } from './render/error-text.ts';

/** The whole command line as a function: parses, performs, reports, and answers with the exit code. */
export async function runCommandLine(args: readonly string[], context: CommandContext): Promise<number> {
  let family: ExitFamily = 'product';
  let json = args.includes('--json');
  try {
    const call = parseCommandLine(args, context);
    if (call === undefined) return exitOk;
    family = call.verb.family;
    json = call.globals.json === true || call.options.json === true;
    const { perform } = await call.verb.load();
    return await perform({ ...call, context });
  } catch (thrown) {
    const error = hasNoWorkingFolder(thrown) ? workingFolderGone(thrown) : thrown;
    if (error instanceof UsageError) family = error.family;
    const code = exitCodeOf(asFortFailError(error), family);
    if (!isOutputClosed(context.signal)) renderFailure(error, code, json, context.stderr);
    return code;
  }
}

function hasNoWorkingFolder(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error && error.syscall === 'uv_cwd';
}

function workingFolderGone(cause: unknown): FortFailError {
  return new FortFailError({
    kind: 'not-found',
    code: 'working-folder',
    message: 'unable to find the working folder, it was removed',
    hint: 'Change to a folder that is there, or name files and repository by absolute paths.',
    cause,
  });
}

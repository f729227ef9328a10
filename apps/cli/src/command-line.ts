import { asFortFailError } from '@fortfail/base';
import type { CommandContext } from './command-context.ts';
import { type ExitFamily, exitCodeOf, exitOk } from './exit.ts';
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
  } catch (error) {
    if (error instanceof UsageError) family = error.family;
    const code = exitCodeOf(asFortFailError(error), family);
    renderFailure(error, code, json, context.stderr);
    return code;
  }
}

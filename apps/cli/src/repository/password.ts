import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { FortFailError, Secret } from '@fortfail/base';
import { passwordFromText } from '@fortfail/repository';
import type { CommandContext } from '../command-context.ts';
import { askHidden, readLine } from '../render/prompt.ts';
import { splitCommand } from './split-command.ts';

/** Where a password may come from, in restic's order of precedence. */
export interface PasswordSources {
  readonly insecureNoPassword: boolean;
  readonly command: string | undefined;
  readonly file: string | undefined;
  readonly text: string | undefined;
}

const emptyHint = 'Pass `--insecure-no-password` if the repository really has an empty one.';

/** The text of a password file. */
export async function readPasswordFile(file: string): Promise<string> {
  try {
    return passwordFromText(await readFile(file)).reveal();
  } catch (cause) {
    if (cause instanceof FortFailError) throw cause;
    throw new FortFailError({
      kind: 'invalid-input',
      code: 'password-file',
      message: `unable to read password file '${file}': ${(cause as NodeJS.ErrnoException).code ?? 'unknown reason'}`,
      hint: 'Name an existing file with --password-file or RESTIC_PASSWORD_FILE.',
      cause,
    });
  }
}

async function fromCommand(command: string, context: CommandContext): Promise<string> {
  const [file = '', ...args] = splitCommand(command);
  try {
    const { stdout } = await promisify(execFile)(file, args, { encoding: 'buffer', env: { ...context.env }, signal: context.signal });
    return passwordFromText(stdout).reveal();
  } catch (cause) {
    if (cause instanceof FortFailError) throw cause;
    const { code } = cause as { readonly code?: number | string };
    // The command's own words may hold the secret: only how it ended is told.
    const how = typeof code === 'number' ? `it exited with ${code}` : `it could not be started (${String(code)})`;
    const hint = 'Run the command by hand and correct --password-command or RESTIC_PASSWORD_COMMAND.';
    throw new FortFailError({
      kind: 'invalid-input',
      code: 'password-command',
      message: `unable to get a password from '${file}': ${how}`,
      hint,
    });
  }
}

async function ask(context: CommandContext, question: string): Promise<string> {
  if (context.stdin.isTTY !== true) return readLine(context.stdin);
  return askHidden(question, context.stdin, context.stderr);
}

/** The repository's password; asks on the terminal (or reads a line of standard input) when nothing else names one. */
export async function resolvePassword(sources: PasswordSources, context: CommandContext): Promise<Secret> {
  if (sources.insecureNoPassword) {
    if (sources.command === undefined && sources.file === undefined && (sources.text ?? '') === '') return new Secret('');
    throw new FortFailError({
      kind: 'invalid-input',
      code: 'usage',
      message: '--insecure-no-password must not be used with a password',
      hint: 'Leave out one of them.',
    });
  }
  if (sources.command !== undefined && sources.file !== undefined) {
    const message = 'password file and password command must not be used together';
    throw new FortFailError({ kind: 'invalid-input', code: 'usage', message, hint: 'Leave out one of them.' });
  }
  let password = sources.text;
  if (sources.command !== undefined) password = await fromCommand(sources.command, context);
  else if (sources.file !== undefined) password = await readPasswordFile(sources.file);
  if (password === undefined || password === '') password = await ask(context, 'enter password for repository: ');
  if (password !== '') return new Secret(password);
  throw new FortFailError({ kind: 'invalid-input', code: 'empty-password', message: 'an empty password is not allowed', hint: emptyHint });
}

/** A new password: from a file, empty when asked for, else typed twice. */
export async function resolveNewPassword(file: string | undefined, empty: boolean, context: CommandContext): Promise<Secret> {
  if (empty && file === undefined) return new Secret('');
  if (empty) {
    const message = '--new-password-file and --new-insecure-no-password must not be used together';
    throw new FortFailError({ kind: 'invalid-input', code: 'usage', message, hint: 'Leave out one of them.' });
  }
  const password = file === undefined ? await ask(context, 'enter new password: ') : await readPasswordFile(file);
  if (password === '') {
    const hint = 'Pass `--new-insecure-no-password` if you want an empty one.';
    throw new FortFailError({ kind: 'invalid-input', code: 'empty-password', message: 'an empty password is not allowed', hint });
  }
  if (file === undefined && context.stdin.isTTY === true && (await ask(context, 'enter password again: ')) !== password) {
    const hint = 'Type the same password twice.';
    throw new FortFailError({ kind: 'invalid-input', code: 'passwords-differ', message: 'passwords do not match', hint });
  }
  return new Secret(password);
}

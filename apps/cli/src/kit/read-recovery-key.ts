import { readFile } from 'node:fs/promises';
import { FortFailError } from '@fortfail/base';
import { joinShares, RecoveryKey } from '@fortfail/trust';
import type { CommandContext } from '../command-context.ts';
import { askHidden, readAll } from '../render/prompt.ts';

const mostShares = 16;

/**
 * The recovery key from a file, a pipe, or typed from the paper: the key itself, or shares one after the other until they are
 * enough. Never from an argument, which everybody on the machine could read. Throws `invalid-input`.
 */
export async function readRecoveryKey(keyFile: string | undefined, context: CommandContext): Promise<RecoveryKey> {
  if (keyFile !== undefined) return fromLines(await readLines(keyFile));
  if (context.stdin.isTTY !== true) return fromLines((await readAll(context.stdin)).split('\n'));
  const typed = await askHidden('Recovery key, or one share (not shown): ', context.stdin, context.stderr);
  return isShare(typed) ? joinTyped(typed, context) : RecoveryKey.parse(typed);
}

/** The key of shares typed one after the other, until they are enough. `first` was typed already. */
export async function joinTyped(first: string, context: CommandContext): Promise<RecoveryKey> {
  const shares = [first];
  for (;;) {
    const joined = await tryJoin(shares);
    if (joined !== undefined) return joined;
    shares.push(await askHidden(`Share ${shares.length + 1} (not shown): `, context.stdin, context.stderr));
  }
}

/** Whether it looks like a share of a recovery key. */
export function isShare(text: string): boolean {
  return /^\s*ffshare/i.test(text);
}

/** Undefined while there are too few. */
async function tryJoin(shares: readonly string[]): Promise<RecoveryKey | undefined> {
  try {
    return await joinShares(shares);
  } catch (error) {
    if (error instanceof FortFailError && error.code === 'share-few' && shares.length < mostShares) return undefined;
    throw error;
  }
}

/** An age identity file, or one share on each line; lines that begin with # are remarks. */
async function fromLines(lines: readonly string[]): Promise<RecoveryKey> {
  const said = lines.map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#'));
  if (said.some(isShare)) return joinShares(said);
  return RecoveryKey.parse(said.join(''));
}

async function readLines(path: string): Promise<string[]> {
  try {
    return (await readFile(path, 'utf8')).split('\n');
  } catch (cause) {
    throw new FortFailError({
      kind: 'not-found',
      code: 'key-file',
      message: `unable to read the recovery key from '${path}'`,
      hint: 'Leave out --key-file to type it.',
      cause,
    });
  }
}

import { readFile } from 'node:fs/promises';
import { FortFailError } from '@fortfail/base';
import { parseFilesFrom, parseFilesFromRaw, parseFilesFromVerbatim, readExcludeFile } from '@fortfail/source';
import type { CommandContext } from '../command-context.ts';

export interface TargetOptions {
  readonly filesFrom: readonly string[];
  readonly filesFromRaw: readonly string[];
  readonly filesFromVerbatim: readonly string[];
}

async function readList(file: string, option: string, context: CommandContext): Promise<Buffer> {
  if (file === '-') {
    const parts: Buffer[] = [];
    for await (const part of context.stdin) parts.push(Buffer.from(part));
    return Buffer.concat(parts);
  }
  try {
    return await readFile(file);
  } catch (cause) {
    const message = `unable to read '${file}': ${(cause as NodeJS.ErrnoException).code ?? String(cause)}`;
    throw new FortFailError({ kind: 'invalid-input', code: 'list-file', message, hint: `Name an existing file with ${option}.`, cause });
  }
}

/** What to back up: the arguments and what the `--files-from` files name, in that order. */
export async function backupTargets(
  args: readonly string[],
  options: TargetOptions,
  context: CommandContext,
): Promise<(string | Uint8Array)[]> {
  const targets: (string | Uint8Array)[] = [...args];
  for (const file of options.filesFrom) {
    const unmatched = (pattern: string): void => void context.stderr.write(`pattern "${pattern}" does not match any files, skipping\n`);
    targets.push(...parseFilesFrom(await readList(file, '--files-from', context), process.cwd(), unmatched));
  }
  for (const file of options.filesFromVerbatim)
    targets.push(...parseFilesFromVerbatim(await readList(file, '--files-from-verbatim', context)));
  for (const file of options.filesFromRaw) targets.push(...parseFilesFromRaw(await readList(file, '--files-from-raw', context)));
  return targets;
}

/** Patterns given one by one and those in files; variables in the files come from the environment. */
export function patternsOf(patterns: readonly string[], files: readonly string[], { env }: CommandContext): string[] {
  return [...patterns, ...files.flatMap((file) => readExcludeFile(file, (name) => env[name]).map((pattern) => pattern.toString()))];
}

import { FortFailError } from '@fortfail/base';
import type { CommandContext } from '../command-context.ts';
import { readLine } from '../render/prompt.ts';

/** Goes on only after `yes` was typed, or `--yes` was given. Throws `denied` for anything else. */
export async function askYes(question: string, isYes: boolean, { stdin, stderr }: CommandContext): Promise<void> {
  if (isYes) return;
  stderr.write(`${question} Type yes: `);
  if ((await readLine(stdin)).trim().toLowerCase() === 'yes') return;
  throw new FortFailError({
    kind: 'cancelled',
    code: 'not-confirmed',
    message: 'not confirmed, nothing was done',
    hint: 'Scripts give --yes.',
  });
}

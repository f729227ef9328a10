import type { JoinString } from '@fortfail/protocol';
import type { CommandContext } from '../command-context.ts';
import { formatLocalTime } from '../render/format.ts';

/** The line to paste on the other host, alone on standard output, and what to know of it on standard error. */
export function writeJoin(join: JoinString, out: Pick<CommandContext, 'stdout' | 'stderr'>): void {
  out.stdout.write(`${join.command}\n`);
  const until = formatLocalTime(new Date(join.expiresAt));
  out.stderr.write(
    `Paste it on the other host before ${until}; it serves once. Then compare the six words with \`fortfail agent list\`.\n`,
  );
}

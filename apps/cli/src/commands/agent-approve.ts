import { dataFolder } from '../client/data-folder.ts';
import { runHostTool } from '../client/run-host-tool.ts';
import { exitOk } from '../exit.ts';
import { formatLocalTime, printable } from '../render/format.ts';
import type { hostOptions } from '../verbs/host-verbs.ts';
import type { Perform } from '../verbs/verb.ts';

interface Approved {
  readonly sentence: string;
  readonly until: string;
}

/** `agent approve`: consents, on this host, to the order that six words name. */
export const perform: Perform<typeof hostOptions> = async ({ options, args, context }) => {
  const approved = await runHostTool<Approved>({ do: 'approve', words: args }, dataFolder(options.data, context.env), context);
  const text = `Consented: ${printable(approved.sentence)}.\nGood for one order, until ${formatLocalTime(new Date(approved.until))}. Now order it again.\n`;
  context.stdout.write(options.json ? `${JSON.stringify(approved)}\n` : text);
  return exitOk;
};

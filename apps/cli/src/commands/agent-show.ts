import { dataFolder } from '../client/data-folder.ts';
import { runHostTool } from '../client/run-host-tool.ts';
import { exitOk } from '../exit.ts';
import { type HostReport, hostText } from '../render/host-text.ts';
import type { hostOptions } from '../verbs/host-verbs.ts';
import type { Perform } from '../verbs/verb.ts';

/** `agent show`: who this host is, as its own files say. Asks nobody. */
export const perform: Perform<typeof hostOptions> = async ({ options, context }) => {
  const report = await runHostTool<HostReport>({ do: 'show' }, dataFolder(options.data, context.env), context);
  context.stdout.write(options.json ? `${JSON.stringify(report)}\n` : hostText(report));
  return exitOk;
};

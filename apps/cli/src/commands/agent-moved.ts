import { dataFolder } from '../client/data-folder.ts';
import { runHostTool } from '../client/run-host-tool.ts';
import { exitOk } from '../exit.ts';
import type { hostOptions } from '../verbs/host-verbs.ts';
import type { Perform } from '../verbs/verb.ts';

/** `agent moved`: this machine is where the agent lives from now on. */
export const perform: Perform<typeof hostOptions> = async ({ options, context }) => {
  const moved = await runHostTool<{ readonly agentId: string }>({ do: 'moved' }, dataFolder(options.data, context.env), context);
  const text = `Agent ${moved.agentId} now belongs to this machine. Start it again; the site may ask an admin to agree.\n`;
  context.stdout.write(options.json ? `${JSON.stringify(moved)}\n` : text);
  return exitOk;
};

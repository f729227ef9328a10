import { dataFolder } from '../client/data-folder.ts';
import { runHostTool } from '../client/run-host-tool.ts';
import { exitOk } from '../exit.ts';
import type { ownerSetOptions } from '../verbs/host-verbs.ts';
import type { Perform } from '../verbs/verb.ts';

/** `agent owner set`: writes the owner's public key into the policy of this host. */
export const perform: Perform<typeof ownerSetOptions> = async ({ options, args, context }) => {
  const request = { do: 'owner-set', owner: args.join(' '), recovery: options.recovery ?? null };
  const written = await runHostTool<{ readonly path: string }>(request, dataFolder(options.data, context.env), context);
  const text = `The owner is named in ${written.path}. The agent reads it with its next order.\n`;
  context.stdout.write(options.json ? `${JSON.stringify(written)}\n` : text);
  return exitOk;
};

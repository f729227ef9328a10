import { dataFolder } from '../client/data-folder.ts';
import { runHostTool } from '../client/run-host-tool.ts';
import { exitOk } from '../exit.ts';
import type { HostReport } from '../render/host-text.ts';
import type { hostOptions } from '../verbs/host-verbs.ts';
import type { Perform } from '../verbs/verb.ts';

/** `agent owner show`: whose roster this host obeys. */
export const perform: Perform<typeof hostOptions> = async ({ options, context }) => {
  const { owner, policy } = await runHostTool<HostReport>({ do: 'show' }, dataFolder(options.data, context.env), context);
  const none = 'No owner is named on this host. After `fortfail kit create`, name it with `fortfail agent owner set KEY`.\n';
  const text = owner === null ? none : `${owner}\n`;
  context.stdout.write(options.json ? `${JSON.stringify({ owner, policy: policy?.path ?? null })}\n` : text);
  return exitOk;
};

import { dataFolder } from '../client/data-folder.ts';
import { runHostTool } from '../client/run-host-tool.ts';
import { exitOk } from '../exit.ts';
import type { requestOptions } from '../verbs/host-verbs.ts';
import type { Perform } from '../verbs/verb.ts';

/** `agent request`: makes this host's keys and prints what its site needs to enrol it. */
export const perform: Perform<typeof requestOptions> = async ({ options, context }) => {
  const made = await runHostTool<{ readonly words: readonly string[] }>({ do: 'request' }, dataFolder(options.data, context.env), context);
  const { words, ...request } = made;
  context.stdout.write(`${JSON.stringify(request, null, 2)}\n`);
  context.stderr.write(`The words of this host: ${words.join(' ')}. The site must show the same.\n`);
  return exitOk;
};

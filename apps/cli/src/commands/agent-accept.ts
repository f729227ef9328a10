import { dataFolder } from '../client/data-folder.ts';
import { readJsonFile } from '../client/read-json-file.ts';
import { runHostTool } from '../client/run-host-tool.ts';
import { exitOk } from '../exit.ts';
import { type Enrolled, enrolledText } from '../render/host-text.ts';
import type { hostOptions } from '../verbs/host-verbs.ts';
import type { Perform } from '../verbs/verb.ts';

/** `agent accept`: takes in what the site issued for this host's request. */
export const perform: Perform<typeof hostOptions> = async ({ options, args, context }) => {
  const issue = await readJsonFile(args[0] ?? '', context.env);
  const enrolled = await runHostTool<Enrolled>({ do: 'accept', issue }, dataFolder(options.data, context.env), context);
  context.stdout.write(options.json ? `${JSON.stringify(enrolled)}\n` : enrolledText(enrolled));
  return exitOk;
};

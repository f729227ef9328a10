import { dataFolder } from '../client/data-folder.ts';
import { runHostTool } from '../client/run-host-tool.ts';
import { exitOk, exitPartial } from '../exit.ts';
import { type Finding, findingsText } from '../render/host-text.ts';
import type { doctorOptions } from '../verbs/host-verbs.ts';
import type { Perform } from '../verbs/verb.ts';

/** `doctor`: what is wrong or unsafe here, each with what to do. Changes nothing. */
export const perform: Perform<typeof doctorOptions> = async ({ options, context }) => {
  const data = dataFolder(options.data, context.env);
  const { findings } = await runHostTool<{ readonly findings: readonly Finding[] }>({ do: 'doctor' }, data, context);
  const shown = findings.filter(({ what }) => !options.quiet.includes(what));
  context.stdout.write(options.json ? `${JSON.stringify({ findings: shown })}\n` : findingsText(shown));
  return shown.some(({ grade }) => grade === 'bad') ? exitPartial : exitOk;
};

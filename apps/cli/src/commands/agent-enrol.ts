import { FortFailError } from '@fortfail/base';
import { dataFolder } from '../client/data-folder.ts';
import { runHostTool } from '../client/run-host-tool.ts';
import { exitOk } from '../exit.ts';
import { type Enrolled, enrolledText } from '../render/host-text.ts';
import { askHidden, readLine } from '../render/prompt.ts';
import type { enrolOptions } from '../verbs/host-verbs.ts';
import type { Perform } from '../verbs/verb.ts';

/** `agent enrol`: makes this host an agent of the site whose join string is read. */
export const perform: Perform<typeof enrolOptions> = async ({ options, args, context }) => {
  if (args.length > 0) throw inArguments();
  const { stdin, stderr, stdout } = context;
  const joinString = (stdin.isTTY ? await askHidden('Join string: ', stdin, stderr) : await readLine(stdin)).trim();
  if (joinString === '') throw missing();
  const request = { do: 'enrol', joinString, replace: options.replace };
  const enrolled = await runHostTool<Enrolled>(request, dataFolder(options.data, context.env), context);
  stdout.write(options.json ? `${JSON.stringify(enrolled)}\n` : enrolledText(enrolled));
  return exitOk;
};

function inArguments(): FortFailError {
  return new FortFailError({
    kind: 'invalid-input',
    code: 'secret-in-arguments',
    message: 'unable to take a join string as an argument, every user of this host can read it there',
    hint: "Take it for known: make a new one. Then type: printf %s 'ffjoin1...' | fortfail agent enrol",
  });
}

function missing(): FortFailError {
  return new FortFailError({
    kind: 'invalid-input',
    code: 'join-missing',
    message: 'unable to enrol without a join string',
    hint: "The console and `fortfail expose` show one. Type: printf %s 'ffjoin1...' | fortfail agent enrol",
  });
}

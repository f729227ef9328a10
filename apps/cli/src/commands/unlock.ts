import { exitOk } from '../exit.ts';
import { openFor } from '../repository/open-repository.ts';
import type { unlockOptions } from '../verbs/forget-verbs.ts';
import type { Perform } from '../verbs/verb.ts';

/** `unlock`: removes locks whose processes are gone, or all of them. */
export const perform: Perform<typeof unlockOptions> = async ({ options, globals, context }) => {
  await using repository = await openFor(globals, context);
  const removed = await repository.unlock({ removeAll: options.removeAll });
  if (removed > 0 && !globals.json && !globals.quiet) context.stdout.write(`successfully removed ${removed} locks\n`);
  return exitOk;
};

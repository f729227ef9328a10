import { FortFailError } from '@fortfail/base';
import { exitOk } from '../exit.ts';
import { openFor } from '../repository/open-repository.ts';
import type { keyRemoveOptions } from '../verbs/forget-verbs.ts';
import type { Perform } from '../verbs/verb.ts';

/** `key remove`: takes a password away; never the one in use. */
export const perform: Perform<typeof keyRemoveOptions> = async ({ globals, args, context }) => {
  const [prefix] = args;
  if (prefix === undefined) {
    const hint = 'See `fortfail key list` for the IDs.';
    throw new FortFailError({ kind: 'invalid-input', code: 'usage', message: 'key remove expects one argument as the key id', hint });
  }
  await using repository = await openFor(globals, context);
  const id = await repository.removeKey(prefix);
  context.stdout.write(`removed key ${id}\n`);
  return exitOk;
};

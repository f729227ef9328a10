import { hostname, userInfo } from 'node:os';
import { exitOk } from '../exit.ts';
import { openFor } from '../repository/open-repository.ts';
import { resolveNewPassword } from '../repository/password.ts';
import type { keyAddOptions } from '../verbs/forget-verbs.ts';
import type { Perform } from '../verbs/verb.ts';

/** `key add`: one more password for the same master key. */
export const perform: Perform<typeof keyAddOptions> = async ({ options, globals, context }) => {
  await using repository = await openFor(globals, context);
  const id = await repository.addKey({
    password: await resolveNewPassword(options.newPasswordFile, options.newInsecureNoPassword, context),
    hostname: options.host ?? hostname(),
    username: options.user ?? userInfo().username,
    allowEmptyPassword: options.newInsecureNoPassword,
  });
  context.stdout.write(`saved new key with ID ${id}\n`);
  return exitOk;
};

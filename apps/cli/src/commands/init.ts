import { hostname, userInfo } from 'node:os';
import { initRepository } from '@fortfail/repository';
import { formatLocation, openBackend, parseLocation } from '@fortfail/storage';
import { exitOk } from '../exit.ts';
import { passwordFor, repositoryOptions, repositoryText } from '../repository/open-repository.ts';
import type { initOptions } from '../verbs/backup-verbs.ts';
import type { Perform } from '../verbs/verb.ts';

/** `init`: makes an empty repository. */
export const perform: Perform<typeof initOptions> = async ({ options, globals, context }) => {
  repositoryOptions(globals, context);
  const text = await repositoryText(globals, context);
  const location = parseLocation(text);
  await using backend = await openBackend(location);
  const password = await passwordFor(globals, context);
  const { id } = await initRepository({
    backend,
    password,
    version: options.repositoryVersion === '1' ? 1 : 2,
    hostname: hostname(),
    username: userInfo().username,
    clock: context.clock,
    allowEmptyPassword: globals.insecureNoPassword,
  });
  if (globals.json) {
    context.stdout.write(`${JSON.stringify({ message_type: 'initialized', id, repository: text })}\n`);
  } else if (!globals.quiet) {
    context.stdout.write(
      `created fortfail repository ${id.slice(0, 10)} at ${formatLocation(location)}\n\nPlease note that knowledge of your password is required to access\nthe repository. Losing your password means that your data is\nirrecoverably lost.\n`,
    );
  }
  return exitOk;
};

import { hostname, userInfo } from 'node:os';
import { FortFailError } from '@fortfail/base';
import { initRepository } from '@fortfail/repository';
import { formatLocation, openBackend, parseLocation } from '@fortfail/storage';
import { exitOk } from '../exit.ts';
import { openFor, passwordFor, repositoryOptions, repositoryText } from '../repository/open-repository.ts';
import type { initOptions } from '../verbs/backup-verbs.ts';
import type { Call, Perform } from '../verbs/verb.ts';

/** The other repository's polynomial; undefined for a fresh one. Its options are the global ones under other names. */
async function copiedPolynomial({ options, globals, context }: Call<typeof initOptions>): Promise<bigint | undefined> {
  const { env } = context;
  const named = [options.fromRepo, options.fromRepositoryFile, env.RESTIC_FROM_REPOSITORY, env.RESTIC_FROM_REPOSITORY_FILE].some(Boolean);
  if (!options.copyChunkerParams) {
    if (options.fromRepo === undefined && options.fromRepositoryFile === undefined) return undefined;
    throw usage('a repository to copy from was given without --copy-chunker-params', 'Add --copy-chunker-params, or leave it out.');
  }
  if (!named) throw usage('--copy-chunker-params needs a repository to copy from', 'Name it with --from-repo.');
  const from = {
    ...globals,
    repo: options.fromRepo,
    repositoryFile: options.fromRepositoryFile,
    passwordFile: options.fromPasswordFile,
    passwordCommand: options.fromPasswordCommand,
    insecureNoPassword: options.fromInsecureNoPassword,
    keyHint: options.fromKeyHint,
  };
  const names = ['REPOSITORY', 'REPOSITORY_FILE', 'PASSWORD', 'PASSWORD_FILE', 'PASSWORD_COMMAND', 'KEY_HINT'];
  const fromEnv = Object.fromEntries(names.map((name) => [`RESTIC_${name}`, env[`RESTIC_FROM_${name}`]]));
  await using source = await openFor(from, { ...context, env: { ...env, ...fromEnv } });
  return source.config.chunkerPolynomial;
}

function usage(message: string, hint: string): FortFailError {
  return new FortFailError({ kind: 'invalid-input', code: 'usage', message, hint });
}

/** `init`: makes an empty repository. */
export const perform: Perform<typeof initOptions> = async (call) => {
  const { options, globals, context } = call;
  repositoryOptions(globals, context);
  const text = await repositoryText(globals, context);
  const location = parseLocation(text);
  const polynomial = await copiedPolynomial(call);
  await using backend = await openBackend(location);
  const password = await passwordFor(globals, context);
  const { id } = await initRepository({
    backend,
    password,
    version: options.repositoryVersion === '1' ? 1 : 2,
    polynomial,
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

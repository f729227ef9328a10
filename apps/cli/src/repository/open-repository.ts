import { readFile } from 'node:fs/promises';
import { FortFailError, noLogger } from '@fortfail/base';
import { openRepository, passwordFromText, type Repository } from '@fortfail/repository';
import { openBackend, parseLocation, type StorageBackend } from '@fortfail/storage';
import type { CommandContext } from '../command-context.ts';
import type { GlobalOptions } from '../verbs/global-options.ts';
import type { Values } from '../verbs/option.ts';
import { resolvePassword } from './password.ts';

const mebibyte = 2 ** 20;
const [smallestPack, largestPack] = [4, 128];
const compressions = ['auto', 'off', 'fastest', 'better', 'max'] as const;
type Compression = (typeof compressions)[number];

export type Globals = Values<GlobalOptions>;

function usage(message: string, hint: string): FortFailError {
  return new FortFailError({ kind: 'invalid-input', code: 'usage', message, hint });
}

async function locationFromFile(file: string): Promise<string> {
  try {
    return passwordFromText(await readFile(file)).reveal();
  } catch (cause) {
    const hint = 'Name an existing file with --repository-file or RESTIC_REPOSITORY_FILE.';
    const message = `unable to read repository file '${file}': ${(cause as NodeJS.ErrnoException).code ?? String(cause)}`;
    throw new FortFailError({ kind: 'invalid-input', code: 'repository-file', message, hint, cause });
  }
}

/** The repository's address as the user gave it: flags before variables, a name before a file. */
export async function repositoryText({ repo, repositoryFile }: Globals, { env }: CommandContext): Promise<string> {
  if (repo !== undefined && repositoryFile !== undefined)
    throw usage('--repo and --repository-file must not be used together', 'Leave out one of them.');
  if (repo !== undefined) return repo;
  if (repositoryFile !== undefined) return await locationFromFile(repositoryFile);
  if (env.RESTIC_REPOSITORY) return env.RESTIC_REPOSITORY;
  if (env.RESTIC_REPOSITORY_FILE) return await locationFromFile(env.RESTIC_REPOSITORY_FILE);
  throw usage('please specify repository location', 'Name it with --repo, --repository-file or RESTIC_REPOSITORY.');
}

function compressionOf(given: Compression | undefined, fromEnv: string | undefined): Compression {
  if (given !== undefined || !fromEnv) return given ?? 'auto';
  const known = compressions.find((mode) => mode === fromEnv);
  if (known !== undefined) return known;
  throw usage(`invalid compression mode '${fromEnv}' in RESTIC_COMPRESSION`, `Set it to one of ${compressions.join(', ')}.`);
}

function packSizeOf(given: number | undefined, fromEnv: string | undefined): number | undefined {
  const text = given ?? (fromEnv || undefined);
  if (text === undefined || Number(text) === 0) return undefined;
  const size = Number(text);
  if (Number.isInteger(size) && size >= smallestPack && size <= largestPack) return size * mebibyte;
  throw usage(`invalid pack size '${text}'`, `Give a whole number of MiB from ${smallestPack} to ${largestPack}.`);
}

/** What the global options say about how to work with a repository; wrong ones are refused before anything is opened. */
export function repositoryOptions(globals: Globals, { env }: CommandContext) {
  const packSizeBytes = packSizeOf(globals.packSize, env.RESTIC_PACK_SIZE);
  return {
    compression: compressionOf(globals.compression, env.RESTIC_COMPRESSION),
    ...(packSizeBytes === undefined ? {} : { packSizeBytes }),
    noExtraVerify: globals.noExtraVerify,
    noLock: globals.noLock,
    retryLockMs: globals.retryLock ?? 0,
  };
}

/** The store that the options name. */
export async function openStore(globals: Globals, context: CommandContext): Promise<{ text: string; backend: StorageBackend }> {
  const text = await repositoryText(globals, context);
  return { text, backend: await openBackend(parseLocation(text)) };
}

/** The password that the options or the environment name, or a person types. */
export function passwordFor(globals: Globals, context: CommandContext) {
  const { env } = context;
  const isFlagged = globals.passwordCommand !== undefined || globals.passwordFile !== undefined;
  return resolvePassword(
    {
      insecureNoPassword: globals.insecureNoPassword,
      command: globals.passwordCommand ?? (isFlagged ? undefined : env.RESTIC_PASSWORD_COMMAND || undefined),
      file: globals.passwordFile ?? (isFlagged ? undefined : env.RESTIC_PASSWORD_FILE || undefined),
      text: env.RESTIC_PASSWORD,
    },
    context,
  );
}

/** A repository opened as the global options say; whoever opens it disposes it. */
export async function openFor(globals: Globals, context: CommandContext): Promise<Repository> {
  const options = repositoryOptions(globals, context);
  const { backend, text } = await openStore(globals, context);
  await requireConfig(backend, text);
  const keyHint = globals.keyHint ?? (context.env.RESTIC_KEY_HINT || undefined);
  const password = await passwordFor(globals, context);
  return await openRepository({ backend, password, clock: context.clock, logger: noLogger, keyHint, options });
}

/** Nobody is asked for the password of a repository that is not there. */
async function requireConfig(backend: StorageBackend, text: string): Promise<void> {
  try {
    await backend.stat({ type: 'config', name: '' });
  } catch (cause) {
    if (!(cause instanceof FortFailError) || cause.kind !== 'not-found') throw cause;
    throw new FortFailError({
      kind: 'repository-missing',
      code: 'no-config',
      message: `repository does not exist: unable to open config file of '${text}'`,
      hint: `Is there a repository at the following location?\n${text}`,
      cause,
    });
  }
}

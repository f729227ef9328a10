import { realpath } from 'node:fs/promises';
import { basename, dirname, join, normalize, relative } from 'node:path';
import { FortFailError } from '@fortfail/base';
import { parseLocation } from '@fortfail/storage';
import type { AgentConfig } from './config.ts';
import { errnoOf } from './durable-file.ts';
import type { PasswordFiles } from './repositories/password-file.ts';

interface Place {
  readonly path: string;
  readonly what: string;
}

export interface PlaceRules {
  readonly config: AgentConfig;
  readonly passwords: PasswordFiles;
  /** Repositories besides those this agent has keys of. */
  readonly locations?: readonly string[];
  /** The repository that is being made: its own place is not in its way. */
  readonly making?: string;
  /** Below this folder of the data folder all is well. */
  readonly allowed: string;
}

/** Made by the system as one looks at them; nothing can be kept there. */
const pseudo: readonly Place[] = ['/proc', '/sys'].map((path) => ({ path, what: 'a folder of the kernel' }));

/**
 * Keeps people from having something put where FortFail keeps its own: in a repository it would be taken for part of it,
 * in the data folder it would stand in the way. Links are followed as far as the path exists. Throws `invalid-input`.
 */
export async function refuseOwnPlaces(doing: string, path: string, rules: PlaceRules): Promise<void> {
  const { config, passwords, locations = [], making, allowed } = rules;
  const cards = (await passwords.cards()).filter(({ id }) => id !== making);
  const repositories = [...cards.map((card) => card.location), ...locations].map(
    (location): Place => ({ path: parseLocation(location).path, what: 'a repository' }),
  );
  const real = await realPath(path);
  for (const place of [...repositories, ...pseudo]) if (isWithin(real, await realPath(place.path))) throw refusal(doing, path, place);
  const isFree = isWithin(real, await realPath(allowed)) && real !== (await realPath(allowed));
  if (isFree || !isWithin(real, await realPath(config.dataFolder))) return;
  throw refusal(doing, path, { path: config.dataFolder, what: 'the data folder of FortFail' });
}

function refusal(doing: string, path: string, place: Place): FortFailError {
  return new FortFailError({
    kind: 'invalid-input',
    code: 'own-place',
    message: `unable to ${doing} '${path}', it lies in ${place.what}, '${place.path}'`,
    hint: 'Name a folder elsewhere.',
  });
}

function isWithin(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way !== '..' && !way.startsWith('../');
}

/** The path with every link on it followed; what does not exist yet is left as it is written. */
export async function realPath(path: string): Promise<string> {
  const missing: string[] = [];
  for (let at = normalize(path); ; at = dirname(at)) {
    try {
      return join(await realpath(at), ...missing);
    } catch (error) {
      const errno = errnoOf(error);
      const isMissing = errno === 'ENOENT' || errno === 'ENOTDIR' || errno === 'ENAMETOOLONG' || errno === 'EACCES';
      if (!isMissing || at === '/') throw error;
      missing.unshift(basename(at));
    }
  }
}

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { FortFailError, isFortFailError } from '@fortfail/base';
import { initRepository } from '@fortfail/repository';
import { fileError } from '@fortfail/source';
import { listAll, openBackend, parseLocation, type StorageBackend } from '@fortfail/storage';
import { errnoOf } from '../durable-file.ts';
import { refuseOwnPlaces } from '../own-places.ts';
import type { JobEnd, JobParts, JobVoice, PayloadOf } from './job-context.ts';

/**
 * Makes a repository with a password of its own, or adopts one that the password here opens. The password is durable
 * before the repository exists, so there is never a repository that nobody can open. May be done again at any point.
 */
export async function initialise(payload: PayloadOf<'initialise'>, voice: JobVoice, parts: JobParts): Promise<JobEnd> {
  const { repository: reference } = payload;
  const { passwords } = parts.shelf;
  const location = parseLocation(reference.location);
  await requirePlace(location.path, reference.id, parts);
  await using backend = await openBackend(location, { logger: parts.logger });
  const { isNew } = await passwords.ensure(reference.id);
  const passwordFile = passwords.pathOf(reference.id);
  let wasThere = true;
  if (!(await hasConfig(backend))) {
    voice.signal.throwIfAborted();
    await make(reference.id, backend, parts);
    wasThere = false;
  }
  try {
    const resticId = await parts.shelf.use(reference, async (repository) => repository.id);
    await passwords.writeCard({ id: reference.id, name: reference.name, location: reference.location, resticId });
    const what = wasThere ? 'adopted' : 'made';
    return {
      status: 'succeeded',
      result: { kind: 'initialise', resticId, passwordFile },
      summary: `Repository ${reference.name} ${what} in ${location.path}.`,
    };
  } catch (error) {
    if (isNew && wasThere) await passwords.discard(reference.id);
    if (isFortFailError(error, 'wrong-password')) throw otherPassword(location.path, passwordFile, error);
    throw error;
  }
}

/** What lies in the folder of a repository, ours and restic's. */
const repositoryNames: ReadonlySet<string> = new Set(['config', 'data', 'index', 'keys', 'locks', 'snapshots', 'fortfail', 'lost+found']);

/** Throws for a folder in which a repository would mix with something else. */
async function requirePlace(path: string, making: string, { config, shelf }: JobParts): Promise<void> {
  const names = await readdir(path).catch((error: unknown): string[] => {
    if (errnoOf(error) === 'ENOENT') return [];
    throw fileError(error, 'look into', Buffer.from(path));
  });
  if (names.includes('config')) return;
  await refuseOwnPlaces('make a repository in', path, {
    config,
    passwords: shelf.passwords,
    making,
    allowed: join(config.dataFolder, 'repositories'),
  });
  const stranger = names.find((name) => !repositoryNames.has(name) && !name.startsWith('.'));
  if (stranger === undefined) return;
  throw new FortFailError({
    kind: 'conflict',
    code: 'folder-not-empty',
    message: `unable to make a repository in '${path}', there is something else: '${stranger}'`,
    hint: 'Name a folder that does not exist yet or is empty.',
  });
}

async function make(repositoryId: string, backend: StorageBackend, { config, clock, shelf }: JobParts): Promise<void> {
  await removeHalfMade(backend);
  const password = await shelf.passwords.read(repositoryId);
  await initRepository({ backend, password, hostname: config.hostname, username: config.username, clock });
}

async function hasConfig(backend: StorageBackend): Promise<boolean> {
  return await backend.stat({ type: 'config', name: '' }).then(
    () => true,
    (error: unknown) => {
      if (isFortFailError(error, 'not-found')) return false;
      throw error;
    },
  );
}

/**
 * A crash between the first key and `config` leaves a key that opens nothing and stands in the way. Without `config`, packs,
 * indexes and snapshots there is nothing it could ever open; where any of these is, nothing is touched.
 */
async function removeHalfMade(backend: StorageBackend): Promise<void> {
  try {
    for (const type of ['pack', 'index', 'snapshot'] as const) for await (const _ of backend.list(type)) return;
    for (const { name } of await listAll(backend, 'key')) await backend.remove({ type: 'key', name });
  } catch (error) {
    // No folder yet: nothing is half-made.
    if (!isFortFailError(error, 'not-found')) throw error;
  }
}

function otherPassword(path: string, passwordFile: string, cause: unknown): FortFailError {
  return new FortFailError({
    kind: 'wrong-password',
    code: 'other-password',
    message: `unable to adopt the repository in '${path}', it has another password`,
    hint: `Write its password as one line into '${passwordFile}' (mode 0600), then try again. Or choose an empty folder.`,
    cause,
  });
}

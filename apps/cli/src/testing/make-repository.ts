import { Secret, systemClock } from '@fortfail/base';
import { initRepository } from '@fortfail/repository';
import { openBackend, parseLocation } from '@fortfail/storage';

/** An empty repository with a key that is derived in no time, which restic accepts as well. */
export async function makeRepository(path: string, password: string): Promise<void> {
  await using backend = await openBackend(parseLocation(path));
  const kdf = { N: 2, r: 1, p: 1 };
  await initRepository({ backend, password: new Secret(password), hostname: 'host', username: 'user', clock: systemClock, kdf });
}

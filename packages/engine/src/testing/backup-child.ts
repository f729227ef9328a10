/** A backup in a process of its own, for tests that kill it: LOCATION SOURCE PASSWORD. */
import { Secret, systemClock } from '@fortfail/base';
import { openRepository } from '@fortfail/repository';
import { openBackend, parseLocation } from '@fortfail/storage';
import { backup } from '../archive/backup.ts';
import { backupDefaults } from './engine-fixture.ts';

const [location = '', source = '', password = ''] = process.argv.slice(2);
await using repository = await openRepository({
  backend: await openBackend(parseLocation(location)),
  password: new Secret(password),
  clock: systemClock,
  options: { packSizeBytes: 4 << 20 },
});
await backup(repository, { ...backupDefaults, targets: [source] });

import { type Clock, Secret, systemClock } from '@fortfail/base';
import type { StorageBackend } from '@fortfail/storage';
import { MemoryBackend } from '@fortfail/storage/testing';
import type { KdfParameters } from '../format/key-document.ts';
import { initRepository } from '../init-repository.ts';
import { openRepository } from '../open-repository.ts';
import type { Repository, RepositoryOptions } from '../repository.ts';

export { type GoldenExpectations, type GoldenRepository, goldenExpectations, unpackGolden } from './golden.ts';

/** Costs next to nothing: for tests only. */
export const cheapKdf: KdfParameters = { N: 2, r: 1, p: 1 };

export const testPassword = new Secret('test password');

/** restic's own test polynomial, and that of the golden repositories. */
export const testPolynomial = 0x3da3358b4dc173n;

export interface TestRepositoryOptions {
  /** A fresh store in memory unless given. */
  readonly backend?: StorageBackend;
  readonly version?: 1 | 2;
  readonly clock?: Clock;
  readonly options?: RepositoryOptions;
}

/** A new repository, opened. */
export async function testRepository(options: TestRepositoryOptions = {}): Promise<Repository> {
  const { backend = new MemoryBackend(), version = 2, clock = systemClock } = options;
  await initRepository({
    backend,
    password: testPassword,
    version,
    polynomial: testPolynomial,
    hostname: 'test',
    username: 'test',
    clock,
    kdf: cheapKdf,
  });
  return await openRepository({ backend, password: testPassword, clock, options: options.options });
}
export { findRestic, type ResticAnswer, type ResticProgram, runRestic, temporaryFolder, writeOut } from './restic.ts';
export { addSnapshot, readSnapshot, sampleNode } from './sample-snapshot.ts';

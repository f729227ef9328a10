import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Secret, systemClock } from '@fortfail/base';
import { initRepository, openRepository, type Repository, type RepositoryOptions } from '@fortfail/repository';
import { removeTree } from '@fortfail/source';
import { openBackend, type StorageBackend } from '@fortfail/storage';
import { backup } from '../archive/backup.ts';
import type { BackupOptions, BackupSummary } from '../archive/backup-options.ts';
import { findEntry } from '../inspect/find-entry.ts';
import { applyRestore } from '../restore/apply.ts';
import { proposeRestore } from '../restore/propose.ts';
import type { ApplyContext, RestoreReport, RestoreRequest } from '../restore/restore-options.ts';

export const testPassword = 'correct horse';
/** A key that costs nothing to open. */
const cheapKdf = { N: 2, r: 1, p: 1 };

/** A folder with a repository in it, removed with `dispose`. */
export class EngineFixture implements AsyncDisposable {
  readonly folder: string;
  readonly location: string;
  readonly backend: StorageBackend;

  private constructor(folder: string, backend: StorageBackend) {
    this.folder = folder;
    this.location = join(folder, 'repository');
    this.backend = backend;
  }

  static async create(options: { readonly version?: 1 | 2 } = {}): Promise<EngineFixture> {
    const folder = mkdtempSync(join(tmpdir(), 'fortfail-engine-'));
    const backend = await openBackend({ kind: 'local', path: join(folder, 'repository') });
    const password = new Secret(testPassword);
    await initRepository({ backend, password, hostname: 'host', username: 'user', clock: systemClock, kdf: cheapKdf, ...options });
    return new EngineFixture(folder, backend);
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  open(options: RepositoryOptions = {}): Promise<Repository> {
    return openRepository({ backend: this.backend, password: new Secret(testPassword), clock: systemClock, options });
  }

  async backup(targets: readonly string[], options: Partial<BackupOptions> = {}): Promise<BackupSummary> {
    await using repository = await this.open();
    return await backup(repository, { ...backupDefaults, targets, workingFolder: this.folder, ...options });
  }

  /** Proposes and applies, of the newest snapshot unless another is named. */
  async restore(
    target: string,
    options: Partial<RestoreRequest> & { readonly selector?: string } = {},
    context: Partial<ApplyContext> = {},
  ): Promise<RestoreReport> {
    await using repository = await this.open();
    const snapshot = options.snapshot ?? (await repository.findSnapshot(options.selector ?? 'latest'));
    const request: RestoreRequest = { ...options, snapshot, target };
    const whole = { clock: systemClock, threads: 2, ...context };
    return await applyRestore(repository, request, await proposeRestore(repository, request, whole), whole);
  }

  /** Flips a bit in the first stored blob of a file of the newest snapshot. */
  async damageContent(path: string): Promise<void> {
    await using repository = await this.open();
    await repository.loadIndex();
    const snapshot = await repository.findSnapshot('latest');
    const node = await findEntry(repository, snapshot.tree, path);
    const found = repository.index.find('data', Buffer.from(node?.content?.[0] ?? '', 'hex'));
    if (found === undefined) throw new Error(`no content to damage at ${path}`);
    const pack = repository.index.packId(found.packIndex);
    flipBit(join(this.location, 'data', pack.slice(0, 2), pack), found.offset + 20);
  }

  /** Runs a real restic on the repository, in the fixture's folder as backups do; throws with all it said unless it exits as expected. */
  restic(tool: string, args: readonly string[], expectedCode = 0): Promise<string> {
    const env = { PATH: '/usr/bin:/bin', RESTIC_PASSWORD: testPassword, RESTIC_REPOSITORY: this.location, TZ: process.env.TZ ?? '' };
    return runProgram(tool, ['--no-cache', ...args], { cwd: this.folder, env }, expectedCode);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (process.env.FORTFAIL_TEST_KEEP !== '1') removeTree(Buffer.from(this.folder));
    await this.backend[Symbol.asyncDispose]();
  }
}

export const backupDefaults = {
  clock: systemClock,
  hostname: 'host',
  username: 'user',
  programVersion: 'fortfail 0.1.0',
  threads: 2,
} as const;

/** Changes one bit of a stored file, whose mode says that nobody may. */
export function flipBit(file: string, offset: number): void {
  const bytes = readFileSync(file);
  bytes[offset] = (bytes[offset] ?? 0) ^ 1;
  chmodSync(file, 0o600);
  writeFileSync(file, bytes);
}

function runProgram(
  file: string,
  args: readonly string[],
  where: { cwd: string; env: Record<string, string> },
  expectedCode: number,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { ...where, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    }
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === expectedCode) resolve(output);
      else reject(new Error(`${file} ${args.join(' ')}: exit ${code}, expected ${expectedCode}\n${output}`));
    });
  });
}

/** The real programs that are here, as `describe.each` takes them. */
export const restics = [
  { version: '0.14', tool: process.env.RESTIC_014 ?? '/usr/bin/restic' },
  { version: '0.19', tool: process.env.RESTIC_019 ?? '/opt/restic-0.19/usr/bin/restic' },
].map((program) => ({ ...program, isHere: existsSync(program.tool) }));

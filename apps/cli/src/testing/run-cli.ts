import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

/** What Node runs as the command line. */
export const cliMain = fileURLToPath(new URL('../main.ts', import.meta.url));

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly input?: string;
  /** Run as this user and group; only root may. */
  readonly uid?: number;
}

/** Runs a program with none of this process's restic or FortFail settings, and gives all it said. */
export function runProgram(file: string, args: readonly string[], { env = {}, cwd, input = '', uid }: RunOptions = {}): Promise<Outcome> {
  const clean = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(RESTIC|FORTFAIL|VITEST|NODE_(?!COMPILE_CACHE)|npm_|INIT_CWD)/.test(name)),
  );
  const child = spawn(file, args, { cwd: cwd ?? tmpdir(), env: { ...clean, ...env }, ...(uid === undefined ? {} : { uid, gid: uid }) });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  child.stdin.on('error', () => child.stdin.destroy());
  child.stdin.end(input);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

/** The real command line. */
export const fortfail = (args: readonly string[], options?: RunOptions): Promise<Outcome> =>
  runProgram(process.execPath, [cliMain, ...args], options);

const restic019 = [process.env.RESTIC_019, '/opt/restic-0.19/usr/bin/restic'].find((path) => path !== undefined && existsSync(path));
if (restic019 === undefined) process.stdout.write('skipped: restic 0.19 is not here; set RESTIC_019 to its path\n');

/** Path of the real restic 0.19; undefined, with a printed reason, when it is absent. */
export const resticPath: string | undefined = restic019;

export const restic = (args: readonly string[], options?: RunOptions): Promise<Outcome> =>
  runProgram(resticPath ?? 'restic', args, options);

/** A fresh folder, removed when the test ends; FORTFAIL_TEST_KEEP=1 leaves it. */
export function freshFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'fortfail-cli-'));
  onTestFinished(() => {
    if (process.env.FORTFAIL_TEST_KEEP !== '1') rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

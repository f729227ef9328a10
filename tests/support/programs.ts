import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const main = join(root, 'apps', 'cli', 'src', 'main.ts');

export interface Outcome {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program that the tests drive from outside, as a person would. */
export interface Program {
  readonly name: string;
  readonly file: string;
  readonly before: readonly string[];
}

export const fortfail: Program = { name: 'fortfail', file: process.execPath, before: [main] };

function restic(version: string, variable: string): Program | undefined {
  const paths = [process.env[variable], version === '0.14' ? '/usr/bin/restic' : undefined, `/opt/restic-${version}/usr/bin/restic`];
  const file = paths.find((path) => path !== undefined && existsSync(path));
  if (file === undefined) process.stdout.write(`skipped: restic ${version} is not here; set ${variable} to its path\n`);
  return file === undefined ? undefined : { name: `restic ${version}`, file, before: [] };
}

/** The real restic as Debian stable has it and as people install it today. Undefined, with a printed reason, when absent. */
export const restic014 = restic('0.14', 'RESTIC_014');
export const restic019 = restic('0.19', 'RESTIC_019');
export const restics = [restic014, restic019].filter((program) => program !== undefined);

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  readonly uid?: number;
}

/** Starts a program with nothing of this process's restic or FortFail settings in its environment. */
export function begin(program: Program, args: readonly string[], options: RunOptions = {}): ChildProcess {
  const clean = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(RESTIC|FORTFAIL|AWS|NODE_OPTIONS|VITEST|NODE_ENV)/.test(name)),
  );
  return spawn(program.file, [...program.before, ...args], {
    cwd: options.cwd ?? tmpdir(),
    env: { ...clean, ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
  });
}

/** Waits for the end of a started program and gives all it said. */
export function ended(child: ChildProcess): Promise<Outcome> {
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
}

export async function run(program: Program, args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  const child = begin(program, args, options);
  child.stdin?.on('error', () => child.stdin?.destroy());
  child.stdin?.end(options.input ?? '');
  return await ended(child);
}

/** Runs and expects an exit code; the failure shows everything the program said. */
export async function must(program: Program, args: readonly string[], options: RunOptions = {}, code = 0): Promise<Outcome> {
  const outcome = await run(program, args, options);
  if (outcome.code !== code) {
    throw new Error(
      `${program.name} ${args.join(' ')}: exit ${outcome.code ?? outcome.signal}, expected ${code}\n${outcome.stdout}\n${outcome.stderr}`,
    );
  }
  return outcome;
}

/** A fresh folder, removed when the test ends; FORTFAIL_TEST_KEEP=1 leaves it. */
export function freshFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'fortfail-test-'));
  onTestFinished(() => {
    if (process.env.FORTFAIL_TEST_KEEP !== '1') rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

/** Environment that opens the repository in `folder` for both programs, in one zone so that both write the same trees. */
export function opening(repository: string, password = 'correct horse'): Record<string, string> {
  return { RESTIC_REPOSITORY: repository, RESTIC_PASSWORD: password, TZ: 'UTC', RESTIC_CACHE_DIR: `${repository}-cache` };
}

/** Lines of JSON as objects. */
export function jsonLines(text: string): Record<string, unknown>[] {
  return text
    .split('\n')
    .filter((line) => line.startsWith('{') || line.startsWith('['))
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

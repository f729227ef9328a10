import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Measured {
  readonly wallSeconds: number;
  readonly cpuSeconds: number;
  readonly peakMiB: number;
  /** Processor time that other processes used meanwhile: where it is large, compare processor seconds only. */
  readonly othersCpuSeconds: number;
}

/** GNU time: the only small program that tells the peak memory of another one. */
const timeTool = '/usr/bin/time';

/** Seconds that all processors of this machine have worked since it started. */
function machineCpuSeconds(): number {
  const fields = (readFileSync('/proc/stat', 'utf8').split('\n')[0] ?? '').split(/\s+/).slice(1).map(Number);
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = fields;
  return (user + nice + system + irq + softirq) / 100;
}

/** Runs a program to its end and counts it with its children. Throws unless it exits with 0, or when GNU time is not here. */
export async function measure(
  file: string,
  args: readonly string[],
  where: { readonly env: NodeJS.ProcessEnv; readonly cwd: string },
): Promise<Measured> {
  if (!existsSync(timeTool)) throw new Error(`the benchmark needs GNU time at ${timeTool} (apt: time)`);
  const folder = mkdtempSync(join(tmpdir(), 'fortfail-time-'));
  try {
    const before = machineCpuSeconds();
    await run(timeTool, ['-o', join(folder, 'out'), '-f', '%e %U %S %M', file, ...args], where);
    const machine = machineCpuSeconds() - before;
    const [wall = 0, user = 0, system = 0, peakKiB = 0] = readFileSync(join(folder, 'out'), 'utf8').trim().split(' ').map(Number);
    const cpuSeconds = user + system;
    return { wallSeconds: wall, cpuSeconds, peakMiB: peakKiB / 1024, othersCpuSeconds: Math.max(0, machine - cpuSeconds) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function run(file: string, args: readonly string[], where: { readonly env: NodeJS.ProcessEnv; readonly cwd: string }): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { ...where, stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-4000);
    });
    child.on('error', reject);
    child.on('close', (code) => (code === 0 ? resolve() : reject(new Error(`${args.join(' ')}: exit ${code}\n${said}`))));
  });
}

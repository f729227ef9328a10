import { spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { CommandContext } from '../command-context.ts';
import { exitOk } from '../exit.ts';
import { type PartName, partPrograms } from './part.ts';
import { partEnvironment, type StartConfig } from './start-config.ts';

/**
 * One part in the foreground, for those who keep processes alive by other means. Its output is ours; its standard input
 * is a pipe that we hold, so that it ends with us whatever our own standard input is.
 */
export async function runPartAlone(name: PartName, config: StartConfig, context: CommandContext): Promise<number> {
  // Before Node puts its compile cache there: what it makes, others may enter.
  await mkdir(join(config.data.path, 'run'), { recursive: true, mode: 0o700 });
  const child = spawn(process.execPath, [...process.execArgv, partPrograms[name]], {
    env: partEnvironment(config, context.env),
    stdio: ['pipe', 'inherit', 'inherit'],
    detached: true,
  });
  // A part that ends closes the pipe; its exit code tells why.
  child.stdin.on('error', () => undefined);
  const stop = (): void => void child.kill('SIGTERM');
  if (context.signal.aborted) stop();
  else context.signal.addEventListener('abort', stop, { once: true });
  return await new Promise<number>((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) => resolve(context.signal.aborted ? exitOk : (code ?? 1)));
  });
}

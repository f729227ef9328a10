import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type ErrorRecord, FortFailError, fromErrorRecord } from '@fortfail/base';
import type { CommandContext } from '../command-context.ts';
import type { DataFolder } from './data-folder.ts';

const program = fileURLToPath(new URL('../../../agent/src/host-main.ts', import.meta.url));

/**
 * Has the agent's own program do something on this host, in that data folder: what to do goes to its standard input, where
 * no other user sees it. Answers what it printed; throws its error.
 */
export async function runHostTool<T>(request: object, data: DataFolder, { env, signal, stderr }: CommandContext): Promise<T> {
  const child = spawn(process.execPath, [...process.execArgv, program], {
    env: { ...env, FORTFAIL_DATA: data.path },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const stop = (): void => void child.kill('SIGTERM');
  signal.addEventListener('abort', stop, { once: true });
  child.stdin.on('error', () => undefined);
  child.stdin.end(JSON.stringify(request));
  let [text, said] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  child.stderr.setEncoding('utf8').on('data', (part: string) => {
    said += part;
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  signal.removeEventListener('abort', stop);
  signal.throwIfAborted();
  const answer = text === '' ? undefined : (JSON.parse(text) as { readonly error?: ErrorRecord });
  if (answer?.error !== undefined) throw fromErrorRecord(answer.error);
  if (answer !== undefined) return answer as T;
  stderr.write(said);
  throw new FortFailError({ kind: 'bug', code: 'tool-silent', message: `unable to work on this host: its program ended with ${code}` });
}

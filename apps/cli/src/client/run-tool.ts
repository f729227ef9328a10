import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type ErrorRecord, FortFailError, fromErrorRecord } from '@fortfail/base';
import type { CommandContext } from '../command-context.ts';
import type { DataFolder } from './data-folder.ts';

/** Programs of the orchestrator that work on its database while it is down. Each prints one JSON object. */
const tools = {
  'audit-verify': fileURLToPath(new URL('../../../orchestrator/src/audit-main.ts', import.meta.url)),
  'catalog-import': fileURLToPath(new URL('../../../orchestrator/src/import-main.ts', import.meta.url)),
} as const;

/** Runs one and answers what it printed; throws its error. It works on that data folder. */
export async function runTool(
  name: keyof typeof tools,
  args: readonly string[],
  data: DataFolder,
  { env, signal }: CommandContext,
): Promise<unknown> {
  const child = spawn(process.execPath, [...process.execArgv, tools[name], ...args], {
    env: { ...env, FORTFAIL_DATA: data.path, ...(env.WAL_PATH ? { WAL_PATH: data.auditFile } : {}) },
    stdio: ['ignore', 'pipe', 'ignore'],
    signal,
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  signal.throwIfAborted();
  const said = text === '' ? undefined : (JSON.parse(text) as { readonly error?: ErrorRecord });
  if (said?.error !== undefined) throw fromErrorRecord(said.error);
  if (said === undefined)
    throw new FortFailError({ kind: 'bug', code: 'tool-silent', message: `unable to run ${name}: it ended with ${code}` });
  return said;
}

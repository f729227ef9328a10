import { join } from 'node:path';
import { FortFailError } from '@fortfail/base';
import { type DataFolder, dataFolder } from '../client/data-folder.ts';
import type { Environment } from '../command-context.ts';

export interface ListenOptions {
  readonly data: string | undefined;
  readonly port?: number | undefined;
  readonly host?: string | undefined;
}

/** Where to work and listen: flag, then environment, then default. */
export interface StartConfig {
  readonly data: DataFolder;
  readonly port: number;
  /** Undefined: both loopback addresses. */
  readonly host: string | undefined;
}

export function startConfig(options: ListenOptions, env: Environment): StartConfig {
  return { data: dataFolder(options.data, env), port: options.port ?? portOf(env.PORT), host: options.host ?? (env.HOST || undefined) };
}

function portOf(text: string | undefined): number {
  if (text === undefined || text === '') return 8000;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port <= 65_535) return port;
  throw new FortFailError({
    kind: 'invalid-input',
    code: 'port',
    message: `invalid port '${text}' in PORT`,
    hint: 'Set PORT to a number from 0 to 65535, or leave it out.',
  });
}

/** The environment of a part: ours without what belongs to restic's verbs, and what the two programs agree on. */
export function partEnvironment(config: StartConfig, env: Environment): Record<string, string> {
  const own: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) if (value !== undefined && !name.startsWith('RESTIC_')) own[name] = value;
  delete own.HOST;
  own.FORTFAIL_DATA = config.data.path;
  own.PORT = String(config.port);
  if (env.WAL_PATH) own.WAL_PATH = config.data.auditFile;
  // Halves the parts' start-up. In our own 0700 folder, never the shared one: what lies there is executed.
  own.NODE_COMPILE_CACHE ??= join(config.data.path, 'run', 'compile-cache');
  if (config.host !== undefined) own.HOST = config.host;
  return own;
}

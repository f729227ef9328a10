import { join, resolve } from 'node:path';
import type { Environment } from '../command-context.ts';

/** Where everything of one site lies on this machine. */
export interface DataFolder {
  readonly path: string;
  /** Where the orchestrator answers local callers; its folder's mode is the proof. */
  readonly socket: string;
  readonly auditFile: string;
}

function defaultPath(env: Environment): string {
  if (process.getuid?.() === 0) return '/var/lib/fortfail';
  return join(env.XDG_DATA_HOME || join(env.HOME || '/', '.local', 'share'), 'fortfail');
}

/** The data folder: flag, then `FORTFAIL_DATA`, then the default. Relative paths count from where the command was typed. */
export function dataFolder(flag: string | undefined, env: Environment): DataFolder {
  const path = resolve(typedIn(env), flag || env.FORTFAIL_DATA || defaultPath(env));
  return {
    path,
    socket: join(path, 'run', 'orchestrator.sock'),
    auditFile: env.WAL_PATH ? resolve(typedIn(env), env.WAL_PATH) : join(path, 'audit.log'),
  };
}

/** The folder in which the person typed the command: npm changes into the clone and tells the real one. */
export function typedIn(env: Environment): string {
  return env.INIT_CWD || process.cwd();
}

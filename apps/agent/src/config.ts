import { availableParallelism, homedir, hostname, userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { FortFailError } from '@fortfail/base';
import { firstApiOptions } from './first-api/first-api-options.ts';
import { policyPaths } from './policy/read-policy.ts';

/** Where an agent keeps its things and how much it does at once. Frozen after it was read. */
export interface AgentConfig {
  readonly dataFolder: string;
  /** The orchestrator's audit log, a part of the `config` source. */
  readonly auditLog: string;
  readonly socketPath: string;
  /** Where the orchestrator puts copies of a database that lies elsewhere. */
  readonly catalogCopies: string;
  readonly agentFolder: string;
  /** Restores without a target of their own go below it. */
  readonly restoreRoot: string;
  /** Drills restore below it. */
  readonly scratchRoot: string;
  /** Backups, checks and drills at once; a person's restore does not wait for them. */
  readonly jobsAtOnce: number;
  readonly logLevel: string;
  readonly hostname: string;
  readonly username: string;
  readonly isRoot: boolean;
  /** Where the host's policy may lie; the first that exists counts. */
  readonly policyPaths: readonly string[];
}

/** What may be set, each declared once. */
export const options = [
  { name: 'FORTFAIL_DATA', doc: 'The data folder; the same as the orchestrator has.' },
  { name: 'WAL_PATH', doc: 'The audit file; the same as the orchestrator has.' },
  { name: 'FORTFAIL_AGENT_JOBS', doc: 'Backups, checks and drills at once, 1 to 64. Default: half the cores, 2 to 4.' },
  {
    name: 'FORTFAIL_POLICY',
    doc: 'The policy file of this host. Default: /etc/fortfail/policy.json, else $XDG_CONFIG_HOME/fortfail/policy.json.',
  },
  { name: 'LOG_LEVEL', doc: 'error, warn, info or debug.', fallback: 'info' },
  ...firstApiOptions,
] as const;

type Name = (typeof options)[number]['name'] | 'XDG_DATA_HOME' | 'XDG_CONFIG_HOME';
type Environment = Readonly<Partial<Record<Name, string | undefined>>>;

const logLevels = ['error', 'warn', 'info', 'debug'];

/** Reads the agent's settings; throws `invalid-input` that names the variable. */
export function readConfig(env: Environment): AgentConfig {
  const dataFolder = resolve(env.FORTFAIL_DATA || defaultDataFolder(env));
  const jobsAtOnce = Number(env.FORTFAIL_AGENT_JOBS || Math.min(4, Math.max(2, Math.floor(availableParallelism() / 2))));
  if (!Number.isInteger(jobsAtOnce) || jobsAtOnce < 1 || jobsAtOnce > 64) {
    throw invalid('FORTFAIL_AGENT_JOBS', env.FORTFAIL_AGENT_JOBS, 'Give a whole number from 1 to 64.');
  }
  const logLevel = env.LOG_LEVEL || 'info';
  if (!logLevels.includes(logLevel)) throw invalid('LOG_LEVEL', logLevel, `Give one of ${logLevels.join(', ')}.`);
  return Object.freeze({
    dataFolder,
    auditLog: resolve(env.WAL_PATH || join(dataFolder, 'audit.log')),
    socketPath: join(dataFolder, 'run', 'orchestrator.sock'),
    catalogCopies: join(dataFolder, 'run', 'catalog-copy'),
    agentFolder: join(dataFolder, 'agent'),
    restoreRoot: join(dataFolder, 'restore'),
    scratchRoot: join(dataFolder, 'scratch'),
    jobsAtOnce,
    logLevel,
    hostname: hostname(),
    username: userName(),
    isRoot: process.getuid?.() === 0,
    policyPaths: policyPaths(env),
  });
}

function defaultDataFolder(env: Environment): string {
  if (process.getuid?.() === 0) return '/var/lib/fortfail';
  return join(env.XDG_DATA_HOME || join(homedir(), '.local', 'share'), 'fortfail');
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A uid without an account, usual in containers.
    return String(process.getuid?.() ?? 0);
  }
}

function invalid(name: string, value: string | undefined, hint: string): FortFailError {
  return new FortFailError({ kind: 'invalid-input', code: 'setting', message: `invalid ${name} '${value}'`, hint });
}

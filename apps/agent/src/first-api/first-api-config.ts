import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { FortFailError, Secret } from '@fortfail/base';
import { type AgentConfig, readConfig } from '../config.ts';
import { claimsOf } from './token-claims.ts';

/** The settings of an agent that was started with the variables of the first API. */
export interface FirstApiConfig {
  readonly agent: AgentConfig;
  /** Without a slash at its end. */
  readonly orchestratorUrl: string;
  /** Undefined: `agent-<process number>`, drawn at the first start and kept. */
  readonly agentId: string | undefined;
  readonly registrationSecret: Secret | undefined;
  /** A token made beforehand. */
  readonly token: Secret | undefined;
  readonly backupDir: string;
  readonly restoreDir: string;
  readonly pollMs: number;
  /** Certificates (PEM) to trust besides the system's. */
  readonly ca: string | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

const idPattern = /^[A-Za-z0-9_-]{1,255}$/;
const shortestSecret = 16;

/** Whether the environment asks for an agent of the first API. */
export function asksForFirstApi(env: Environment): boolean {
  return Boolean(env.ORCHESTRATOR_URL);
}

/** Reads the settings; throws `invalid-input` that names the variable, never its value when that is a secret. */
export function readFirstApiConfig(env: Environment): FirstApiConfig {
  const token = secret(env, 'ORCH_JWT');
  const claimed = token === undefined ? undefined : claimsOf(token.reveal());
  if (token !== undefined && claimed === undefined)
    throw fault('ORCH_JWT', 'it is no token', 'Make one with `fortfail legacy token create`.');
  const registrationSecret = secret(env, 'AGENT_REG_SECRET');
  if (registrationSecret !== undefined) refuseWeak(registrationSecret.reveal());
  const agentId = env.AGENT_ID || claimed?.agentId;
  if (agentId !== undefined && !idPattern.test(agentId)) {
    throw fault('AGENT_ID', 'it has other characters than A-Z a-z 0-9 _ -', 'Give 1 to 255 of these characters.');
  }
  const seconds = Number(env.POLL_INTERVAL || 10);
  if (!(seconds >= 0.1 && seconds <= 86_400))
    throw fault('POLL_INTERVAL', 'it is no number of seconds', 'Give a number from 0.1 to 86400.');
  return Object.freeze({
    agent: readConfig(env),
    orchestratorUrl: urlOf(env.ORCHESTRATOR_URL || 'http://orchestrator:8000'),
    agentId,
    registrationSecret,
    token,
    backupDir: resolve(env.BACKUP_DIR || '/backups'),
    restoreDir: resolve(env.RESTORE_DIR || '/restore'),
    pollMs: Math.round(seconds * 1000),
    ca: env.TLS_CA_FILE ? fileText('TLS_CA_FILE', env.TLS_CA_FILE) : undefined,
  });
}

/** Where an agent of that id keeps what it must not lose. */
export function firstApiFolder(config: FirstApiConfig): string {
  return join(config.agent.agentFolder, 'first-api');
}

function urlOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.username !== '' || url.search !== '' || url.hash !== '') {
    throw fault(
      'ORCHESTRATOR_URL',
      'it is no address',
      'Give one like https://orchestrator.example:8000, without user, query or fragment.',
    );
  }
  return url.href.replace(/\/+$/, '');
}

function secret(env: Environment, name: 'AGENT_REG_SECRET' | 'ORCH_JWT'): Secret | undefined {
  const path = env[`${name}_FILE`];
  if (env[name] && path) throw fault(name, `${name}_FILE is set too`, 'Set one of the two.');
  const text = path ? fileText(`${name}_FILE`, path) : env[name];
  return text === undefined || text.trim() === '' ? undefined : new Secret(text.trim());
}

function fileText(name: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new FortFailError({
      kind: 'invalid-input',
      code: 'setting',
      message: `unable to read the file '${path}' that ${name} names`,
      hint: 'Name a file that the agent may read.',
      cause,
    });
  }
}

const known: ReadonlySet<string> = new Set(['minioadmin', 'changeme', 'change-me', 'change_me', 'secret', 'password', 'admin', 'test']);

function refuseWeak(value: string): void {
  const text = value.toLowerCase();
  const isPlaceholder = known.has(text) || /change[-_ ]?(me|in[-_ ]?production)|^dev-.*-secret|^your[-_]/.test(text);
  if (!isPlaceholder && value.length >= shortestSecret) return;
  const why = isPlaceholder ? 'it is a placeholder that everybody knows' : `it has fewer than ${shortestSecret} characters`;
  throw fault(
    'AGENT_REG_SECRET',
    why,
    "Give the orchestrator's registration secret, or this agent's own (`fortfail legacy secret create`).",
  );
}

function fault(name: string, why: string, hint: string): FortFailError {
  return new FortFailError({ kind: 'invalid-input', code: 'setting', message: `unable to start with this ${name}: ${why}`, hint });
}

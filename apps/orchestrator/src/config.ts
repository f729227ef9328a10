import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { homedir, hostname } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { FortFailError, Secret } from '@fortfail/base';
import { firstApiOptions } from './first-api/options.ts';
import { type FirstApiSettings, type FirstApiVariables, readFirstApiSettings } from './first-api/settings.ts';
import type { OwnTls } from './listening/exposure.ts';
import { readTls } from './listening/tls-config.ts';

/** What may be set, each declared once. `isSecret` values may stand in a file named by NAME_FILE and never print. */
interface Option {
  readonly name: string;
  readonly doc: string;
  readonly fallback?: string;
  readonly isSecret?: boolean;
}

export const options = [
  { name: 'FORTFAIL_DATA', doc: 'The data folder. Default: /var/lib/fortfail for root, else $XDG_DATA_HOME/fortfail.' },
  { name: 'PORT', doc: 'The TCP port of console and API.', fallback: '8000' },
  { name: 'HOST', doc: 'The address to listen on instead of 127.0.0.1 and ::1. Beyond loopback it needs TLS.' },
  { name: 'ALLOW_PLAIN_HTTP', doc: '1 allows a HOST beyond loopback without TLS, for networks that protect it otherwise.' },
  { name: 'TLS_CERT_FILE', doc: 'Certificate chain (PEM). With TLS_KEY_FILE the port speaks TLS. Read anew when it changes.' },
  { name: 'TLS_KEY_FILE', doc: 'Private key (PEM) of TLS_CERT_FILE.' },
  {
    name: 'TLS_CA_FILE',
    doc: 'The authority (PEM) behind TLS_CERT_FILE, which agents pin. Without it they use the ones their machine knows.',
  },
  { name: 'TLS_ENABLED', doc: 'true demands TLS_CERT_FILE and TLS_KEY_FILE, false ignores them. Not needed.' },
  {
    name: 'TRUSTED_PROXIES',
    doc: 'Addresses or nets of proxies, with commas, whose X-Forwarded-For, -Host and -Proto are believed. Default: none.',
  },
  {
    name: 'CA_KEY_FILE',
    doc: "The key of the site's own authority, when several orchestrators share it, with its certificate in the same file or beside it as ca.pem. Default: ca/ca.key in the data folder.",
  },
  {
    name: 'LINK_KEY_FILE',
    doc: 'The key that signs orders to agents, when several orchestrators share it. Default: keys/link.key in the data folder.',
  },
  {
    name: 'EVIDENCE_KEY_FILE',
    doc: 'The key that signs evidence and audit heads, when several orchestrators share it. Default: keys/evidence.key in the data folder.',
  },
  { name: 'PUBLIC_URL', doc: 'The address people use when a proxy stands in front, like https://ff.example.' },
  { name: 'DATABASE_URL', doc: 'postgresql://... instead of the embedded SQLite database.', isSecret: true },
  { name: 'WAL_PATH', doc: 'The audit file. Default: audit.log in the data folder.' },
  { name: 'SITE_NAME', doc: "What this installation is called. Default: the machine's name." },
  { name: 'LOG_LEVEL', doc: 'error, warn, info or debug.', fallback: 'info' },
  ...firstApiOptions,
] as const satisfies readonly Option[];

type Name = (typeof options)[number]['name'];

export interface Config {
  readonly dataFolder: string;
  readonly port: number;
  /** Undefined: both loopback addresses. */
  readonly host: string | undefined;
  readonly tls: OwnTls | undefined;
  /** PEM of the authority behind `tls`. */
  readonly tlsCa: string | undefined;
  readonly trustedProxies: readonly string[];
  readonly caKeyFile: string | undefined;
  readonly linkKeyFile: string | undefined;
  readonly evidenceKeyFile: string | undefined;
  readonly publicUrl: string | undefined;
  readonly databaseUrl: Secret | undefined;
  readonly auditPath: string;
  readonly siteName: string;
  readonly logLevel: 'error' | 'warn' | 'info' | 'debug';
  readonly firstApi: FirstApiSettings;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Reads and checks everything at once. Throws `invalid-input` that lists every fault with its variable. */
export function readConfig(environment: Environment, isRoot: boolean): Config {
  const faults: string[] = [];
  const get = (name: Name): string | undefined => read(environment, name, faults);
  const dataFolder = resolve(get('FORTFAIL_DATA') ?? defaultDataFolder(environment, isRoot));
  const port = portOf(get('PORT'), faults);
  const publicUrl = publicUrlOf(get('PUBLIC_URL'), faults);
  const tls = readTls(get, faults, readFileOf);
  const trustedProxies = proxiesOf(get('TRUSTED_PROXIES'), faults);
  const host = get('HOST');
  const allowPlain = get('ALLOW_PLAIN_HTTP');
  if (allowPlain !== undefined && allowPlain !== '0' && allowPlain !== '1') faults.push('ALLOW_PLAIN_HTTP must be 0 or 1');
  if (host !== undefined && !isLoopback(host) && tls === undefined && allowPlain !== '1') {
    faults.push(
      `HOST ${host} can be reached from other machines and there is no TLS: passwords would be readable on the way. Set TLS_CERT_FILE and TLS_KEY_FILE, or ALLOW_PLAIN_HTTP=1 when the network itself is safe`,
    );
  }
  const databaseUrl = databaseUrlOf(get('DATABASE_URL'), faults);
  const logLevel = get('LOG_LEVEL') ?? 'info';
  if (!isLogLevel(logLevel)) faults.push('LOG_LEVEL must be error, warn, info or debug');
  const walPath = get('WAL_PATH');
  const siteName = get('SITE_NAME') ?? hostname();
  if (siteName.length > 64) faults.push('SITE_NAME must have at most 64 characters');
  const firstApi = readFirstApiSettings(variablesOf(environment, faults), dataFolder, faults);
  if (faults.length > 0)
    throw new FortFailError({
      kind: 'invalid-input',
      code: 'bad-configuration',
      message: `unable to start with this configuration: ${faults.join('; ')}`,
    });
  return Object.freeze({
    dataFolder,
    port,
    host: host === undefined || isBothLoopbacks(host) ? undefined : host,
    tls: tls?.own,
    tlsCa: tls?.ca,
    trustedProxies,
    caKeyFile: pathOf(get('CA_KEY_FILE')),
    linkKeyFile: pathOf(get('LINK_KEY_FILE')),
    evidenceKeyFile: pathOf(get('EVIDENCE_KEY_FILE')),
    publicUrl,
    databaseUrl: databaseUrl === undefined ? undefined : new Secret(databaseUrl),
    auditPath: walPath === undefined ? join(dataFolder, 'audit.log') : resolve(walPath),
    siteName,
    logLevel: isLogLevel(logLevel) ? logLevel : 'info',
    firstApi,
  });
}

function read(environment: Environment, name: Name, faults: string[]): string | undefined {
  const option: Option | undefined = options.find((known) => known.name === name);
  const plain = environment[name];
  const file = option?.isSecret === true ? environment[`${name}_FILE`] : undefined;
  if (plain !== undefined && plain !== '' && file !== undefined && file !== '')
    faults.push(`${name} and ${name}_FILE are both set; keep one`);
  if (file !== undefined && file !== '') return readFileOf(`${name}_FILE`, file, faults)?.toString().trim();
  return plain === undefined || plain === '' ? option?.fallback : plain;
}

/** The environment as a part of the configuration sees it, by the names declared above. */
function variablesOf(environment: Environment, faults: string[]): FirstApiVariables {
  const values = new Map<string, string | undefined>();
  for (const { name } of firstApiOptions) values.set(name, read(environment, name, faults));
  const get = (name: string): string | undefined => values.get(name);
  return {
    get,
    isEmpty: (name) => environment[name] === '' && environment[`${name}_FILE`] === undefined,
    secret: (name) => {
      const value = get(name);
      return value === undefined ? undefined : new Secret(value);
    },
  };
}

function readFileOf(variable: string, path: string, faults: string[]): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    faults.push(`${variable} names '${path}', which cannot be read (${code})`);
    return undefined;
  }
}

function defaultDataFolder(environment: Environment, isRoot: boolean): string {
  if (isRoot) return '/var/lib/fortfail';
  const base = environment.XDG_DATA_HOME;
  return join(base !== undefined && isAbsolute(base) ? base : join(homedir(), '.local', 'share'), 'fortfail');
}

function pathOf(text: string | undefined): string | undefined {
  return text === undefined ? undefined : resolve(text);
}

function portOf(text: string | undefined, faults: string[]): number {
  const port = Number(text);
  if (text !== undefined && /^\d{1,5}$/.test(text) && port <= 65_535) return port;
  faults.push(`PORT must be a number from 0 to 65535, not '${text}'`);
  return 0;
}

function publicUrlOf(text: string | undefined, faults: string[]): string | undefined {
  if (text === undefined) return undefined;
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol) && new URL(text).username === '') return text;
  faults.push('PUBLIC_URL must be an address like https://ff.example');
  return undefined;
}

/** Addresses and nets; names could be made to mean anything by whoever answers for them. */
function proxiesOf(text: string | undefined, faults: string[]): string[] {
  const entries = (text ?? '').split(',').flatMap((entry) => (entry.trim() === '' ? [] : [entry.trim()]));
  for (const entry of entries) {
    const [address = '', bits, ...rest] = entry.split('/');
    const isNet = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (isIP(address) === 6 ? 128 : 32));
    if (isIP(address) === 0 || !isNet || rest.length > 0) faults.push(`TRUSTED_PROXIES has '${entry}', which is no address or net`);
  }
  return entries;
}

function databaseUrlOf(text: string | undefined, faults: string[]): string | undefined {
  if (text === undefined) return undefined;
  if (/^postgres(ql)?:\/\//.test(text)) {
    if (!URL.canParse(text)) faults.push('DATABASE_URL is no address; write it like postgresql://user:password@host:5432/name');
    return text;
  }
  // The value may hold a password, so the message does not repeat it.
  faults.push('DATABASE_URL must begin with postgresql://; leave it empty for the embedded database');
  return undefined;
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

function isBothLoopbacks(host: string): boolean {
  return host === 'localhost';
}

function isLogLevel(text: string): text is Config['logLevel'] {
  return text === 'error' || text === 'warn' || text === 'info' || text === 'debug';
}

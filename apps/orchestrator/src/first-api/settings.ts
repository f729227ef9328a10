import { join } from 'node:path';
import type { Secret } from '@fortfail/base';
import { isPlaceholder } from './secrets/placeholders.ts';
import type { SecretPlaces } from './secrets/secret-places.ts';

/** `loopback` answers callers of this machine only. */
export type FirstApiReach = 'off' | 'loopback' | 'on';
/** Who may mint a claimed id again by the shared secret alone: nobody, the same address, or the same network. */
export type Rebind = 'off' | 'same-address' | 'same-network';

/** Where objects lie: in a folder, or in a bucket whose keys are still to be resolved. */
export type ObjectSettings =
  | { readonly kind: 'local'; readonly folder: string }
  | {
      readonly kind: 's3';
      readonly endpoint: string;
      readonly publicEndpoint: string | null | undefined;
      readonly bucket: string;
      readonly region: string;
    };

/** Everything about the first API that the environment says. */
export interface FirstApiSettings {
  readonly reach: FirstApiReach;
  readonly crossRestore: boolean;
  readonly rebind: Rebind;
  readonly wsQueryJwt: boolean;
  readonly foreignJwt: boolean;
  readonly corsOrigins: readonly string[];
  readonly corsCredentials: boolean;
  /** Requests of one address in a minute; undefined: no limit. */
  readonly perMinute: number | undefined;
  readonly objects: ObjectSettings;
  readonly secrets: SecretPlaces;
}

/** The variables of the first API, as declared in `config.ts`; `isSet` also sees one that is set to nothing. */
export interface FirstApiVariables {
  get(name: string): string | undefined;
  isEmpty(name: string): boolean;
  secret(name: string): Secret | undefined;
}

/** Reads and checks the variables; every fault is added to `faults` with its variable's name, never with its value. */
export function readFirstApiSettings(variables: FirstApiVariables, dataFolder: string, faults: string[]): FirstApiSettings {
  const { get } = variables;
  const choice = <T extends string>(name: string, choices: readonly T[], fallback: T): T => {
    const text = get(name) ?? fallback;
    const found = choices.find((known) => known === text);
    if (found === undefined) faults.push(`${name} must be ${choices.join(', ')}`);
    return found ?? fallback;
  };
  const flag = (name: string, fallback: boolean): boolean => {
    const text = (get(name) ?? String(fallback)).toLowerCase();
    if (['on', 'true', '1', 'yes'].includes(text)) return true;
    if (!['off', 'false', '0', 'no'].includes(text)) faults.push(`${name} must be on or off`);
    return false;
  };
  const corsOrigins = originsOf(get('CORS_ALLOWED_ORIGINS'), faults);
  const corsCredentials = flag('CORS_ALLOW_CREDENTIALS', false);
  if (corsCredentials && corsOrigins.includes('*'))
    faults.push('CORS_ALLOWED_ORIGINS * would let every site act with the credentials of whoever visits it; name the origins');
  const perMinute = wholeNumberOf('RATE_LIMIT_PER_MINUTE', get('RATE_LIMIT_PER_MINUTE') ?? '60', faults);
  refusePlaceholders(variables, faults);
  return {
    reach: choice('LEGACY_API', ['off', 'loopback', 'on'], 'loopback'),
    crossRestore: flag('LEGACY_CROSS_RESTORE', false),
    rebind: choice('LEGACY_REBIND', ['off', 'same-address', 'same-network'], 'off'),
    wsQueryJwt: flag('LEGACY_WS_QUERY_JWT', false),
    foreignJwt: flag('LEGACY_FOREIGN_JWT', false),
    corsOrigins,
    corsCredentials,
    perMinute: flag('RATE_LIMIT_ENABLED', true) ? perMinute : undefined,
    objects: objectsOf(variables, dataFolder, faults),
    secrets: {
      backend: choice('SECRETS_BACKEND', ['env', 'file', 'aws', 'vault'], 'env'),
      jwt: variables.secret('ORCH_JWT_SECRET'),
      registration: variables.secret('ORCH_REG_SECRET'),
      s3AccessKey: variables.secret('S3_ACCESS_KEY'),
      s3SecretKey: variables.secret('S3_SECRET_KEY'),
      vault: { address: get('VAULT_ADDR'), token: variables.secret('VAULT_TOKEN'), mount: get('VAULT_MOUNT_POINT') ?? 'secret' },
      aws: {
        region: get('AWS_REGION') ?? 'us-east-1',
        endpoint: get('AWS_ENDPOINT_URL_SECRETS_MANAGER'),
        accessKey: get('AWS_ACCESS_KEY_ID'),
        secretKey: variables.secret('AWS_SECRET_ACCESS_KEY'),
        sessionToken: variables.secret('AWS_SESSION_TOKEN'),
      },
      folder: join(dataFolder, 'secrets'),
    },
  };
}

/** What is a placeholder as it stands is one with every backend, so it is refused before anything is looked up. */
function refusePlaceholders(variables: FirstApiVariables, faults: string[]): void {
  for (const name of ['ORCH_JWT_SECRET', 'ORCH_REG_SECRET', 'S3_ACCESS_KEY', 'S3_SECRET_KEY']) {
    const value = variables.secret(name)?.reveal();
    if (variables.isEmpty(name)) faults.push(`${name} is set to nothing; give it a strong random value, or do not set it at all`);
    else if (value !== undefined && isPlaceholder(value))
      faults.push(`${name} holds a placeholder that everybody knows; give it a strong random value, or do not set it at all`);
  }
}

function originsOf(text: string | undefined, faults: string[]): string[] {
  const origins = (text ?? '').split(',').flatMap((part) => (part.trim() === '' ? [] : [part.trim()]));
  for (const origin of origins) {
    if (origin === '*' || (URL.canParse(origin) && new URL(origin).origin === origin)) continue;
    faults.push(`CORS_ALLOWED_ORIGINS must be origins like https://panel.example with commas between, not '${origin.slice(0, 100)}'`);
  }
  return origins;
}

function wholeNumberOf(name: string, text: string, faults: string[]): number {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  faults.push(`${name} must be a whole number from 1 to 999999`);
  return 60;
}

function objectsOf(variables: FirstApiVariables, dataFolder: string, faults: string[]): ObjectSettings {
  const { get } = variables;
  const endpoint = get('S3_ENDPOINT');
  if (endpoint === undefined) return { kind: 'local', folder: join(dataFolder, 'objects') };
  const publicText = get('S3_PUBLIC_ENDPOINT');
  for (const [name, value] of [
    ['S3_ENDPOINT', endpoint],
    ['S3_PUBLIC_ENDPOINT', publicText],
  ] as const) {
    const isUrl =
      value === undefined || (URL.canParse(value) && /^https?:$/.test(new URL(value).protocol) && new URL(value).username === '');
    if (!isUrl && !(name === 'S3_PUBLIC_ENDPOINT' && value === 'none'))
      faults.push(`${name} must be an address like https://s3.example:9000`);
  }
  for (const name of ['S3_ACCESS_KEY', 'S3_SECRET_KEY'])
    if (variables.secret(name) === undefined && !variables.isEmpty(name)) faults.push(`S3_ENDPOINT is set, so ${name} must be, too`);
  const bucket = get('S3_BUCKET') ?? 'fortfail-snapshots';
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket)) faults.push('S3_BUCKET must be the name of a bucket');
  return {
    kind: 's3',
    endpoint,
    publicEndpoint: publicText === 'none' ? null : publicText,
    bucket,
    region: get('S3_REGION') ?? 'us-east-1',
  };
}

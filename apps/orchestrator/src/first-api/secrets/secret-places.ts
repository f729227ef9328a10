import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Clock, FortFailError, Secret } from '@fortfail/base';
import { createSecretFile, readSecretFile } from '../../keys/secret-file.ts';
import { type AwsAccess, readAwsSecret } from './aws-secrets.ts';
import { isPlaceholder } from './placeholders.ts';
import { readVaultSecret, type VaultAccess } from './vault-secrets.ts';

/** What the environment says about secrets: values, or references to where they are. */
export interface SecretPlaces {
  readonly backend: 'env' | 'file' | 'aws' | 'vault';
  readonly jwt: Secret | undefined;
  readonly registration: Secret | undefined;
  readonly s3AccessKey: Secret | undefined;
  readonly s3SecretKey: Secret | undefined;
  readonly vault: VaultAccess;
  readonly aws: AwsAccess;
  /** Where secrets are made and kept that nobody gave. */
  readonly folder: string;
}

export interface FirstApiSecrets {
  /** At least 32 bytes. Signs tokens; HTTP and WebSocket use this one and no other. */
  readonly jwt: Secret;
  readonly registration: Secret;
  readonly s3: { readonly accessKey: Secret; readonly secretKey: Secret } | undefined;
}

const minJwtBytes = 32;
const minCharacters = 16;

/**
 * All secrets of the first API, resolved once: given values, what references lead to, or strong ones that are made and kept
 * (0600). Throws `invalid-input` naming the variable of a weak one, `unavailable`, `denied` or `not-found` when a reference
 * leads nowhere: nothing falls back to something else.
 */
export async function resolveSecrets(places: SecretPlaces, clock: Clock): Promise<FirstApiSecrets> {
  const jwt = await resolve(places, clock, 'ORCH_JWT_SECRET', places.jwt);
  const registration = await resolve(places, clock, 'ORCH_REG_SECRET', places.registration);
  const accessKey = await resolve(places, clock, 'S3_ACCESS_KEY', places.s3AccessKey);
  const secretKey = await resolve(places, clock, 'S3_SECRET_KEY', places.s3SecretKey);
  if (jwt !== undefined) refuseWeak('ORCH_JWT_SECRET', jwt, Buffer.byteLength(jwt) >= minJwtBytes, `${minJwtBytes} bytes`);
  if (registration !== undefined)
    refuseWeak('ORCH_REG_SECRET', registration, registration.length >= minCharacters, `${minCharacters} characters`);
  // A key id is a name, not a secret: only its well-known values are refused.
  if (accessKey !== undefined) refuseWeak('S3_ACCESS_KEY', accessKey, true, '');
  if (secretKey !== undefined) refuseWeak('S3_SECRET_KEY', secretKey, secretKey.length >= minCharacters, `${minCharacters} characters`);
  return {
    jwt: new Secret(jwt ?? kept(join(places.folder, 'jwt'))),
    registration: new Secret(registration ?? kept(join(places.folder, 'reg'))),
    s3:
      accessKey === undefined || secretKey === undefined
        ? undefined
        : { accessKey: new Secret(accessKey), secretKey: new Secret(secretKey) },
  };
}

async function resolve(places: SecretPlaces, clock: Clock, variable: string, given: Secret | undefined): Promise<string | undefined> {
  const text = given?.reveal();
  if (text === undefined || places.backend === 'env') return text;
  // The keys of a store may be given as they are, also where the others are references: neither has a colon in it.
  if (variable.startsWith('S3_') && places.backend !== 'file' && !text.includes(':')) return text;
  if (places.backend === 'file') return fileText(variable, text);
  return places.backend === 'vault'
    ? readVaultSecret(places.vault, variable, text)
    : readAwsSecret(places.aws, variable, text, clock.now());
}

function fileText(variable: string, path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (cause) {
    throw new FortFailError({
      kind: 'not-found',
      code: 'secret-file-missing',
      message: `unable to read the file that ${variable} names`,
      hint: 'With SECRETS_BACKEND=file its value is the path of a file that this user can read.',
      cause,
    });
  }
}

function refuseWeak(variable: string, value: string, isLongEnough: boolean, least: string): void {
  const why = isPlaceholder(value) ? 'it is a placeholder that everybody knows' : isLongEnough ? undefined : `it has fewer than ${least}`;
  if (why === undefined) return;
  throw new FortFailError({
    kind: 'invalid-input',
    code: 'weak-secret',
    message: `unable to start with this ${variable}, ${why}`,
    hint: `Make one with \`openssl rand -base64 48\`, or leave ${variable} out and FortFail makes and keeps one.`,
  });
}

/** What is in that file; made when it is missing. Of two that make it at once one wins, and both read what it wrote. */
function kept(path: string): string {
  const known = readSecretFile(path);
  if (known !== undefined && known.trim().length >= minJwtBytes) return known.trim();
  if (known !== undefined) {
    throw new FortFailError({
      kind: 'damaged',
      code: 'kept-secret-damaged',
      message: `unable to use '${path}', it holds no secret of ours`,
      hint: 'Remove it, and a new one is made: all tokens of the first API end with it.',
    });
  }
  createSecretFile(path, `${randomBytes(48).toString('base64url')}\n`);
  return (readSecretFile(path) ?? '').trim();
}

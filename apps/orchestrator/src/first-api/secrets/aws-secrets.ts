import { createHash, createHmac } from 'node:crypto';
import type { Secret } from '@fortfail/base';
import { lookupError } from './vault-secrets.ts';

export interface AwsAccess {
  readonly region: string;
  /** Another server that speaks this protocol. */
  readonly endpoint: string | undefined;
  readonly accessKey: string | undefined;
  readonly secretKey: Secret | undefined;
  readonly sessionToken: Secret | undefined;
}

const patienceMs = 10_000;
const service = 'secretsmanager';

/**
 * What `secret-name:json_key` names in AWS Secrets Manager: one signed request, by the keys of the environment. Throws
 * `invalid-input`, `denied`, `not-found` or `unavailable`, naming the variable and never the value.
 */
export async function readAwsSecret(access: AwsAccess, variable: string, reference: string, now: Date): Promise<string> {
  const { accessKey, secretKey, region } = access;
  if (accessKey === undefined || secretKey === undefined)
    throw lookupError('invalid-input', variable, 'SECRETS_BACKEND=aws needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY');
  const at = reference.lastIndexOf(':');
  if (at < 1 || at === reference.length - 1)
    throw lookupError('invalid-input', variable, 'its reference must look like secret-name:json_key');
  const url = new URL(access.endpoint ?? `https://${service}.${region}.amazonaws.com/`);
  const body = JSON.stringify({ SecretId: reference.slice(0, at) });
  const headers: Record<string, string> = {
    'content-type': 'application/x-amz-json-1.1',
    host: url.host,
    'x-amz-date': stampOf(now),
    'x-amz-target': 'secretsmanager.GetSecretValue',
    ...(access.sessionToken === undefined ? {} : { 'x-amz-security-token': access.sessionToken.reveal() }),
  };
  const authorization = authorizationFor({ method: 'POST', path: '/', query: '', headers, body, region, service, accessKey, secretKey });
  const { host: _, ...sent } = headers;
  return fieldOf(await ask(url, { ...sent, authorization }, body, variable), reference.slice(at + 1), variable);
}

async function ask(url: URL, headers: Record<string, string>, body: string, variable: string): Promise<string> {
  let status: number;
  let text: string;
  try {
    const answer = await fetch(url, { method: 'POST', headers, body, redirect: 'error', signal: AbortSignal.timeout(patienceMs) });
    status = answer.status;
    text = await answer.text();
  } catch (cause) {
    throw lookupError('unavailable', variable, 'AWS Secrets Manager does not answer', cause);
  }
  if (status === 200) return text;
  if (text.includes('ResourceNotFoundException')) throw lookupError('not-found', variable, 'AWS Secrets Manager has no such secret');
  if (status < 500) throw lookupError('denied', variable, `AWS Secrets Manager refuses (status ${status})`);
  throw lookupError('unavailable', variable, `AWS Secrets Manager answers with status ${status}`);
}

function fieldOf(text: string, key: string, variable: string): string {
  try {
    const { SecretString } = JSON.parse(text) as { SecretString?: string };
    const value = (JSON.parse(SecretString ?? '{}') as Record<string, unknown>)[key];
    if (typeof value === 'string') return value;
  } catch (cause) {
    throw lookupError('unavailable', variable, 'the secret in AWS Secrets Manager is no JSON object', cause);
  }
  throw lookupError('not-found', variable, `the secret in AWS Secrets Manager has no key '${key}'`);
}

interface Signable {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  /** Lower-case names; all are signed. `x-amz-date` is among them. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly region: string;
  readonly service: string;
  readonly accessKey: string;
  readonly secretKey: Secret;
}

/** The `Authorization` header of AWS signature version 4. */
export function authorizationFor(request: Signable): string {
  const names = Object.keys(request.headers).sort();
  const stamp = request.headers['x-amz-date'] ?? '';
  const day = stamp.slice(0, 8);
  const canonical = [
    request.method,
    request.path,
    request.query,
    ...names.map((name) => `${name}:${request.headers[name]?.trim()}`),
    '',
    names.join(';'),
    sha256(request.body),
  ].join('\n');
  const scope = `${day}/${request.region}/${request.service}/aws4_request`;
  const text = ['AWS4-HMAC-SHA256', stamp, scope, sha256(canonical)].join('\n');
  let key = hmac(`AWS4${request.secretKey.reveal()}`, day);
  for (const part of [request.region, request.service, 'aws4_request']) key = hmac(key, part);
  const signature = hmac(key, text).toString('hex');
  return `AWS4-HMAC-SHA256 Credential=${request.accessKey}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

/** 20150830T123600Z */
function stampOf(now: Date): string {
  return now.toISOString().replaceAll(/[-:]|\.\d{3}/g, '');
}

import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isFortFailError, Secret } from '@fortfail/base';
import { FakeClock } from '@fortfail/base/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readConfig } from '../../config.ts';
import { authorizationFor } from './aws-secrets.ts';
import { type FirstApiSecrets, resolveSecrets, type SecretPlaces } from './secret-places.ts';

const strong = 'x8Kq-strong-and-random-enough-for-tests';
const clock = new FakeClock(new Date('2026-11-21T09:00:00Z'));

let folder: string;
let server: Server | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ff-secrets-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
  server?.close();
  server = undefined;
});

function places(environment: Record<string, string>): SecretPlaces {
  return readConfig({ FORTFAIL_DATA: folder, ...environment }, true).firstApi.secrets;
}

function resolve(environment: Record<string, string>): Promise<FirstApiSecrets> {
  return resolveSecrets(places(environment), clock);
}

async function refusal(work: () => Promise<unknown>): Promise<{ kind: string; message: string }> {
  try {
    await work();
  } catch (error) {
    if (isFortFailError(error)) return { kind: error.kind, message: error.message };
    throw error;
  }
  throw new Error('nothing was refused');
}

/** A server of another maker; answers by path. */
async function serve(answer: (request: IncomingMessage, body: string) => { status: number; body: object | string }): Promise<string> {
  server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    request.on('end', () => {
      const { status, body } = answer(request, text);
      response.writeHead(status).end(typeof body === 'string' ? body : JSON.stringify(body));
    });
  });
  await new Promise<void>((done) => server?.listen(0, '127.0.0.1', done));
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
}

describe('no default secret works', () => {
  it.each([
    ['ORCH_JWT_SECRET', 'dev-jwt-secret-change-in-production'],
    ['ORCH_REG_SECRET', 'dev-reg-secret-change-in-production'],
    ['ORCH_REG_SECRET', 'dev-anything-change-in-production'],
    ['ORCH_REG_SECRET', 'changeme'],
    ['ORCH_REG_SECRET', ''],
    ['ORCH_JWT_SECRET', '  '],
    ['S3_ACCESS_KEY', 'minioadmin'],
    ['S3_SECRET_KEY', 'minioadmin'],
  ])('%s=%s refuses the start and is named', async (name, value) => {
    const s3 = name.startsWith('S3_') ? { S3_ENDPOINT: 'http://minio:9000', S3_ACCESS_KEY: 'a-real-key-id', S3_SECRET_KEY: strong } : {};
    const { kind, message } = await refusal(() => resolve({ ...s3, [name]: value }));
    expect([kind, message]).toEqual(['invalid-input', expect.stringContaining(name)]);
    if (value.trim() !== '') expect(message).not.toContain(value);
    const off = await refusal(() => resolve({ ...s3, [name]: value, LEGACY_API: 'off' }));
    expect(off.kind).toBe('invalid-input');
  });

  it('a short one refuses the start and is named, never shown', async () => {
    for (const [name, value] of [
      ['ORCH_JWT_SECRET', 'only-thirty-one-bytes-of-secret'],
      ['ORCH_REG_SECRET', 'fifteen-letters'],
      ['S3_SECRET_KEY', 'short'],
    ] as const) {
      const { message } = await refusal(() =>
        resolve({ S3_ENDPOINT: 'http://s3:9000', S3_ACCESS_KEY: 'id', S3_SECRET_KEY: strong, [name]: value }),
      );
      expect(message).toContain(name);
      expect(message).not.toContain(value);
    }
  });

  it('with none given strong ones are made and kept for this user alone', async () => {
    const first = await resolve({});
    expect(first.jwt.reveal().length).toBeGreaterThanOrEqual(64);
    expect(first.registration.reveal()).not.toBe(first.jwt.reveal());
    for (const name of ['jwt', 'reg']) expect(statSync(join(folder, 'secrets', name)).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, 'secrets')).mode & 0o777).toBe(0o700);
    expect(readFileSync(join(folder, 'secrets', 'reg'), 'utf8').trim()).toBe(first.registration.reveal());
    const again = await resolve({});
    expect(again.jwt.reveal()).toBe(first.jwt.reveal());
    chmodSync(join(folder, 'secrets', 'jwt'), 0o644);
    expect((await refusal(() => resolve({}))).message).toContain('others may read it');
    rmSync(join(folder, 'secrets', 'jwt'));
    writeFileSync(join(folder, 'secrets', 'jwt'), 'x', { mode: 0o600 });
    expect((await refusal(() => resolve({}))).kind).toBe('damaged');
  });

  it('given ones are taken as they are, also from files, in both ways', async () => {
    const file = join(folder, 'secret');
    writeFileSync(file, `${strong}\n`);
    for (const environment of [
      { ORCH_JWT_SECRET: strong },
      { ORCH_JWT_SECRET_FILE: file },
      { ORCH_JWT_SECRET: file, SECRETS_BACKEND: 'file' },
    ] as Record<string, string>[])
      expect((await resolve(environment)).jwt.reveal()).toBe(strong);
    expect((await refusal(() => resolve({ ORCH_JWT_SECRET: join(folder, 'none'), SECRETS_BACKEND: 'file' }))).kind).toBe('not-found');
    writeFileSync(file, '');
    expect((await refusal(() => resolve({ ORCH_JWT_SECRET_FILE: file }))).message).toContain('ORCH_JWT_SECRET');
  });
});

describe('a reference is looked up once, and nothing falls back to anything', () => {
  const vault = async (answers: Record<string, object | number>): Promise<Record<string, string>> => {
    const url = await serve((request) => {
      if (request.headers['x-vault-token'] !== 'hvs.good') return { status: 403, body: { errors: ['permission denied'] } };
      const found = answers[request.url ?? ''];
      return typeof found === 'number' ? { status: found, body: 'x' } : { status: found === undefined ? 404 : 200, body: found ?? {} };
    });
    return { SECRETS_BACKEND: 'vault', VAULT_ADDR: url, VAULT_TOKEN: 'hvs.good', ORCH_JWT_SECRET: 'fortfail/prod:jwt' };
  };

  it('in Vault: version 2, then version 1, the field or value', async () => {
    const second = await vault({ '/v1/secret/data/fortfail/prod': { data: { data: { jwt: strong } } } });
    expect((await resolve(second)).jwt.reveal()).toBe(strong);
    const first = await vault({ '/v1/kv/fortfail/prod': { data: { value: strong } } });
    expect((await resolve({ ...first, VAULT_MOUNT_POINT: 'kv', ORCH_JWT_SECRET: 'fortfail/prod' })).jwt.reveal()).toBe(strong);
  });

  it('in Vault: each failure ends the start with the variable in its sentence', async () => {
    const base = await vault({ '/v1/secret/data/fortfail/prod': { data: { data: { jwt: strong } } }, '/v1/secret/data/broken': 500 });
    for (const [changes, kind] of [
      [{ ORCH_JWT_SECRET: 'fortfail/prod:other' }, 'not-found'],
      [{ ORCH_JWT_SECRET: 'fortfail/none:jwt' }, 'not-found'],
      [{ ORCH_JWT_SECRET: '../sys/raw:jwt' }, 'invalid-input'],
      [{ ORCH_JWT_SECRET: 'broken:jwt' }, 'unavailable'],
      [{ VAULT_TOKEN: 'hvs.bad' }, 'denied'],
      [{ VAULT_ADDR: 'http://127.0.0.1:9' }, 'unavailable'],
      [{ VAULT_TOKEN: '' }, 'invalid-input'],
    ] as const) {
      const found = await refusal(() => resolve({ ...base, ...changes }));
      expect(found).toEqual({ kind, message: expect.stringContaining('unable to look up ORCH_JWT_SECRET') });
    }
  });

  it('a placeholder in Vault is a placeholder all the same', async () => {
    const base = await vault({ '/v1/secret/data/fortfail/prod': { data: { data: { jwt: 'dev-jwt-secret-change-in-production' } } } });
    expect((await refusal(() => resolve(base))).message).toContain('ORCH_JWT_SECRET');
  });

  it('in AWS Secrets Manager: secret-name:json_key by one signed request', async () => {
    const seen: IncomingMessage[] = [];
    const endpoint = await serve((request, body) => {
      seen.push(request);
      const { SecretId } = JSON.parse(body) as { SecretId: string };
      if (SecretId === 'fortfail/production') return { status: 200, body: { SecretString: JSON.stringify({ jwt_secret: strong }) } };
      if (SecretId === 'text') return { status: 200, body: { SecretString: 'no json' } };
      return { status: 400, body: { __type: 'ResourceNotFoundException' } };
    });
    const base = {
      SECRETS_BACKEND: 'aws',
      AWS_REGION: 'eu-central-1',
      AWS_ENDPOINT_URL_SECRETS_MANAGER: endpoint,
      AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
      AWS_SECRET_ACCESS_KEY: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
      ORCH_JWT_SECRET: 'fortfail/production:jwt_secret',
    };
    expect((await resolve(base)).jwt.reveal()).toBe(strong);
    expect(seen[0]?.headers).toMatchObject({
      'x-amz-target': 'secretsmanager.GetSecretValue',
      'x-amz-date': '20261121T090000Z',
      authorization: expect.stringMatching(
        /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/20261121\/eu-central-1\/secretsmanager\/aws4_request, /,
      ),
    });
    for (const [changes, kind] of [
      [{ ORCH_JWT_SECRET: 'fortfail/production:other' }, 'not-found'],
      [{ ORCH_JWT_SECRET: 'fortfail/none:jwt' }, 'not-found'],
      [{ ORCH_JWT_SECRET: 'text:jwt' }, 'unavailable'],
      [{ ORCH_JWT_SECRET: 'no-key' }, 'invalid-input'],
      [{ AWS_ACCESS_KEY_ID: '' }, 'invalid-input'],
      [{ AWS_ENDPOINT_URL_SECRETS_MANAGER: 'http://127.0.0.1:9' }, 'unavailable'],
    ] as const)
      expect((await refusal(() => resolve({ ...base, ...changes }))).kind).toBe(kind);
  });

  it('signs as AWS publishes it in its own example', () => {
    const authorization = authorizationFor({
      method: 'GET',
      path: '/',
      query: 'Action=ListUsers&Version=2010-05-08',
      headers: {
        'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
        host: 'iam.amazonaws.com',
        'x-amz-date': '20150830T123600Z',
      },
      body: '',
      region: 'us-east-1',
      service: 'iam',
      accessKey: 'AKIDEXAMPLE',
      secretKey: new Secret('wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY'),
    });
    expect(authorization).toContain('Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7');
  });
});

describe('the switches of the first API', () => {
  const of = (environment: Record<string, string>) => readConfig({ FORTFAIL_DATA: folder, ...environment }, true).firstApi;

  it('are safe by themselves', () => {
    expect(of({})).toMatchObject({
      reach: 'loopback',
      crossRestore: false,
      rebind: 'off',
      wsQueryJwt: false,
      foreignJwt: false,
      corsOrigins: [],
      perMinute: 60,
      objects: { kind: 'local', folder: join(folder, 'objects') },
    });
  });

  it('say what they take', () => {
    expect(
      of({ LEGACY_API: 'on', LEGACY_CROSS_RESTORE: 'on', RATE_LIMIT_ENABLED: 'false', CORS_ALLOWED_ORIGINS: 'https://a.example, *' }),
    ).toMatchObject({
      reach: 'on',
      crossRestore: true,
      perMinute: undefined,
      corsOrigins: ['https://a.example', '*'],
    });
    expect(
      of({ S3_ENDPOINT: 'http://s3:9000', S3_ACCESS_KEY: 'a-key-id', S3_SECRET_KEY: strong, S3_PUBLIC_ENDPOINT: 'none' }).objects,
    ).toEqual({
      kind: 's3',
      endpoint: 'http://s3:9000',
      publicEndpoint: null,
      bucket: 'fortfail-snapshots',
      region: 'us-east-1',
    });
    for (const [name, value] of [
      ['LEGACY_API', 'yes'],
      ['LEGACY_REBIND', 'always'],
      ['LEGACY_CROSS_RESTORE', 'maybe'],
      ['RATE_LIMIT_PER_MINUTE', '0'],
      ['SECRETS_BACKEND', 'keyring'],
      ['CORS_ALLOWED_ORIGINS', 'panel.example'],
      ['S3_ENDPOINT', 'minio:9000'],
      ['S3_ENDPOINT', 'http://s3:9000'],
    ] as const)
      expect(() => of({ [name]: value })).toThrow(name === 'S3_ENDPOINT' && value.startsWith('http') ? 'S3_ACCESS_KEY' : name);
  });

  it('every site with the credentials of its visitors is refused', () => {
    expect(() => of({ CORS_ALLOWED_ORIGINS: '*', CORS_ALLOW_CREDENTIALS: 'on' })).toThrow('CORS_ALLOWED_ORIGINS');
    expect(of({ CORS_ALLOWED_ORIGINS: '*' }).corsOrigins).toEqual(['*']);
  });
});

import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Secret } from '@fortfail/base';
import type { InjectOptions } from 'fastify';
import type { Database } from '../database/database.ts';
import { openSqlite } from '../database/sqlite-database.ts';
import type { FirstApiSettings } from '../first-api/settings.ts';
import { TestSite } from './test-site.ts';

export const registrationSecret = 'a registration secret of a test';
export const jwtSecret = 'a signing secret of a test, long enough';

export interface V0Answer<T> {
  readonly status: number;
  readonly body: T;
  readonly text: string;
  readonly headers: Readonly<Record<string, unknown>>;
}

export interface V0Call {
  readonly token?: string;
  readonly body?: unknown;
  readonly address?: string;
  readonly headers?: Record<string, string>;
}

/** A site with the first API, called as its clients call it. */
export class FirstApiSite implements AsyncDisposable {
  readonly site: TestSite;
  readonly folder: string;
  readonly #ownFolder: string | undefined;

  private constructor(site: TestSite, folder: string, ownFolder: string | undefined) {
    this.site = site;
    this.folder = folder;
    this.#ownFolder = ownFolder;
  }

  static async open(changes: Partial<FirstApiSettings> = {}, database?: Database): Promise<FirstApiSite> {
    const ownFolder = database === undefined ? mkdtempSync(join(tmpdir(), 'ff-first-')) : undefined;
    const db = database ?? (await openSqlite(join(ownFolder ?? '', 'catalog.db')));
    let folder = '';
    const site = await TestSite.open(db, {
      firstApi: (own) => {
        folder = own;
        return settingsIn(own, changes);
      },
    });
    return new FirstApiSite(site, folder, ownFolder);
  }

  async call<T = { detail: string }>(method: 'GET' | 'POST' | 'OPTIONS', path: string, call: V0Call = {}): Promise<V0Answer<T>> {
    const { token, body, address = '127.0.0.1', headers = {} } = call;
    const options: InjectOptions = {
      method,
      url: path,
      remoteAddress: address,
      headers: { host: 'localhost:8000', ...(token === undefined ? {} : { authorization: `Bearer ${token}` }), ...headers },
    };
    const answer = await this.site.app.inject(body === undefined ? options : { ...options, payload: body as object });
    const isJson = String(answer.headers['content-type'] ?? '').includes('json');
    return {
      status: answer.statusCode,
      body: (isJson ? answer.json() : undefined) as T,
      text: answer.body,
      headers: answer.headers,
    };
  }

  /** A token by the shared secret. */
  async token(agentId?: string, address?: string): Promise<string> {
    const answer = await this.mint(
      { registration_secret: registrationSecret, ...(agentId === undefined ? {} : { agent_id: agentId }) },
      address,
    );
    if (answer.status !== 200) throw new Error(`no token: ${answer.text}`);
    return answer.body.token;
  }

  async mint(body: object, address?: string, previous?: string) {
    return this.call<{ token: string; expires_in: number; agent_secret?: string; detail: string }>('POST', '/auth/token', {
      body,
      ...(address === undefined ? {} : { address }),
      ...(previous === undefined ? {} : { token: previous }),
    });
  }

  async register(token: string, id: string, agentId: string, bytes: Buffer, changes: object = {}) {
    const body = { id, agent_id: agentId, checksum: sha256(bytes), size: bytes.length, metadata: { backup_path: '/backups' }, ...changes };
    return this.call<{ id: string; presigned_url: string | null; upload_url: string; detail: string }>('POST', '/snapshots', {
      token,
      body,
    });
  }

  async upload(token: string, id: string, bytes: Buffer, field = 'file') {
    const { payload, contentType } = formOf(bytes, field);
    return this.call<{ status: string; snapshot_id: string; detail: string }>('POST', `/snapshots/${encodeURIComponent(id)}/object`, {
      token,
      body: payload,
      headers: { 'content-type': contentType },
    });
  }

  /** A snapshot with its object. */
  async snapshot(token: string, id: string, agentId: string, bytes = Buffer.from(`bytes of ${id}`)): Promise<Buffer> {
    const registered = await this.register(token, id, agentId, bytes);
    if (registered.status !== 200) throw new Error(`not registered: ${registered.text}`);
    const uploaded = await this.upload(token, id, bytes);
    if (uploaded.status !== 200) throw new Error(`not uploaded: ${uploaded.text}`);
    return bytes;
  }

  async restore(token: string, snapshotId: string, target: string) {
    const body = { snapshot_id: snapshotId, target_agent_id: target };
    return this.call<{ id: string; snapshot_id: string; target_agent_id: string; status: string; detail: string }>(
      'POST',
      '/restore-jobs',
      {
        token,
        body,
      },
    );
  }

  async commands(token: string, agentId: string) {
    type Command = { id: string; command_type: string; payload: { snapshot_id: string; job_id: string } };
    return this.call<Command[]>('GET', `/agent/${agentId}/commands`, { token });
  }

  async event(token: string, agentId: string, jobId: string | null, eventType: string, more: object = {}) {
    return this.call('POST', `/agent/${agentId}/events`, {
      token,
      body: { job_id: jobId, event_type: eventType, message: eventType, ...more },
    });
  }

  async jobStatus(token: string, jobId: string): Promise<string> {
    return (await this.call<{ status: string }>('GET', `/restore-jobs/${jobId}`, { token })).body.status;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.site.services.firstApi?.[Symbol.asyncDispose]();
    await this.site[Symbol.asyncDispose]();
    if (this.#ownFolder !== undefined) rmSync(this.#ownFolder, { recursive: true, force: true });
  }
}

export function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** A form with one file, as curl sends it. */
export function formOf(bytes: Buffer, field = 'file'): { payload: Buffer; contentType: string } {
  const boundary = 'ff-test-boundary';
  const head = `--${boundary}\r\ncontent-disposition: form-data; name="${field}"; filename="snapshot.tar"\r\ncontent-type: application/octet-stream\r\n\r\n`;
  return {
    payload: Buffer.concat([Buffer.from(head), bytes, Buffer.from(`\r\n--${boundary}--\r\n`)]),
    contentType: `multipart/form-data; boundary=${boundary}`,
  };
}

function settingsIn(folder: string, changes: Partial<FirstApiSettings>): FirstApiSettings {
  return {
    reach: 'loopback',
    crossRestore: false,
    rebind: 'off',
    wsQueryJwt: false,
    foreignJwt: false,
    corsOrigins: [],
    corsCredentials: false,
    perMinute: undefined,
    objects: { kind: 'local', folder: join(folder, 'objects') },
    secrets: {
      backend: 'env',
      jwt: new Secret(jwtSecret),
      registration: new Secret(registrationSecret),
      s3AccessKey: undefined,
      s3SecretKey: undefined,
      vault: { address: undefined, token: undefined, mount: 'secret' },
      aws: { region: 'us-east-1', endpoint: undefined, accessKey: undefined, secretKey: undefined, sessionToken: undefined },
      folder: join(folder, 'secrets'),
    },
    ...changes,
  };
}

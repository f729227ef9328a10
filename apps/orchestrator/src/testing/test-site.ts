import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { noLogger } from '@fortfail/base';
import { FakeClock } from '@fortfail/base/testing';
import { type AgentFrame, type JobOrder, jobOrder, type OrchestratorFrame, type PlanDraftInput } from '@fortfail/protocol';
import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify';
import type { Grant } from '../access/principal.ts';
import type { AgentSession } from '../agents/agent-session.ts';
import { buildApp } from '../app.ts';
import { systemContext } from '../changes/changes.ts';
import type { Database } from '../database/database.ts';
import type { FirstApiSettings } from '../first-api/settings.ts';
import { newId } from '../ids.ts';
import { buildServices } from '../orchestrator.ts';
import type { Replicas } from '../replicas/replicas.ts';
import type { Services } from '../services.ts';

/** Where other hosts find a test's site. */
export const testUrl = 'https://ff.test';

const addresses = {
  url: 'http://localhost:8000',
  hosts: ['localhost:8000', '127.0.0.1:8000', 'ff.test'],
  origins: ['http://localhost:8000', 'http://127.0.0.1:8000', 'https://ff.test'],
  isTls: false,
};

/** Headers as our own pages send them. */
export const browserHeaders = {
  host: 'localhost:8000',
  origin: 'http://localhost:8000',
  'sec-fetch-site': 'same-origin',
  'x-ff': '1',
  'content-type': 'application/json',
};

export interface Answer<T> {
  readonly status: number;
  readonly body: T;
  readonly headers: LightMyRequestResponse['headers'];
}

export interface TestSiteOptions {
  /** False: other hosts cannot reach it. */
  readonly isExposed?: boolean;
  readonly trustedProxies?: readonly string[];
  readonly copies?: boolean;
  /** One that other sites on the same database go by, too. */
  readonly clock?: FakeClock;
  /** As one process among several. */
  readonly replicas?: Replicas;
  /** The first API, with what it keeps in that folder. */
  readonly firstApi?: (folder: string) => FirstApiSettings;
}

/** A whole orchestrator without doors: over a given database, with a clock that stands still. */
export class TestSite implements AsyncDisposable {
  readonly clock: FakeClock;
  readonly services: Services;
  readonly app: FastifyInstance;
  readonly #database: Database;
  /** Its own, thrown away at the end. */
  readonly folder: string;

  private constructor(parts: { clock: FakeClock; services: Services; app: FastifyInstance; database: Database; folder: string }) {
    this.clock = parts.clock;
    this.services = parts.services;
    this.app = parts.app;
    this.#database = parts.database;
    this.folder = parts.folder;
  }

  /** With `copies` it hands copies of the catalog to agents, as a site on PostgreSQL does. */
  static async open(database: Database, options: TestSiteOptions = {}): Promise<TestSite> {
    const clock = options.clock ?? new FakeClock();
    const folder = mkdtempSync(join(tmpdir(), 'ff-site-'));
    writeFileSync(join(folder, 'index.html'), '<!doctype html><title>console</title>');
    const services = await buildServices({
      database,
      clock,
      logger: noLogger,
      siteName: 'test',
      addresses: () => addresses,
      reach: options.isExposed === false ? {} : { publicUrl: testUrl },
      auditPath: join(folder, 'audit.log'),
      copyFolder: options.copies === true ? join(folder, 'copies') : undefined,
      firstApi: options.firstApi?.(folder),
      ...(options.replicas === undefined ? {} : { replicas: options.replicas }),
    });
    const app = await buildApp(services, {
      isLocal: (request) => request.headers['x-test-local'] === '1',
      consoleFolder: folder,
      checkAnswers: true,
      trustedProxies: options.trustedProxies ?? [],
    });
    await app.ready();
    return new TestSite({ clock, services, app, database, folder });
  }

  /** A call over the local socket. */
  async local<T>(
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    path: string,
    body?: object,
    headers: Record<string, string> = {},
  ): Promise<Answer<T>> {
    return this.#send({ method, path, body, headers: { 'x-test-local': '1', ...headers } });
  }

  /** A call as our own pages make it, with a session's cookie when there is one. */
  async browser<T>(
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    path: string,
    options: { body?: object; cookie?: string; headers?: Record<string, string> } = {},
  ): Promise<Answer<T>> {
    const cookie: Record<string, string> = options.cookie === undefined ? {} : { cookie: options.cookie };
    return this.#send({ method, path, body: options.body, headers: { ...browserHeaders, ...cookie, ...options.headers } });
  }

  /** A call as another program on another host makes it, by the site's public address; `path` is the whole one. */
  async outside<T>(method: 'GET' | 'POST', path: string, body?: object | string, headers: Record<string, string> = {}): Promise<Answer<T>> {
    const json: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' };
    const options: InjectOptions = { method, url: path, headers: { host: 'ff.test', ...json, ...headers } };
    const answer = await this.app.inject(body === undefined ? options : { ...options, payload: body });
    const isJson = String(answer.headers['content-type']).includes('json');
    return { status: answer.statusCode, body: (isJson ? answer.json() : answer.body) as T, headers: answer.headers };
  }

  async #send<T>(call: {
    method: 'GET' | 'POST' | 'PUT' | 'DELETE';
    path: string;
    body: object | undefined;
    headers: Record<string, string>;
  }): Promise<Answer<T>> {
    const options: InjectOptions = {
      method: call.method,
      url: call.path.startsWith('/api') ? call.path : `/api/v1${call.path}`,
      headers: call.headers,
    };
    const answer = await this.app.inject(call.body === undefined ? options : { ...options, payload: call.body });
    return { status: answer.statusCode, body: (answer.body === '' ? undefined : answer.json()) as T, headers: answer.headers };
  }

  /** A person with these grants and an open session; answers its cookie. */
  async person(name: string, grants: readonly Grant[], password: string | null = null): Promise<{ id: string; cookie: string }> {
    const id = newId('per');
    const begun = await this.services.changes.run(systemContext, async (change) => {
      const row = {
        id,
        name,
        name_key: name.toLowerCase(),
        grants: JSON.stringify(grants),
        password,
        disabled: 0,
        created_at: change.now,
        last_seen_at: null,
      };
      await change.tx.insertInto('person').values(row).execute();
      return this.services.sessions.begin(change, row, 'session');
    });
    return { id, cookie: `ff=${begun.secret}` };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.app.close();
    await this.services.auditFile?.[Symbol.asyncDispose]();
    await this.#database[Symbol.asyncDispose]();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

type Frame<T extends OrchestratorFrame['type']> = Extract<OrchestratorFrame, { type: T }>;
type Sent = AgentFrame extends infer F ? (F extends AgentFrame ? Omit<F, 'v' | 'seq'> : never) : never;

/** The agent's end of a link, played by a test. */
export class TestAgent {
  readonly frames: OrchestratorFrame[] = [];
  closeCode: number | undefined;
  agentId = '';
  readonly #session: AgentSession;
  #onFrame: () => void = () => undefined;
  #sequence = 0;

  private constructor(site: TestSite) {
    this.#session = site.services.hub.accept({
      send: (text) => {
        this.frames.push(JSON.parse(text) as OrchestratorFrame);
        this.#onFrame();
      },
      close: (code) => {
        this.closeCode = code;
      },
    });
  }

  /** Connects and says hello. */
  static async connect(site: TestSite, hello: Partial<Extract<AgentFrame, { type: 'hello' }>> = {}): Promise<TestAgent> {
    const agent = new TestAgent(site);
    await agent.send({
      type: 'hello',
      agentId: null,
      instance: 'one',
      hostname: 'host-1',
      version: '0.1.0',
      isRoot: true,
      restoreRoot: '/restore',
      jobs: [],
      ...hello,
    });
    agent.agentId = agent.frames.find((frame): frame is Frame<'welcome'> => frame.type === 'welcome')?.agentId ?? '';
    return agent;
  }

  async send(frame: Sent): Promise<void> {
    this.#sequence += 1;
    await this.#session.receive(JSON.stringify({ v: 1, seq: this.#sequence, ...frame }));
  }

  async sendText(text: string): Promise<void> {
    await this.#session.receive(text);
  }

  /** The next lease, taken from the frames received; has the site look for work first. */
  async lease(site: TestSite): Promise<Frame<'lease'>> {
    await site.services.hub.pump(this.agentId);
    const index = this.frames.findIndex((frame) => frame.type === 'lease');
    const [lease] = index < 0 ? [] : this.frames.splice(index, 1);
    if (lease?.type !== 'lease') throw new Error('no lease came');
    return lease;
  }

  async start(lease: Frame<'lease'>): Promise<void> {
    await this.send({ type: 'started', jobId: lease.jobId, fence: lease.fence });
  }

  async succeed(
    lease: Frame<'lease'>,
    result: Extract<AgentFrame, { type: 'outcome' }>['result'],
    status: 'succeeded' | 'partial' = 'succeeded',
  ): Promise<void> {
    await this.send({
      type: 'outcome',
      outboxId: `${lease.jobId}-${lease.fence}`,
      jobId: lease.jobId,
      fence: lease.fence,
      status,
      result,
      error: null,
      summary: 'done',
    });
  }

  async fail(lease: Frame<'lease'>, error: { kind: string; code: string; message: string }): Promise<void> {
    await this.send({
      type: 'outcome',
      outboxId: `${lease.jobId}-${lease.fence}`,
      jobId: lease.jobId,
      fence: lease.fence,
      status: 'failed',
      result: null,
      error,
      summary: error.message,
    });
  }

  /** Resolves once a frame of that type came, which then is taken. */
  async next<T extends OrchestratorFrame['type']>(type: T): Promise<Frame<T>> {
    for (;;) {
      const index = this.frames.findIndex((frame) => frame.type === type);
      const [frame] = index < 0 ? [] : this.frames.splice(index, 1);
      if (frame !== undefined) return frame as Frame<T>;
      await new Promise<void>((resolve) => {
        this.#onFrame = resolve;
      });
    }
  }

  has(type: OrchestratorFrame['type']): boolean {
    return this.frames.some((frame) => frame.type === type);
  }

  close(): void {
    this.#session.closed();
  }
}

/** What is inside a lease's signed order; the signature is for agents to verify. */
export function orderIn(lease: Frame<'lease'>): JobOrder {
  return jobOrder.parse(JSON.parse(Buffer.from(lease.order.split('.')[1] ?? '', 'base64url').toString()));
}

export const snapshotOf = (n: number): string => n.toString(16).padStart(64, '0');

/** What a backup of that number answers. */
export function backupResult(n: number, time: Date, errors = 0) {
  return {
    kind: 'backup' as const,
    snapshot: snapshotOf(n),
    time: time.toISOString(),
    hostname: 'host-1',
    paths: ['/etc'],
    files: 3,
    directories: 1,
    bytes: 300,
    addedBytes: 30,
    storedBytes: 20,
    errors,
    tookSeconds: 1.5,
  };
}

export function drillResult(outcome: 'passed' | 'failed', at: Date) {
  return {
    kind: 'drill' as const,
    outcome,
    files: 3,
    directories: 1,
    bytes: 300,
    comparedBytes: 300,
    comparedEntries: 4,
    rtoSeconds: 2.5,
    phases: [{ name: 'fetch' as const, seconds: 2 }],
    differences: outcome === 'passed' ? [] : [{ path: '/etc/a', what: 'content', expected: 'x', found: 'y' }],
    differenceCount: outcome === 'passed' ? 0 : 1,
    asserted: ['content'],
    notTested: ['boot'],
    scratch: '/scratch/1',
    host: 'host-1',
    versions: { fortfail: '0.1.0' },
    startedAt: at.toISOString(),
    endedAt: at.toISOString(),
  };
}

export function planDraftFor(repositoryId: string, changes: Partial<PlanDraftInput> = {}): PlanDraftInput {
  return {
    name: 'etc',
    source: { kind: 'files', paths: ['/etc'] },
    repositoryId,
    schedule: { cron: '0 * * * *' },
    keep: { last: 7 },
    promise: { rpoSeconds: 7200, rtoSeconds: 600 },
    ...changes,
  };
}

/** A site with an agent, a ready repository and a plan. */
export async function readySite(
  database: Database,
  options: { copies?: boolean } = {},
): Promise<{ site: TestSite; agent: TestAgent; repositoryId: string; planId: string }> {
  const site = await TestSite.open(database, options);
  const agent = await TestAgent.connect(site);
  const made = await site.local<{ repository: { id: string } }>('POST', '/repositories', { name: 'main', path: '/repositories/main' });
  const lease = await agent.lease(site);
  await agent.start(lease);
  await agent.succeed(lease, { kind: 'initialise', resticId: snapshotOf(1), passwordFile: '/keys/main.password' });
  const plan = await site.local<{ id: string }>('POST', '/plans', planDraftFor(made.body.repository.id));
  return { site, agent, repositoryId: made.body.repository.id, planId: plan.body.id };
}

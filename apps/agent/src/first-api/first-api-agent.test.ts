import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { noLogger } from '@fortfail/base';
import { FakeClock } from '@fortfail/base/testing';
import { removeTree } from '@fortfail/source';
import { describe, expect, it, onTestFinished } from 'vitest';
import { FakeFirstApi, tokenUntil } from '../testing/fake-first-api.ts';
import { type FirstApiAgent, startFirstApiAgent } from './first-api-agent.ts';
import { readFirstApiConfig } from './first-api-config.ts';

const secret = 'a-registration-secret-of-some-length';

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'fortfail-first-api-'));
  onTestFinished(() => removeTree(Buffer.from(path)));
  return path;
}

interface Host {
  readonly backups: string;
  readonly restores: string;
  readonly clock: FakeClock;
  start(env?: Readonly<Record<string, string>>): Promise<FirstApiAgent>;
}

function host(url: string): Host {
  const place = folder();
  const [backups, restores] = [join(place, 'backups'), join(place, 'restores')];
  mkdirSync(backups);
  const clock = new FakeClock();
  const env = {
    ORCHESTRATOR_URL: url,
    AGENT_ID: 'a',
    AGENT_REG_SECRET: secret,
    BACKUP_DIR: backups,
    RESTORE_DIR: restores,
    FORTFAIL_DATA: join(place, 'data'),
  };
  const start = async (more: Readonly<Record<string, string>> = {}): Promise<FirstApiAgent> =>
    await startFirstApiAgent({ config: readFirstApiConfig({ ...env, ...more }), clock, logger: noLogger, pid: 7 });
  return { backups, restores, clock, start };
}

async function pair(): Promise<{ readonly api: FakeFirstApi; readonly one: Host } & AsyncDisposable> {
  const api = await new FakeFirstApi().listen();
  return { api, one: host(api.url), [Symbol.asyncDispose]: () => api[Symbol.asyncDispose]() };
}

/** Lets time pass until something has happened at the other side. */
async function passUntil(api: FakeFirstApi, clock: FakeClock, look: () => boolean): Promise<void> {
  let isDone = false;
  const done = api.until(look).then(() => {
    isDone = true;
  });
  while (!isDone) await clock.advance(1000);
  await done;
}

function archiveOf(files: Readonly<Record<string, string>>): Buffer {
  const tree = folder();
  for (const [name, text] of Object.entries(files)) writeFileSync(join(tree, name), text);
  return execFileSync('tar', ['-C', tree, '-cf', '-', '.']);
}

const restore = (id: string, snapshot_id: unknown = 's') => ({
  id,
  command_type: 'restore',
  payload: { snapshot_id, job_id: `job-${id}` },
});

describe('an agent of the first API', () => {
  it('registers what it made by size and sum, then sends it as a form, and asks for tokens with its secret', async () => {
    await using world = await pair();
    const { api, one } = world;
    writeFileSync(join(one.backups, 'file'), 'hello');
    symlinkSync('/etc/shadow', join(one.backups, 'link'));
    await using _agent = await one.start();
    await api.until(() => api.asked('POST', /object$/).length > 0);
    const [registered] = api.asked('POST', /^\/snapshots$/);
    const [sent] = api.asked('POST', /object$/);
    const said = JSON.parse(registered?.body.toString() ?? '') as Record<string, unknown>;
    const { body = Buffer.alloc(0) } = sent ?? {};
    const content = body.subarray(body.indexOf('\r\n\r\n') + 4, body.lastIndexOf('\r\n--'));
    expect(said).toEqual({
      id: `snapshot-a-${one.clock.now().getTime() / 1000}`,
      agent_id: 'a',
      size: content.length,
      checksum: createHash('sha256').update(content).digest('hex'),
      metadata: { backup_path: one.backups, complete: true, files: 1, folders: 0, bytes: 5 },
    });
    expect(sent?.headers.authorization).toBe(`Bearer ${api.token}`);
    expect(JSON.parse(api.asked('POST', /token$/)[0]?.body.toString() ?? '')).toEqual({ registration_secret: secret, agent_id: 'a' });
    expect(execFileSync('tar', ['-tf', '-'], { input: content, encoding: 'utf8' })).toBe('./\n./file\n./link\n');
  });

  it('puts it where a presigned URL says, with the sum that was signed and without its token', async () => {
    await using world = await pair();
    const { api, one } = world;
    api.presigned = (base) => `${base}/bucket/incoming?X-Amz-SignedHeaders=content-length;host;x-amz-checksum-sha256`;
    writeFileSync(join(one.backups, 'file'), 'hello');
    await using _agent = await one.start();
    await api.until(() => api.asked('POST', /complete$/).length > 0);
    const [put] = api.asked('PUT', /bucket/);
    expect(put?.headers['x-amz-checksum-sha256']).toBe(
      createHash('sha256')
        .update(put?.body ?? '')
        .digest('base64'),
    );
    expect([put?.headers.authorization, api.asked('POST', /object$/).length]).toEqual([undefined, 0]);
  });

  it('sends a form after all when the object store cannot be reached or refuses', async () => {
    await using world = await pair();
    const { api, one } = world;
    api.presigned = (base) => `${base}/bucket/incoming`;
    api.override = ({ method }) => (method === 'PUT' ? { status: 403, body: {} } : undefined);
    writeFileSync(join(one.backups, 'file'), 'hello');
    await using _agent = await one.start();
    await api.until(() => api.asked('POST', /object$/).length > 0);
    expect(api.asked('PUT', /bucket/)).toHaveLength(1);
  });

  it('tries five times more when the other side hangs up or is busy, later and later, then goes on trying', async () => {
    await using world = await pair();
    const { api, one } = world;
    writeFileSync(join(one.backups, 'file'), 'hello');
    let refusals = 0;
    api.override = ({ path }) => {
      if (path !== '/snapshots' || refusals >= 8) return undefined;
      refusals += 1;
      return refusals % 2 === 0 ? 'hang up' : { status: 503, body: { detail: 'busy' } };
    };
    await using _agent = await one.start();
    await passUntil(api, one.clock, () => api.asked('POST', /object$/).length > 0);
    expect(api.asked('POST', /^\/snapshots$/)).toHaveLength(9);
    expect(new Set(api.asked('POST', /^\/snapshots$/).map(({ body }) => body.toString())).size).toBe(1);
  });

  it('gets a new token when the old one is refused and before it ends, with its own secret and the old token', async () => {
    await using world = await pair();
    const { api, one } = world;
    const now = one.clock.now().getTime() / 1000;
    api.token = tokenUntil(now + 4000, now);
    await using _agent = await one.start();
    await api.until(() => api.asked('GET', /commands$/).length > 0);
    const old = api.token;
    api.token = tokenUntil(now + 8000, now + 3000);
    await passUntil(api, one.clock, () => api.asked('POST', /token$/).length > 1);
    expect(one.clock.now().getTime() / 1000 - now).toBeGreaterThanOrEqual(3000);
    const [, again] = api.asked('POST', /token$/);
    expect([again?.headers.authorization, JSON.parse(again?.body.toString() ?? '')]).toEqual([
      `Bearer ${old}`,
      { registration_secret: 'ffl_one_secret', agent_id: 'a' },
    ]);
    let refused = 0;
    api.override = ({ path }) => {
      if (!path.endsWith('/commands') || refused > 0) return undefined;
      refused += 1;
      return { status: 401, body: { detail: 'Invalid token' } };
    };
    await passUntil(api, one.clock, () => api.asked('POST', /token$/).length > 2);
    await passUntil(api, one.clock, () => refused === 1);
  });

  it('does not ask again at once when its secret is refused, so that nobody else is locked out', async () => {
    await using world = await pair();
    const { api, one } = world;
    api.override = ({ path }) => (path === '/auth/token' ? { status: 403, body: { detail: 'Invalid registration secret' } } : undefined);
    await using _agent = await one.start();
    await api.until(() => api.asked('POST', /token$/).length > 0);
    for (let seconds = 0; seconds < 1800; seconds += 10) await one.clock.advance(10_000);
    expect(api.asked('POST', /token$/).length).toBeLessThanOrEqual(6);
    expect(api.asked('POST', /token$/).length).toBeGreaterThanOrEqual(2);
  });

  it('restores into a folder of its own, never over another, and says where', async () => {
    await using world = await pair();
    const { api, one } = world;
    api.objects.set('s', archiveOf({ file: 'hello', second: 'x' }));
    mkdirSync(join(one.restores, 's'), { recursive: true });
    writeFileSync(join(one.restores, 's', 'mine'), 'kept');
    writeFileSync(join(one.restores, 's-2'), 'a file');
    api.commands.push(restore('1'));
    await using _agent = await one.start();
    await api.until(() => api.events('restore_completed').length > 0);
    expect(api.events()).toEqual([
      { job_id: 'job-1', snapshot_id: 's', event_type: 'restore_started', message: expect.any(String) },
      {
        job_id: 'job-1',
        snapshot_id: 's',
        event_type: 'restore_completed',
        message: expect.any(String),
        metadata: expect.objectContaining({ restore_path: join(one.restores, 's-3'), files: 2, bytes: 6 }),
      },
    ]);
    expect(readFileSync(join(one.restores, 's-3', 'file'), 'utf8')).toBe('hello');
    expect(readdirSync(one.restores).sort()).toEqual(['s', 's-2', 's-3']);
  });

  it('answers a command that comes again, in this life or the next, without doing it again', async () => {
    await using world = await pair();
    const { api, one } = world;
    api.objects.set('s', archiveOf({ file: 'hello' }));
    api.commands.push(restore('1'));
    let deaf = true;
    api.override = ({ body }) => (deaf && body.includes('restore_completed') ? { status: 403, body: { detail: 'no' } } : undefined);
    const agent = await one.start();
    await api.until(() => api.events('restore_completed').length > 0);
    await agent[Symbol.asyncDispose]();
    deaf = false;
    api.commands.push(restore('1'));
    await using _next = await one.start();
    await api.until(() => api.events('restore_completed').length > 1);
    const [first, second] = api.events('restore_completed');
    expect(second).toEqual(first);
    expect([api.asked('GET', /object$/).length, readdirSync(one.restores)]).toEqual([1, ['s']]);
  });

  it('takes up in its next life what it was at when it was stopped, without being told again', async () => {
    await using world = await pair();
    const { api, one } = world;
    api.objects.set('s', archiveOf({ file: 'hello' }));
    api.commands.push(restore('1'));
    let stop: Promise<void> | undefined;
    const agents: FirstApiAgent[] = [];
    api.override = ({ path }) => {
      if (!path.endsWith('/object') || stop !== undefined) return undefined;
      stop = agents[0]?.[Symbol.asyncDispose]() as Promise<void>;
      return 'hang up';
    };
    agents.push(await one.start());
    await api.until(() => stop !== undefined);
    await stop;
    expect(readdirSync(one.restores)).toEqual([]);
    await using _next = await one.start();
    await api.until(() => api.events('restore_completed').length > 0);
    expect([readdirSync(one.restores), api.events('restore_failed')]).toEqual([['s'], []]);
  });

  it.each([
    ['other bytes than were registered', 'wrong-sum', { 'repr-digest': `sha-256=:${createHash('sha256').digest('base64')}:` }],
    ['no word about its sum', 'no-sum', { 'repr-digest': 'md5=:x:' }],
  ])('refuses an object with %s before it writes anything', async (_name, code, headers) => {
    await using world = await pair();
    const { api, one } = world;
    const body = archiveOf({ file: 'hello' });
    api.override = ({ path }) => (path.endsWith('/object') ? { status: 200, body, headers } : undefined);
    api.commands.push(restore('1'));
    await using _agent = await one.start();
    await api.until(() => api.events('restore_failed').length > 0);
    expect([api.events('restore_failed')[0]?.metadata, readdirSync(one.restores)]).toEqual([{ kind: 'damaged', code }, []]);
  });

  it('knows the sums of its own snapshots, and refuses others under their names', async () => {
    await using world = await pair();
    const { api, one } = world;
    writeFileSync(join(one.backups, 'file'), 'hello');
    await using _agent = await one.start();
    await api.until(() => api.asked('POST', /object$/).length > 0);
    const id = `snapshot-a-${one.clock.now().getTime() / 1000}`;
    api.objects.set(id, archiveOf({ file: 'planted' }));
    api.commands.push(restore('1', id));
    await passUntil(api, one.clock, () => api.events('restore_failed').length > 0);
    expect(api.events('restore_failed')[0]?.message).toContain('as this agent recorded when it made the snapshot');
  });

  it('reports commands that it does not know, or that cannot be, as failed', async () => {
    await using world = await pair();
    const { api, one } = world;
    api.commands.push(
      { id: '1', command_type: 'shell', payload: { job_id: 'job-1', command: 'rm' } },
      restore('2', 5),
      restore('3', '../out'),
      restore('4', '..'),
    );
    await using _agent = await one.start();
    await api.until(() => api.events('restore_failed').length > 2);
    expect(api.events('error')).toEqual([{ job_id: 'job-1', event_type: 'error', message: "unknown command type 'shell'" }]);
    expect(api.events('restore_failed').map(({ job_id }) => job_id)).toEqual(['job-2', 'job-3', 'job-4']);
    expect(readdirSync(join(one.restores, '..')).sort()).toEqual(['backups', 'data']);
  });

  it('draws an id at its first start when none was given, and keeps it', async () => {
    await using world = await pair();
    const { one } = world;
    for (let life = 0; life < 2; life += 1) {
      await using agent = await one.start({ AGENT_ID: '' });
      expect(agent.agentId).toBe('agent-7');
    }
  });
});

describe('the settings of an agent of the first API', () => {
  const url = 'http://orchestrator:8000';

  it('have the defaults that they always had', () => {
    expect(readFirstApiConfig({ ORCHESTRATOR_URL: '', AGENT_REG_SECRET: secret })).toMatchObject({
      orchestratorUrl: url,
      agentId: undefined,
      backupDir: '/backups',
      restoreDir: '/restore',
      pollMs: 10_000,
    });
  });

  it.each([
    ['AGENT_REG_SECRET', 'dev-reg-secret-change-in-production'],
    ['AGENT_REG_SECRET', 'changeme'],
    ['AGENT_REG_SECRET', 'fifteen letters'],
    ['AGENT_REG_SECRET_FILE', '/nowhere'],
    ['ORCH_JWT', 'nonsense-in-it'],
    ['AGENT_ID', 'a/b'],
    ['POLL_INTERVAL', 'often'],
    ['ORCHESTRATOR_URL', 'ftp://x'],
    ['ORCHESTRATOR_URL', 'http://user:password@x'],
  ])('refuse %s %j by name, without telling a secret', (name, value) => {
    const read = (): unknown => readFirstApiConfig({ ORCHESTRATOR_URL: url, [name]: value });
    expect(read).toThrow(expect.objectContaining({ kind: 'invalid-input', message: expect.stringContaining(name) }));
    if (/SECRET$|JWT/.test(name)) expect(read).not.toThrow(expect.objectContaining({ message: expect.stringContaining(value) }));
  });

  it('take the id from a token made beforehand', () => {
    expect(readFirstApiConfig({ ORCHESTRATOR_URL: `${url}/base/`, ORCH_JWT: tokenUntil(4_000_000_000) })).toMatchObject({
      orchestratorUrl: `${url}/base`,
      agentId: 'a',
    });
  });
});

import { execFileSync } from 'node:child_process';
import { createHash, createHmac, randomBytes } from 'node:crypto';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { freePort, LonePart, OldClient } from '../support/first-api.ts';
import { freshFolder } from '../support/programs.ts';
import { until } from '../support/site.ts';

const registrationSecret = randomBytes(24).toString('base64url');
const jwtSecret = randomBytes(48).toString('base64url');

interface Stage {
  readonly folder: string;
  readonly url: string;
  readonly site: LonePart;
}

async function startSite(env: Readonly<Record<string, string>> = {}): Promise<Stage> {
  const folder = freshFolder();
  const port = await freePort();
  const site = new LonePart(['orchestrator', '--data', join(folder, 'site'), '--port', String(port)], {
    ORCH_REG_SECRET: registrationSecret,
    ORCH_JWT_SECRET: jwtSecret,
    LEGACY_CROSS_RESTORE: 'on',
    ...env,
  });
  await site.start();
  return { folder, url: `http://127.0.0.1:${port}`, site };
}

interface Host {
  readonly agent: LonePart;
  readonly backups: string;
  readonly restores: string;
  readonly data: string;
}

/** An agent with nothing but the earlier variables, besides a data folder of its own. */
function host({ folder, url }: Stage, id: string, env: Readonly<Record<string, string>> = {}): Host {
  const [backups, restores, data] = ['backups', 'restores', 'data'].map((name) => join(folder, id, name)) as [string, string, string];
  mkdirSync(backups, { recursive: true });
  const agent = new LonePart(['agent', '--data', data], {
    ORCHESTRATOR_URL: url,
    AGENT_ID: id,
    AGENT_REG_SECRET: registrationSecret,
    BACKUP_DIR: backups,
    RESTORE_DIR: restores,
    POLL_INTERVAL: '0.2',
    ...env,
  });
  return { agent, backups, restores, data };
}

async function operator({ url }: Stage): Promise<OldClient> {
  const client = new OldClient(url);
  expect((await client.mint(registrationSecret)).status).toBe(200);
  return client;
}

async function uploadedOf(client: OldClient, agentId: string): Promise<string> {
  return await until(`a snapshot of ${agentId}`, async () => {
    const { body } = await client.ask('GET', '/snapshots');
    return (body as { id: string; agent_id: string; status: string }[]).find((one) => one.agent_id === agentId && one.status === 'uploaded')
      ?.id;
  });
}

/** Orders a restore and waits for its end. */
async function restored(
  client: OldClient,
  snapshotId: string,
  target: string,
): Promise<{ status: string; log: { event_type: string; message: string; metadata: Record<string, unknown> }[] }> {
  const id = await order(client, snapshotId, target);
  return await settled(client, id);
}

async function order(client: OldClient, snapshotId: string, target: string): Promise<string> {
  const { status, body } = await client.ask('POST', '/restore-jobs', { snapshot_id: snapshotId, target_agent_id: target });
  expect(status, JSON.stringify(body)).toBe(200);
  return (body as { id: string }).id;
}

async function settled(client: OldClient, id: string) {
  const status = await until(`job ${id} to end`, async () => {
    const { body } = await client.ask('GET', `/restore-jobs/${id}`);
    const { status } = body as { status: string };
    return ['completed', 'failed'].includes(status) ? status : undefined;
  });
  const { body } = await client.ask('GET', `/restore-jobs/${id}/logs`);
  return { status, log: body as { event_type: string; message: string; metadata: Record<string, unknown> }[] };
}

const tar = (...args: string[]): string => execFileSync('tar', args, { encoding: 'utf8' });

function fill(folder: string): void {
  mkdirSync(join(folder, 'sub', 'a..b'), { recursive: true });
  writeFileSync(join(folder, 'sub', 'a..b', 'file'), 'hello');
  writeFileSync(join(folder, Buffer.from('na\xefve', 'latin1').toString('latin1')), 'x');
  writeFileSync(join(folder, 'large'), randomBytes(3_000_000));
  symlinkSync('sub/a..b/file', join(folder, 'link'));
}

const same = (a: string, b: string): string => execFileSync('diff', ['-r', '--no-dereference', a, b], { encoding: 'utf8' });

/** A token as the orchestrator of the earlier system signed them. */
function token(claims: object): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const body = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}`;
  return `${body}.${createHmac('sha256', jwtSecret).update(body).digest('base64url')}`;
}

describe('clients of the earlier system', () => {
  it('an agent registers, uploads, polls, restores and reports with the requests it always made', async () => {
    const stage = await startSite();
    const [agent, boss] = [new OldClient(stage.url), await operator(stage)];
    const events: Record<string, unknown>[] = [];
    const socket = new WebSocket(`${stage.url.replace('http', 'ws')}/ws?token=${boss.token}`);
    socket.on('message', (data) => events.push(JSON.parse(String(data)) as Record<string, unknown>));
    await until('the first frame', () => events.length > 0 || undefined);
    expect(events[0]).toMatchObject({ event: 'connected', message: expect.any(String) });

    expect((await agent.mint(registrationSecret, 'demo-agent-001')).body).toMatchObject({ token: expect.any(String), expires_in: 604_800 });
    const source = join(stage.folder, 'source');
    mkdirSync(source);
    fill(source);
    tar('-C', source, '-cf', join(stage.folder, 'old.tar'), '.');
    const bytes = readFileSync(join(stage.folder, 'old.tar'));
    const registered = await agent.register('snapshot-demo-agent-001-1700000000', 'demo-agent-001', bytes);
    expect(registered).toMatchObject({
      status: 200,
      body: {
        id: 'snapshot-demo-agent-001-1700000000',
        presigned_url: null,
        upload_url: '/snapshots/snapshot-demo-agent-001-1700000000/object',
      },
    });
    expect(await agent.upload('snapshot-demo-agent-001-1700000000', bytes)).toMatchObject({
      status: 200,
      body: { status: 'uploaded', snapshot_id: 'snapshot-demo-agent-001-1700000000' },
    });

    expect((await agent.ask('GET', '/agent/demo-agent-001/commands')).body).toEqual([]);
    const job = await order(boss, 'snapshot-demo-agent-001-1700000000', 'demo-agent-001');
    const commands = (await agent.ask('GET', '/agent/demo-agent-001/commands')).body as { id: string }[];
    expect(commands).toEqual([
      {
        id: expect.stringMatching(/^cmd-/),
        command_type: 'restore',
        payload: { snapshot_id: 'snapshot-demo-agent-001-1700000000', job_id: job },
      },
    ]);
    expect((await agent.ask('GET', '/agent/demo-agent-001/commands')).body).toEqual([]);
    const got = await agent.download('snapshot-demo-agent-001-1700000000');
    expect([got.status, got.headers.get('content-disposition'), got.bytes.equals(bytes)]).toEqual([
      200,
      expect.stringContaining('snapshot-demo-agent-001-1700000000.tar'),
      true,
    ]);
    for (const [event_type, status] of [
      ['restore_started', 'in_progress'],
      ['restore_completed', 'completed'],
      ['restore_started', 'completed'],
    ] as const) {
      const event = {
        job_id: job,
        snapshot_id: 'snapshot-demo-agent-001-1700000000',
        event_type,
        message: 'x',
        metadata: { restore_path: '/restore/x' },
      };
      expect((await agent.ask('POST', '/agent/demo-agent-001/events', event)).body).toEqual({ status: 'ok' });
      expect((await boss.ask('GET', `/restore-jobs/${job}`)).body).toEqual({
        id: job,
        snapshot_id: 'snapshot-demo-agent-001-1700000000',
        target_agent_id: 'demo-agent-001',
        status,
      });
    }
    expect((await boss.ask('GET', '/agents')).body).toEqual([{ id: 'demo-agent-001', last_seen: expect.any(String) }]);
    await until('the events', () => events.filter(({ event }) => event === 'agent_event').length >= 3 || undefined);
    expect(events.map(({ event }) => event)).toEqual(
      expect.arrayContaining(['snapshot_created', 'snapshot_uploaded', 'restore_job_created', 'agent_event']),
    );
    socket.close();
  });

  it('the smoke client waits, mints, registers a small archive, orders a restore and reads status, queue and agents', async () => {
    const stage = await startSite({ LEGACY_CROSS_RESTORE: 'off' });
    const smoke = new OldClient(stage.url);
    expect((await smoke.ask('GET', '/health/ready')).body).toMatchObject({ status: 'ready' });
    expect((await smoke.mint(registrationSecret)).status).toBe(200);
    const source = join(stage.folder, 'source');
    mkdirSync(source);
    writeFileSync(join(source, 'test.txt'), 'FortFail smoke test\n');
    tar('-C', source, '-czf', join(stage.folder, 'smoke.tar.gz'), '.');
    const bytes = readFileSync(join(stage.folder, 'smoke.tar.gz'));
    expect((await smoke.register('smoke-snapshot-1700000000', 'smoke-test-agent', bytes)).status).toBe(200);
    expect((await smoke.upload('smoke-snapshot-1700000000', bytes)).status).toBe(200);
    const job = await order(smoke, 'smoke-snapshot-1700000000', 'smoke-test-agent');
    expect((await smoke.ask('GET', '/agent/smoke-test-agent/commands')).body).toHaveLength(1);
    expect((await smoke.ask('GET', `/restore-jobs/${job}`)).body).toMatchObject({ status: 'pending' });
    expect((await smoke.ask('GET', '/agents')).body).toEqual([expect.objectContaining({ id: 'smoke-test-agent' })]);
  });
});

describe('an agent of ours with only the earlier variables', () => {
  it('delivers a snapshot when it starts, and restores that of another host byte for byte', async () => {
    const stage = await startSite();
    const [a, b] = [host(stage, 'host-a'), host(stage, 'host-b')];
    fill(a.backups);
    expect(await a.agent.start()).toMatchObject({ ready: true, agentId: 'host-a' });
    await b.agent.start();
    const boss = await operator(stage);
    const snapshot = await uploadedOf(boss, 'host-a');
    expect(snapshot).toMatch(/^snapshot-host-a-\d{10}$/);
    const { status, log } = await restored(boss, snapshot, 'host-b');
    expect([status, log.map(({ event_type }) => event_type)]).toEqual(['completed', ['restore_started', 'restore_completed']]);
    expect(log[1]?.metadata).toMatchObject({ restore_path: join(b.restores, snapshot), files: 3, links: 1, verified: 'sha256' });
    expect(same(a.backups, join(b.restores, snapshot))).toBe('');
    expect(statSync(join(b.restores, snapshot)).mode & 0o777).toBe(0o700);
    // Once more, and what is there stays as it is.
    writeFileSync(join(b.restores, snapshot, 'mine'), 'kept');
    await restored(boss, snapshot, 'host-b');
    expect(readdirSync(b.restores).sort()).toEqual([snapshot, `${snapshot}-2`]);
    expect(same(a.backups, join(b.restores, `${snapshot}-2`))).toBe('');
    expect((await a.agent.stop())?.code).toBe(0);
    // What it keeps is its own: nobody else may read it, and no log tells it.
    const kept = execFileSync('find', [join(a.data, 'agent', 'first-api'), '-type', 'f', '-perm', '/077'], { encoding: 'utf8' });
    expect([kept, a.agent.log.includes(registrationSecret), a.agent.log.includes('ffl_'), a.agent.log.includes('eyJ')]).toEqual([
      '',
      false,
      false,
      false,
    ]);
  });

  it('is killed in the middle of a restore, and its next life does it once and leaves nothing half-written', async () => {
    const stage = await startSite();
    const a = host(stage, 'host-a');
    const sizeBytes = 250 * 1024 * 1024;
    writeFileSync(join(a.backups, 'large'), '');
    truncateSync(join(a.backups, 'large'), sizeBytes);
    await a.agent.start();
    const boss = await operator(stage);
    const snapshot = await uploadedOf(boss, 'host-a');
    const job = await order(boss, snapshot, 'host-a');
    await until('the restore to be under way', () => (existsSync(a.restores) && readdirSync(a.restores).length > 0 ? true : undefined));
    await a.agent.kill();
    expect(readdirSync(a.restores)).toEqual([expect.stringMatching(/^\.fortfail-first-api-/)]);
    // So that its next life has nothing new to deliver.
    truncateSync(join(a.backups, 'large'), 1);
    await a.agent.start();
    // It knows what it was at, and does not wait for the lease of the killed one to end.
    const { status, log } = await settled(boss, job);
    expect([status, log.map(({ event_type }) => event_type)]).toEqual([
      'completed',
      ['restore_started', 'restore_started', 'restore_completed'],
    ]);
    expect(readdirSync(a.restores)).toEqual([snapshot]);
    expect(statSync(join(a.restores, snapshot, 'large')).size).toBe(sizeBytes);
  });

  it('outlasts an orchestrator that is killed in the middle of an upload', async () => {
    const stage = await startSite();
    const a = host(stage, 'host-a');
    writeFileSync(join(a.backups, 'large'), '');
    truncateSync(join(a.backups, 'large'), 300 * 1024 * 1024);
    await a.agent.start();
    const objects = join(stage.folder, 'site', 'objects');
    const bytesThere = (): number =>
      existsSync(objects) ? Number(execFileSync('du', ['-s', '--apparent-size', '-B1', objects], { encoding: 'utf8' }).split('\t')[0]) : 0;
    await until('the upload to be under way', () => bytesThere() > 20 * 1024 * 1024 || undefined);
    await stage.site.kill();
    await stage.site.start();
    const boss = await operator(stage);
    const snapshot = await uploadedOf(boss, 'host-a');
    const got = await fetch(`${stage.url}/snapshots/${snapshot}/object`, { headers: { authorization: `Bearer ${boss.token}` } });
    const hash = createHash('sha256');
    for await (const piece of got.body as unknown as AsyncIterable<Uint8Array>) hash.update(piece);
    const { body } = await boss.ask('GET', `/snapshots/${snapshot}`);
    expect(hash.digest('hex')).toBe((body as { checksum: string }).checksum);
  });

  it('gets a new token when the one it has is over, with the old one or its own secret', async () => {
    const stage = await startSite();
    const over = Math.floor(Date.now() / 1000) - 1000;
    const a = host(stage, 'host-a', {
      ORCH_JWT: token({ agent_id: 'host-a', iat: over - 604_800, exp: over, aud: 'fortfail-legacy', jti: 'gone' }),
    });
    writeFileSync(join(a.backups, 'file'), 'x');
    await a.agent.start();
    const boss = await operator(stage);
    const snapshot = await uploadedOf(boss, 'host-a');
    await a.agent.stop();
    // Its next life finds a token that ended meanwhile, and the shared secret no longer gets it one.
    const [folder] = readdirSync(join(a.data, 'agent', 'first-api'));
    const path = join(a.data, 'agent', 'first-api', folder ?? '', 'memory.json');
    const memory = JSON.parse(readFileSync(path, 'utf8')) as { token: string; agentSecret: string };
    expect(memory.agentSecret).toMatch(/^ffl_/);
    writeFileSync(
      path,
      JSON.stringify({ ...memory, token: token({ agent_id: 'host-a', iat: over - 10, exp: over, aud: 'fortfail-legacy', jti: 'x' }) }),
    );
    await a.agent.start();
    expect((await restored(boss, snapshot, 'host-a')).status).toBe('completed');
  });

  it('refuses a hostile object as a whole, with a reason, and writes nothing anywhere', async () => {
    const stage = await startSite();
    const a = host(stage, 'host-a');
    await a.agent.start();
    const [attacker, boss] = [new OldClient(stage.url), await operator(stage)];
    await attacker.mint(registrationSecret, 'attacker');
    const outside = join(stage.folder, 'outside');
    mkdirSync(outside);
    // A link to elsewhere and a file through it, as stock tar is talked into writing it.
    const work = join(stage.folder, 'work');
    mkdirSync(join(work, 'one'), { recursive: true });
    mkdirSync(join(work, 'two', 'gate'), { recursive: true });
    writeFileSync(join(work, 'one', 'first'), 'harmless');
    symlinkSync(outside, join(work, 'one', 'gate'));
    writeFileSync(join(work, 'two', 'gate', 'planted'), 'evil');
    const archive = join(stage.folder, 'evil.tar');
    tar('-cf', archive, '-C', join(work, 'one'), '.');
    tar('-rf', archive, '-C', join(work, 'two'), './gate/planted');
    for (const [id, bytes, code] of [
      ['evil-1', readFileSync(archive), 'hostile-archive'],
      ['evil-2', readFileSync(archive).subarray(0, 1024), 'broken-archive'],
      ['evil-3', randomBytes(5000), 'broken-archive'],
    ] as const) {
      expect((await attacker.register(id, 'attacker', bytes)).status).toBe(200);
      expect((await attacker.upload(id, bytes)).status).toBe(200);
      const { status, log } = await restored(boss, id, 'host-a');
      expect([status, log.at(-1)?.event_type, log.at(-1)?.metadata.code]).toEqual(['failed', 'restore_failed', code]);
    }
    expect([readdirSync(outside), readdirSync(a.restores)]).toEqual([[], []]);
  });

  it('refuses an object that was changed where it lies', async () => {
    const stage = await startSite();
    const a = host(stage, 'host-a');
    fill(a.backups);
    await a.agent.start();
    const boss = await operator(stage);
    const snapshot = await uploadedOf(boss, 'host-a');
    const object = execFileSync('find', [join(stage.folder, 'site', 'objects'), '-type', 'f', '-size', '+100k'], {
      encoding: 'utf8',
    }).trim();
    const bytes = readFileSync(object);
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
    execFileSync('chmod', ['u+w', object]);
    writeFileSync(object, bytes);
    const { status } = await restored(boss, snapshot, 'host-a');
    expect([status, readdirSync(a.restores)]).toEqual(['failed', []]);
  });

  it('refuses to start with secrets that everybody knows, or with none', async () => {
    const stage = { folder: freshFolder(), url: 'http://127.0.0.1:1', site: undefined as never };
    for (const secret of ['dev-reg-secret-change-in-production', 'changeme', 'short', '']) {
      const { agent } = host(stage, 'host-a', { AGENT_REG_SECRET: secret });
      const { said, outcome } = await agent.refusal();
      expect([said.ready, (said.error as { message: string }).message, outcome.code]).toEqual([
        false,
        expect.stringContaining('AGENT_REG_SECRET'),
        2,
      ]);
    }
    appendFileSync(join(stage.folder, 'secret'), `${registrationSecret}\n`);
    const { agent } = host(stage, 'host-a', { AGENT_REG_SECRET: '', AGENT_REG_SECRET_FILE: join(stage.folder, 'secret') });
    expect(await agent.start()).toMatchObject({ ready: true });
  });
});

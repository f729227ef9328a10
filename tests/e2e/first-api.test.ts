import { type ChildProcess, execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { S3Double } from '@fortfail/storage/testing';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import { begin, ended, fortfail, must, root, run } from '../support/programs.ts';
import { skipReason } from './console/harness.ts';
import { launch, visitor } from './site/visitor.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program of this machine, as a person runs it. */
function tool(file: string, args: readonly string[], env: Record<string, string> = {}): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(file, args, { env: { PATH: process.env.PATH ?? '', HOME: '/nonexistent', ...env } }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
      resolve({ code, stdout, stderr });
    });
  });
}

/** The orchestrator as `fortfail orchestrator` starts it. */
class Started implements AsyncDisposable {
  readonly data: string;
  readonly child: ChildProcess;
  readonly url: string;
  readonly log: () => string;
  readonly #end: Promise<unknown>;

  private constructor(data: string, child: ChildProcess, url: string, log: () => string, end: Promise<unknown>) {
    this.data = data;
    this.child = child;
    this.url = url;
    this.log = log;
    this.#end = end;
  }

  static async start(data: string, env: Record<string, string> = {}): Promise<Started> {
    const child = begin(fortfail, ['orchestrator', '--data', data, '--port', '0'], { env: { LOG_LEVEL: 'debug', ...env } });
    let log = '';
    const ready = new Promise<{ ready: boolean; url: string }>((resolve, reject) => {
      child.stdout?.on('data', (chunk: Buffer) => {
        const line = /^\{"ready".*$/m.exec(chunk.toString())?.[0];
        if (line !== undefined) resolve(JSON.parse(line) as { ready: boolean; url: string });
      });
      child.on('close', () => reject(new Error(`it ended: ${log}`)));
    });
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (chunk: Buffer) => {
        log += chunk.toString();
      });
    const end = ended(child);
    return new Started(data, child, (await ready).url, () => log, end);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill('SIGTERM');
    await this.#end;
  }

  /** curl with the answer's status after it. */
  async curl(path: string, ...args: string[]): Promise<{ status: number; text: string; json: Record<string, unknown> }> {
    const { stdout, stderr, code } = await tool('curl', ['-sS', '-w', '\n%{http_code}', ...args, `${this.url}${path}`]);
    if (code !== 0) throw new Error(`curl ${path}: ${stderr}`);
    const at = stdout.lastIndexOf('\n');
    const text = stdout.slice(0, at);
    return { status: Number(stdout.slice(at + 1)), text, json: /^[[{]/.test(text) ? (JSON.parse(text) as Record<string, unknown>) : {} };
  }
}

describe('a started product', () => {
  let folder: string;
  let started: Started;
  let secret: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ff-first-api-'));
    started = await Started.start(join(folder, 'data'));
    secret = (await must(fortfail, ['legacy', 'secret', 'show', '--data', started.data])).stdout.trim();
  });
  afterAll(async () => {
    await started?.[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  const json = ['-H', 'content-type: application/json', '-d'];

  it('goes the whole walk with curl and a WebSocket client', async () => {
    const minted = await started.curl('/auth/token', ...json, JSON.stringify({ registration_secret: secret, agent_id: 'demo-agent-001' }));
    expect([minted.status, minted.json.expires_in]).toEqual([200, 604_800]);
    const bearer = ['-H', `authorization: Bearer ${String(minted.json.token)}`];
    const ticket = (await started.curl('/auth/ws-ticket', '-X', 'POST', ...bearer)).json.ticket;
    const frames: Record<string, unknown>[] = [];
    const socket = new WebSocket(`${started.url.replace('http', 'ws')}/ws?token=${String(ticket)}`);
    socket.on('message', (data) => frames.push(JSON.parse(String(data)) as Record<string, unknown>));
    await vi.waitFor(() => expect(frames[0]).toMatchObject({ event: 'connected' }), 10_000);

    const sent = join(folder, 'sent.tar');
    const bytes = randomBytes(3_000_000);
    writeFileSync(sent, bytes);
    const checksum = createHash('sha256').update(bytes).digest('hex');
    const draft = { id: 'snapshot-1', agent_id: 'demo-agent-001', checksum, size: bytes.length, metadata: { backup_path: '/backups' } };
    const registered = await started.curl('/snapshots', ...bearer, ...json, JSON.stringify(draft));
    expect([registered.status, registered.json]).toEqual([
      200,
      { id: 'snapshot-1', presigned_url: null, upload_url: '/snapshots/snapshot-1/object' },
    ]);
    const uploaded = await started.curl('/snapshots/snapshot-1/object', ...bearer, '-F', `file=@${sent}`);
    expect(uploaded.json).toEqual({ status: 'uploaded', snapshot_id: 'snapshot-1' });
    const made = await started.curl('/restore-jobs', ...bearer, ...json, '{"snapshot_id":"snapshot-1","target_agent_id":"demo-agent-001"}');
    expect(made.json).toMatchObject({ snapshot_id: 'snapshot-1', target_agent_id: 'demo-agent-001', status: 'pending' });
    const job = String(made.json.id);
    const commands = await started.curl('/agent/demo-agent-001/commands', ...bearer);
    expect(commands.json).toMatchObject([{ command_type: 'restore', payload: { snapshot_id: 'snapshot-1', job_id: job } }]);
    const event = (type: string) =>
      started.curl('/agent/demo-agent-001/events', ...bearer, ...json, JSON.stringify({ job_id: job, event_type: type, message: type }));
    expect((await event('restore_started')).json).toEqual({ status: 'ok' });
    expect((await started.curl(`/restore-jobs/${job}`, ...bearer)).json.status).toBe('in_progress');
    const got = join(folder, 'got.tar');
    await started.curl('/snapshots/snapshot-1/object', ...bearer, '-o', got);
    expect(readFileSync(got).equals(bytes)).toBe(true);
    await event('restore_completed');
    expect((await started.curl(`/restore-jobs/${job}`, ...bearer)).json.status).toBe('completed');
    expect((await started.curl('/agents', ...bearer)).json).toMatchObject([{ id: 'demo-agent-001', last_seen: expect.any(String) }]);
    const events = [
      'connected',
      'snapshot_created',
      'snapshot_uploaded',
      'restore_job_created',
      'command_sent',
      'agent_event',
      'agent_event',
    ];
    await vi.waitFor(() => expect(frames.map((frame) => frame.event)).toEqual(events), 10_000);
    socket.send('are you there');
    await vi.waitFor(() => expect(frames.at(-1)).toEqual({ event: 'echo', data: 'are you there' }), 10_000);
    socket.close();

    const lines = readFileSync(join(started.data, 'audit.log'), 'utf8').trim().split('\n');
    const records = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(records.find((record) => record.event === 'agent_event')).toMatchObject({ agent_id: 'demo-agent-001', job_id: job });
    await must(fortfail, ['audit', 'verify', '--data', started.data]);
    for (const place of [started.log(), lines.join('\n')])
      for (const canary of [secret, String(minted.json.token), String(ticket)]) expect(place).not.toContain(canary);
  });

  it('is open to nobody without a token, and shows browsers the console on the same paths', async () => {
    for (const path of ['/agents', '/snapshots', '/restore-jobs', '/agent/demo-agent-001/commands', '/snapshots/snapshot-1/object']) {
      const refused = await started.curl(path);
      expect([path, refused.status, refused.json]).toEqual([path, 403, { detail: 'Not authenticated' }]);
    }
    const page = await started.curl('/agents', '-H', 'accept: text/html');
    expect(page.text).toMatch(/^<!doctype html>/i);
    expect((await started.curl('/')).json).toMatchObject({ control_ui: '/control', websocket: '/ws' });
    expect((await started.curl('/control')).text).toContain('FortFail control panel');
    expect((await started.curl('/health/live')).json).toEqual({ status: 'ok' });
    const closed = new WebSocket(`${started.url.replace('http', 'ws')}/ws`);
    expect(await new Promise((resolve) => closed.on('close', resolve))).toBe(1008);
  });

  it('passes scripts/smoke.sh, with jq and without', async () => {
    const smoke = join(root, 'scripts', 'smoke.sh');
    const withoutJq = pathWithout('jq');
    for (const env of [{}, { PATH: withoutJq }] as Record<string, string>[]) {
      const passed = await tool(smoke, [], { ORCHESTRATOR_URL: started.url, FORTFAIL_DATA: started.data, ...env });
      expect([passed.code, passed.stderr]).toEqual([0, '']);
      for (let step = 1; step <= 8; step += 1) expect(passed.stdout).toContain(`ok      ${step} `);
    }
    const given = await tool(smoke, [], { ORCHESTRATOR_URL: started.url, ORCH_REG_SECRET: secret });
    expect(given.code).toBe(0);
  });

  it('fails scripts/smoke.sh when something is not as it should be', async () => {
    const smoke = join(root, 'scripts', 'smoke.sh');
    const wrong = await tool(smoke, [], { ORCHESTRATOR_URL: started.url, ORCH_REG_SECRET: 'some other registration secret' });
    expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringContaining('2 token')]);
    const nobody = await tool(smoke, [], { ORCHESTRATOR_URL: 'http://127.0.0.1:9', ORCH_REG_SECRET: secret, SMOKE_TRIES: '1' });
    expect([nobody.code, nobody.stderr]).toEqual([1, expect.stringContaining('1 ready')]);
    // Whatever is given back in place of what was stored.
    const liar = await tool(smoke, [], {
      ORCHESTRATOR_URL: started.url,
      ORCH_REG_SECRET: secret,
      PATH: `${lyingCurl(folder)}:${process.env.PATH}`,
    });
    expect([liar.code, liar.stderr]).toEqual([1, expect.stringContaining('8 download')]);
  });

  it.skipIf(skipReason)('shows on /control what agents say as text, never as markup', async () => {
    const browser = await launch();
    try {
      await using person = await visitor(browser, started.url);
      const { page } = person;
      await page.goto(`${started.url}/control`);
      await page.getByLabel('Registration secret').fill(secret);
      await page.getByRole('button', { name: 'Log in' }).click();
      await page.getByText('Connected', { exact: true }).waitFor();
      const evil = '<img src=x onerror="document.title=1"><script>document.title=2</script>';
      const minted = await started.curl('/auth/token', ...json, JSON.stringify({ registration_secret: secret, agent_id: 'evil' }));
      const bearer = ['-H', `authorization: Bearer ${String(minted.json.token)}`];
      const event = JSON.stringify({ event_type: evil, message: evil, metadata: { [evil]: evil } });
      expect((await started.curl('/agent/evil/events', ...bearer, ...json, event)).status).toBe(200);
      await page.locator('#log li').filter({ hasText: 'onerror' }).first().waitFor();
      expect(await page.locator('#log img, #log script').count()).toBe(0);
      expect(await page.title()).toBe('FortFail control panel');
      await page.getByRole('button', { name: 'Refresh' }).click();
      await page.getByRole('cell', { name: 'evil', exact: true }).waitFor();
      await page.getByLabel('Snapshot ID').fill('snapshot-1');
      await page.getByLabel('Target agent ID').fill('demo-agent-001');
      await page.getByRole('button', { name: 'Create' }).click();
      await page.getByText(/^Created job-/).waitFor();
      await page.getByRole('button', { name: 'Look up' }).click();
      await page.getByText('pending', { exact: true }).waitFor();
      expect(person.faults).toEqual([]);
    } finally {
      await browser.close();
    }
  });

  it('makes tokens and secrets by command, and ends them', async () => {
    const args = ['--data', started.data];
    const token = (await must(fortfail, ['legacy', 'token', 'create', '--agent', 'made-before', '--days', '30', ...args])).stdout.trim();
    const bearer = ['-H', `authorization: Bearer ${token}`];
    expect((await started.curl('/agent/made-before/commands', ...bearer)).json).toEqual([]);
    const own = (await must(fortfail, ['legacy', 'secret', 'create', '--agent', 'made-before', ...args])).stdout.trim();
    expect(own).toMatch(/^ffl_/);
    const minted = await started.curl('/auth/token', ...json, JSON.stringify({ registration_secret: own, agent_id: 'made-before' }));
    expect(minted.status).toBe(200);
    expect((await must(fortfail, ['legacy', 'token', 'revoke', '--agent', 'made-before', ...args])).stdout).toBe('2 tokens ended\n');
    expect((await started.curl('/agents', ...bearer)).json).toEqual({ detail: 'Invalid token' });
    expect((await run(fortfail, ['legacy', 'token', 'create', ...args])).code).toBe(2);
    expect((await run(fortfail, ['legacy', 'token', 'create', '--agent', 'a', '--days', '400', ...args])).code).toBe(2);
  });
});

describe('other starts', () => {
  it('with a placeholder, or a reference that leads nowhere, do not happen', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ff-first-api-'));
    const data = join(folder, 'data');
    for (const [env, variable] of [
      [{ ORCH_JWT_SECRET: 'dev-jwt-secret-change-in-production' }, 'ORCH_JWT_SECRET'],
      [{ ORCH_REG_SECRET: 'short' }, 'ORCH_REG_SECRET'],
      [{ S3_ENDPOINT: 'http://127.0.0.1:9', S3_ACCESS_KEY: 'minioadmin', S3_SECRET_KEY: 'minioadmin' }, 'S3_ACCESS_KEY'],
      [
        { SECRETS_BACKEND: 'vault', VAULT_ADDR: 'http://127.0.0.1:9', VAULT_TOKEN: 'hvs.x', ORCH_JWT_SECRET: 'fortfail/production:jwt' },
        'ORCH_JWT_SECRET',
      ],
    ] as const) {
      const refused = await run(fortfail, ['orchestrator', '--data', data, '--port', '0'], { env });
      expect([refused.code === 0, refused.stderr]).toEqual([false, expect.stringContaining(variable)]);
    }
    rmSync(folder, { recursive: true, force: true });
  });

  it('with S3 pass scripts/smoke.sh by a presigned URL', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ff-first-api-'));
    await using double = await S3Double.start();
    const env = { S3_ENDPOINT: double.endpoint, S3_ACCESS_KEY: 'an-access-key', S3_SECRET_KEY: 'a-secret-key-of-a-test' };
    await using started = await Started.start(join(folder, 'data'), env);
    const passed = await tool(join(root, 'scripts', 'smoke.sh'), [], { ORCHESTRATOR_URL: started.url, FORTFAIL_DATA: started.data });
    expect([passed.code, passed.stdout]).toEqual([0, expect.stringContaining('uploaded by presigned URL')]);
    expect(existsSync(join(started.data, 'objects'))).toBe(false);
    rmSync(folder, { recursive: true, force: true });
  });

  it('with LEGACY_API=off have none of its paths', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ff-first-api-'));
    await using started = await Started.start(join(folder, 'data'), { LEGACY_API: 'off' });
    expect((await started.curl('/auth/token', '-X', 'POST', '-H', 'content-type: application/json', '-d', '{}')).status).toBe(404);
    expect((await started.curl('/agents')).text).toMatch(/^<!doctype html>/i);
    expect(existsSync(join(started.data, 'secrets'))).toBe(false);
    expect((await run(fortfail, ['legacy', 'token', 'create', '--agent', 'a', '--data', started.data])).code).toBe(21);
    rmSync(folder, { recursive: true, force: true });
  });
});

/** A PATH with what the script needs, and not that. */
function pathWithout(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'ff-path-'));
  for (const needed of [
    'sh',
    'curl',
    'tar',
    'gzip',
    'date',
    'mktemp',
    'chmod',
    'rm',
    'cat',
    'mkdir',
    'head',
    'wc',
    'tr',
    'cut',
    'sha256sum',
    'cmp',
    'diff',
    'grep',
    'sleep',
  ]) {
    const found = (process.env.PATH ?? '').split(':').find((place) => existsSync(join(place, needed)));
    if (found !== undefined && needed !== name) symlinkSync(join(found, needed), join(folder, needed));
  }
  symlinkSync(process.execPath, join(folder, 'node'));
  return folder;
}

/** A folder with a curl that answers every download with other bytes of the same length. */
function lyingCurl(folder: string): string {
  const place = join(folder, 'liar');
  mkdirSync(place);
  const real = (process.env.PATH ?? '').split(':').find((found) => existsSync(join(found, 'curl'))) ?? '/usr/bin';
  const script = `#!/bin/sh
${join(real, 'curl')} "$@" || exit $?
for word; do case $word in */got.tar.gz) printf x | dd of="$word" conv=notrunc status=none;; esac; done
`;
  writeFileSync(join(place, 'curl'), script, { mode: 0o755 });
  return place;
}

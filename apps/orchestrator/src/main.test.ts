import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { startPostgres, whyNoPostgres } from './testing/embedded-postgres.ts';

const main = join(import.meta.dirname, 'main.ts');
const auditMain = join(import.meta.dirname, 'audit-main.ts');

interface Ready {
  readonly ready: boolean;
  readonly port: number;
  readonly socket: string;
  readonly error?: { readonly kind: string; readonly code: string; readonly message: string };
}

class Started {
  readonly child: ChildProcess;
  readonly ready: Ready;
  readonly stderr: () => string;
  readonly ended: Promise<number | null>;

  private constructor(child: ChildProcess, ready: Ready, stderr: () => string, ended: Promise<number | null>) {
    this.child = child;
    this.ready = ready;
    this.stderr = stderr;
    this.ended = ended;
  }

  static async start(
    data: string,
    environment: Record<string, string> = {},
    identity: { uid?: number; gid?: number } = {},
  ): Promise<Started> {
    const { PATH = '', NODE_COMPILE_CACHE = '' } = process.env;
    const env = { PATH, NODE_COMPILE_CACHE, FORTFAIL_DATA: data, PORT: '0', ...environment };
    const child = spawn(process.execPath, [main], { env, stdio: ['pipe', 'pipe', 'pipe'], ...identity });
    let stderr = '';
    let stdout = '';
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    const ready = await new Promise<Ready>((resolve, reject) => {
      child.stdout.on('data', (chunk: Buffer) => {
        stdout += chunk.toString();
        if (stdout.includes('\n')) resolve(JSON.parse(stdout.split('\n')[0] ?? '') as Ready);
      });
      void ended.then(() => reject(new Error(`ended without a word: ${stderr}`)));
    });
    return new Started(child, ready, () => stderr, ended);
  }

  get<T>(path: string, method = 'GET', body?: object): Promise<T> {
    return new Promise((resolve, reject) => {
      const call = request({ socketPath: this.ready.socket, path, method, headers: { 'content-type': 'application/json' } }, (answer) => {
        let text = '';
        answer.on('data', (chunk: Buffer) => {
          text += chunk.toString();
        });
        answer.on('end', () => resolve(JSON.parse(text) as T));
      });
      call.on('error', reject);
      call.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  async kill(signal: NodeJS.Signals): Promise<number | null> {
    this.child.kill(signal);
    return this.ended;
  }
}

// Each test starts whole processes, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

describe('the orchestrator process', () => {
  let folder: string;
  let data: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ff-main-'));
    data = join(folder, 'data');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('starts, answers over its socket and port, leaves a first link and stops cleanly', async () => {
    const started = await Started.start(data);
    expect(started.ready).toMatchObject({ ready: true, socket: join(data, 'run', 'orchestrator.sock') });
    expect(await started.get('/api/v1/me')).toMatchObject({ via: 'local-socket', roles: ['admin'] });
    expect(readFileSync(join(data, 'first-login'), 'utf8')).toMatch(/^http:\/\/localhost:\d+\/sign-in#link=[\w-]{27}\n$/);
    for (const file of ['first-login', 'catalog.db', 'audit.log', 'run/lock']) expect(statSync(join(data, file)).mode & 0o077).toBe(0);
    expect(statSync(join(data, 'run')).mode & 0o777).toBe(0o700);
    for (const host of ['127.0.0.1', '::1']) {
      const answer = await fetch(`http://${host === '::1' ? '[::1]' : host}:${started.ready.port}/health/ready`);
      expect(answer.status).toBe(200);
    }
    expect(await started.kill('SIGTERM')).toBe(0);
    expect(existsSync(started.ready.socket)).toBe(false);
    expect(started.stderr()).not.toContain('link=');
  });

  it('ends when the pipe of its parent closes', async () => {
    const started = await Started.start(data);
    started.child.stdin?.end();
    expect(await started.ended).toBe(0);
  });

  it('goes on after kill -9 with nothing lost and the chain whole', async () => {
    const first = await Started.start(data);
    const link = await first.get<{ url: string }>('/api/v1/login-links', 'POST', {});
    expect(link.url).toContain('#link=');
    await first.kill('SIGKILL');
    const second = await Started.start(data);
    const verified = await second.get<{ whole: boolean; records: number }>('/api/v1/audit/verification');
    expect(verified).toMatchObject({ whole: true });
    // The start of each process, and the link in between.
    expect(verified.records).toBeGreaterThanOrEqual(4);
    await second.kill('SIGKILL');
    const offline = spawnSync(process.execPath, [auditMain, data], { encoding: 'utf8' });
    expect([offline.status, (JSON.parse(offline.stdout) as { whole: boolean }).whole]).toEqual([0, true]);
    const path = join(data, 'audit.log');
    writeFileSync(path, readFileSync(path, 'utf8').replace('login-link.create', 'login-link.forget'));
    writeFileSync(path, readFileSync(path, 'utf8').replace('\\"action\\":\\"login-link.create', '\\"action\\":\\"login-link.forget'));
    const forged = spawnSync(process.execPath, [auditMain, data], { encoding: 'utf8' });
    expect([forged.status, JSON.parse(forged.stdout)]).toMatchObject([25, { whole: false, chain: 'file', brokenAt: 2 }]);
  });

  it('refuses a data folder that another process has, in one sentence', async () => {
    const first = await Started.start(data);
    const second = await Started.start(data);
    expect(second.ready.error).toMatchObject({ kind: 'conflict', code: 'data-folder-in-use' });
    expect(await second.ended).toBe(21);
    expect(second.stderr()).toBe(
      `unable to use data folder '${data}', process ${first.child.pid} is using it. Stop that one first, or choose another folder with --data.\n`,
    );
    expect(await first.get('/api/v1/me')).toMatchObject({ via: 'local-socket' });
    await first.kill('SIGTERM');
  });

  it('refuses a port that is taken, in one sentence', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const address = other.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const started = await Started.start(data, { PORT: String(port) });
    expect(await started.ended).toBe(21);
    expect(started.stderr()).toBe(
      `unable to listen on port ${port}, another program uses it. Stop it, or choose another port with --port.\n`,
    );
    other.close();
    const again = await Started.start(data);
    expect(again.ready.ready).toBe(true);
    await again.kill('SIGTERM');
  });

  it('refuses a run folder that others may enter, naming the chmod', async () => {
    mkdirSync(join(data, 'run'), { recursive: true });
    chmodSync(join(data, 'run'), 0o755);
    const started = await Started.start(data);
    expect(await started.ended).toBe(22);
    expect(started.stderr()).toContain(`chmod 0700 '${join(data, 'run')}'`);
  });

  it('refuses a file in place of the folder, a foreign folder and bad options', async () => {
    writeFileSync(data, '');
    const file = await Started.start(data);
    expect([file.ready.error?.code, await file.ended]).toEqual(['data-folder-is-file', 21]);
    const options = await Started.start(join(folder, 'other'), { PORT: 'http', HOST: '0.0.0.0' });
    expect([options.ready.error?.code, await options.ended]).toEqual(['bad-configuration', 2]);
    expect(options.stderr()).toMatch(/PORT.*HOST/);
    const long = await Started.start(join(folder, 'x'.repeat(100)));
    expect([long.ready.error?.code, await long.ended]).toEqual(['data-path-too-long', 2]);
  });

  it('says in one sentence that it may not write, or that the disk is full', async ({ skip }) => {
    if (process.getuid?.() !== 0) return skip('needs root, to be somebody else and to mount a small disk');
    mkdirSync(data, { mode: 0o755 });
    const foreign = await Started.start(data, {}, { uid: 65534, gid: 65534 });
    expect(await foreign.ended).toBe(22);
    expect(foreign.stderr()).toBe(
      `unable to use data folder '${data}', this user may not write to it. Give it to this user, or choose another folder with --data.\n`,
    );
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k,mode=0700', 'none', data]);
    if (mounted.status !== 0) return skip('needs the right to mount a small disk');
    try {
      const full = await Started.start(data);
      expect(await full.ended).toBe(26);
      expect(full.stderr()).toMatch(/the disk is full/);
      expect(full.stderr().trim().split('\n')).toHaveLength(1);
      spawnSync('mount', ['-o', 'remount,size=4m', data]);
      const running = await Started.start(data);
      writeFileSync(join(data, 'ballast'), '');
      spawnSync('dd', ['if=/dev/zero', `of=${join(data, 'ballast')}`, 'bs=4k']);
      const makeLink = () => running.get<{ status?: number; code?: string; url?: string }>('/api/v1/login-links', 'POST', {});
      let answer = await makeLink();
      for (let tries = 0; tries < 200 && answer.status === undefined; tries += 1) answer = await makeLink();
      expect(answer).toMatchObject({ status: 507, code: 'disk-full' });
      rmSync(join(data, 'ballast'));
      expect((await makeLink()).url).toContain('#link=');
      expect(await running.get('/api/v1/audit/verification')).toMatchObject({ whole: true });
      await running.kill('SIGTERM');
    } finally {
      spawnSync('umount', [data]);
    }
  });

  it('stops in time although a listener never answers', async () => {
    const started = await Started.start(data);
    const socket = connect(started.ready.socket, () => {
      const lines = [
        'GET /api/v1/events HTTP/1.1',
        'Host: localhost',
        'Connection: Upgrade',
        'Upgrade: websocket',
        'Sec-WebSocket-Version: 13',
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
        '',
        '',
      ];
      socket.write(lines.join('\r\n'));
    });
    socket.on('error', () => undefined);
    await new Promise((resolve) => socket.once('data', resolve));
    const before = performance.now();
    expect(await started.kill('SIGTERM')).toBe(0);
    expect(performance.now() - before).toBeLessThan(25_000);
    socket.destroy();
  });

  it('runs on PostgreSQL, over kill -9, and says when that is not there', async ({ skip }) => {
    const reason = whyNoPostgres();
    if (reason !== undefined) return skip(reason);
    await using server = await startPostgres();
    const url = (await server.createDatabase('site')).reveal();
    const first = await Started.start(data, { DATABASE_URL: url });
    expect(await first.get('/api/v1/overview')).toMatchObject({ plans: [] });
    expect(existsSync(join(data, 'catalog.db'))).toBe(false);
    await first.kill('SIGKILL');
    const second = await Started.start(data, { DATABASE_URL: url });
    expect(await second.get('/api/v1/audit/verification')).toMatchObject({ whole: true });
    await server.crash();
    const ready = await fetch(`http://127.0.0.1:${second.ready.port}/health/ready`);
    expect([ready.status, await ready.json()]).toMatchObject([503, { code: 'database-unreachable' }]);
    expect((await fetch(`http://127.0.0.1:${second.ready.port}/health/live`)).status).toBe(200);
    expect(await second.kill('SIGTERM')).toBe(0);
    const third = await Started.start(data, { DATABASE_URL: url });
    expect([third.ready.error?.kind, await third.ended]).toEqual(['unavailable', 24]);
    expect(third.stderr()).toBe('unable to reach the database. Check DATABASE_URL and that the server runs.\n');
  });

  it('lets nobody in over TCP as the resident agent: who comes there is challenged first', async () => {
    const started = await Started.start(data);
    const frames: { type?: string }[] = [];
    const socket = new WebSocket(`ws://localhost:${started.ready.port}/agent-link`);
    const code = await new Promise<number>((resolve) => {
      socket.onmessage = ({ data }) => {
        frames.push(JSON.parse(String(data)) as { type?: string });
        const who = { agentId: null, instance: 'one', hostname: 'h', version: '1', isRoot: true, restoreRoot: '/r', jobs: [] };
        socket.send(JSON.stringify({ v: 1, seq: 1, type: 'hello', ...who }));
      };
      socket.onclose = (event) => resolve(event.code);
    });
    expect([code, frames.map(({ type }) => type)]).toEqual([4401, ['challenge']]);
    await started.kill('SIGTERM');
  });
});

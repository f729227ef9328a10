import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, existsSync, ftruncateSync, mkdtempSync, openSync, readdirSync, rmSync, statSync } from 'node:fs';
import { type ClientRequest, request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Secret } from '@fortfail/base';
import { S3Double } from '@fortfail/storage/testing';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { FirstApiSite, sha256 } from '../../testing/first-api-site.ts';

vi.setConfig({ testTimeout: 120_000 });
const mebibyte = 1 << 20;

describe('objects of the first API over real connections', () => {
  let api: FirstApiSite;
  let port: number;
  let token: string;
  beforeAll(async () => {
    api = await FirstApiSite.open();
    await api.site.app.listen({ port: 0, host: '127.0.0.1' });
    const address = api.site.app.server.address();
    port = typeof address === 'object' && address !== null ? address.port : 0;
    token = await api.token('a');
  });
  afterAll(() => api[Symbol.asyncDispose]());

  const partial = (): string[] => readdirSync(join(api.folder, 'objects', 'partial'));
  const boundary = 'b';
  const head = `--${boundary}\r\ncontent-disposition: form-data; name="file"; filename="x"\r\n\r\n`;
  const tail = `\r\n--${boundary}--\r\n`;
  const headers = (lengthBytes: number) => ({
    host: 'localhost:8000',
    authorization: `Bearer ${token}`,
    'content-type': `multipart/form-data; boundary=${boundary}`,
    'content-length': lengthBytes + head.length + tail.length,
  });

  /** Uploads so many pieces without ever having them together. */
  async function send(id: string, piece: Buffer, count: number): Promise<{ status: number; text: string }> {
    const call = request({
      port,
      host: '127.0.0.1',
      method: 'POST',
      path: `/snapshots/${id}/object`,
      headers: headers(piece.length * count),
    });
    const answered = new Promise<{ status: number; text: string }>((resolve, reject) => {
      call.on('response', (answer) => {
        let text = '';
        answer.on('data', (chunk: Buffer) => {
          text += chunk.toString();
        });
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text }));
      });
      call.on('error', reject);
    });
    call.write(head);
    let isAnswered = false;
    call.once('response', () => {
      isAnswered = true;
    });
    for (let n = 0; n < count && !isAnswered; n += 1) if (!call.write(piece)) await drained(call);
    call.end(tail);
    return answered;
  }

  const register = (id: string, sizeBytes: number, checksum: string) =>
    api.call('POST', '/snapshots', { token, body: { id, agent_id: 'a', checksum, size: sizeBytes } });

  it('go through memory piece by piece, up and down', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ff-large-'));
    const [sent, got] = [join(folder, 'sent'), join(folder, 'got')];
    const size = 300 * mebibyte;
    ftruncateSync(openSync(sent, 'w'), size);
    const checksum = await sumOf(sent);
    await register('large', size, checksum);
    const url = `http://127.0.0.1:${port}/snapshots/large/object`;
    const common = ['-s', '-S', '-H', 'host: localhost:8000', '-H', `authorization: Bearer ${token}`];
    await sumOf(sent);
    const before = process.memoryUsage().rss;
    let most = before;
    const look = setInterval(() => {
      most = Math.max(most, process.memoryUsage().rss);
    }, 20);
    // In a process of its own, so that only the server's memory is seen here.
    expect(await curl([...common, '-F', `file=@${sent}`, url])).toBe(JSON.stringify({ status: 'uploaded', snapshot_id: 'large' }));
    await curl([...common, '-o', got, url]);
    clearInterval(look);
    expect([statSync(got).size, await sumOf(got)]).toEqual([size, checksum]);
    rmSync(folder, { recursive: true });
    expect((most - before) / mebibyte).toBeLessThan(60);
  });

  it('that are cut off half-way leave nothing behind and are not listed', async () => {
    const size = 10 * 1024 ** 3;
    await register('cut', size, 'a'.repeat(64));
    const rows = await api.call<{ id: string; status: string }[]>('GET', '/snapshots', { token });
    expect(rows.body.find(({ id }) => id === 'cut')).toMatchObject({ status: 'registered' });
    const call = request({ port, host: '127.0.0.1', method: 'POST', path: '/snapshots/cut/object', headers: headers(size) });
    const broken = new Promise<void>((resolve) => call.once('error', () => resolve()));
    call.write(head);
    call.write(Buffer.alloc(20 * mebibyte));
    await vi.waitFor(() => expect(partial()).toHaveLength(1), 10_000);
    call.destroy();
    await broken;
    await vi.waitFor(() => expect(partial()).toEqual([]), 10_000);
    expect((await api.call('GET', '/snapshots/cut/object', { token })).status).toBe(404);
    expect((await api.restore(token, 'cut', 'a')).status).toBe(409);
  });

  it('that are longer than registered are refused at the first byte too many, and their sender hears why', async () => {
    await register('long', 5, sha256(Buffer.from('12345')));
    expect(await send('long', Buffer.alloc(1000), 1)).toMatchObject({ status: 413 });
    const much = await send('long', Buffer.alloc(mebibyte), 64);
    expect(much).toMatchObject({ status: 413, text: expect.stringContaining('larger than the 5 bytes') });
    expect(partial()).toEqual([]);
  });

  it('whose sender falls silent are given up after half a minute', async () => {
    await register('slow', 1000, 'a'.repeat(64));
    const socket = connect(port, '127.0.0.1');
    const lines = Object.entries(headers(1000)).map(([name, value]) => `${name}: ${value}`);
    socket.write(`POST /snapshots/slow/object HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${head}some`);
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    socket.on('error', () => undefined);
    await vi.waitFor(() => expect(partial()).toHaveLength(1), 10_000);
    await api.site.clock.advance(30_000);
    await api.site.clock.advance(30_000);
    await closed;
    await vi.waitFor(() => expect(partial()).toEqual([]), 10_000);
  });

  it('have hours, while an ordinary body has minutes', async () => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    const lines = ['POST /snapshots HTTP/1.1', 'host: localhost:8000', `authorization: Bearer ${token}`, 'content-type: application/json'];
    await new Promise<void>((resolve) => socket.write(`${lines.join('\r\n')}\r\ncontent-length: 1000\r\n\r\n{`, () => resolve()));
    await vi.waitFor(async () => {
      await api.site.clock.advance(300_000);
      expect(socket.destroyed || socket.readyState === 'closed' || socket.readyState === 'readOnly').toBe(true);
    }, 10_000);
    socket.destroy();
    await closed;
  });

  it('go four at a time for each caller', async () => {
    const sockets = await Promise.all(
      [1, 2, 3, 4].map(async (n) => {
        await register(`many-${n}`, 1000, 'a'.repeat(64));
        const call = request({ port, host: '127.0.0.1', method: 'POST', path: `/snapshots/many-${n}/object`, headers: headers(1000) });
        call.on('error', () => undefined);
        call.write(`${head}some`);
        return call;
      }),
    );
    await vi.waitFor(() => expect(partial()).toHaveLength(4), 10_000);
    expect(await send('many-1', Buffer.alloc(1000), 1)).toMatchObject({ status: 429 });
    for (const call of sockets) call.destroy();
    await vi.waitFor(() => expect(partial()).toEqual([]), 10_000);
  });
});

describe('objects of the first API in S3', () => {
  it('uploaded past us count only after they were checked, and their URL opens nothing else', async () => {
    await using double = await S3Double.start();
    await using api = await FirstApiSite.open(inS3(double));
    const token = await api.token('a');
    const bytes = Buffer.from('straight to the bucket');
    const registered = await api.register(token, 's', 'a', bytes);
    const url = registered.body.presigned_url ?? '';
    expect(new URL(url).pathname).toMatch(/^\/fortfail-snapshots\/incoming\/[0-9a-f]{32}\/[0-9a-f]{32}$/);
    expect(new URL(url).searchParams.get('X-Amz-Expires')).toBe('900');
    expect((await api.restore(token, 's', 'a')).status).toBe(409);
    expect((await api.call('POST', '/snapshots/s/complete', { token, body: {} })).status).toBe(404);
    const incoming = `fortfail-snapshots/${new URL(url).pathname.split('/').slice(2).join('/')}`;
    // A server that checks no sums lets anything in; we do not.
    double.objects.set(incoming, Buffer.from('something else'));
    const wrong = await api.call('POST', '/snapshots/s/complete', { token, body: {} });
    expect([wrong.status, wrong.body.detail]).toEqual([400, expect.stringContaining('Checksum mismatch')]);
    expect(double.objects.has(incoming)).toBe(false);
    expect((await fetch(url, { method: 'PUT', body: 'straight to another bucket' })).status).toBe(400);
    expect((await fetch(url, { method: 'PUT', body: bytes })).status).toBe(200);
    // Nobody has to say that it is there.
    expect((await api.restore(token, 's', 'a')).status).toBe(200);
    expect(double.objects.has(incoming)).toBe(false);
    // The URL still works for its quarter of an hour, and changes nothing that counts.
    await fetch(url, { method: 'PUT', body: bytes });
    double.objects.set(incoming, Buffer.from('overwritten later'));
    expect((await api.call('GET', '/snapshots/s/object', { token })).text).toBe(bytes.toString());
    expect((await api.upload(token, 's', bytes)).status).toBe(200);
    const finals = [...double.objects.keys()].filter((key) => key.includes('/objects/'));
    expect(finals).toHaveLength(1);
  });

  it('are found by the sweep, and what never came is forgotten after a day', async () => {
    await using double = await S3Double.start();
    await using api = await FirstApiSite.open(inS3(double));
    const token = await api.token('a');
    const bytes = Buffer.from('swept');
    const url = (await api.register(token, 'came', 'a', bytes)).body.presigned_url ?? '';
    await api.register(token, 'never', 'a', bytes);
    await fetch(url, { method: 'PUT', body: bytes });
    await api.site.services.firstApi?.sweep();
    const status = async (id: string) => (await api.call<{ status: string }>('GET', `/snapshots/${id}`, { token })).body.status;
    expect([await status('came'), await status('never')]).toEqual(['uploaded', 'registered']);
    await api.site.clock.advance(25 * 3_600_000);
    await api.site.services.firstApi?.sweep();
    expect((await api.call('GET', '/snapshots/never', { token })).status).toBe(404);
    expect(await status('came')).toBe('uploaded');
    expect((await api.register(token, 'never', 'a', bytes)).status).toBe(200);
  });

  it('go through us all the same when a client sends a form, and a store that fails is said so', async () => {
    await using double = await S3Double.start();
    await using api = await FirstApiSite.open(inS3(double));
    const token = await api.token('a');
    const bytes = await api.snapshot(token, 'form', 'a');
    expect((await api.call('GET', '/snapshots/form/object', { token })).text).toBe(bytes.toString());
    double.failWith = 503;
    const down = await api.call('GET', '/snapshots/form/object', { token });
    expect([down.status, down.body.detail]).toEqual([503, expect.stringContaining('S3_ENDPOINT')]);
    double.failWith = undefined;
    expect(existsSync(join(api.folder, 'objects'))).toBe(false);
  });
});

/** Resolves when it takes more, or has its answer already. */
function drained(call: ClientRequest): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      call.off('drain', done).off('response', done);
      resolve();
    };
    call.on('drain', done).on('response', done);
  });
}

function curl(args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile('curl', args, (error, stdout) => (error === null ? resolve(stdout) : reject(error)));
  });
}

async function sumOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(path)) hash.update(piece as Buffer);
  return hash.digest('hex');
}

function inS3(double: S3Double) {
  const place = {
    kind: 's3',
    endpoint: double.endpoint,
    publicEndpoint: undefined,
    bucket: 'fortfail-snapshots',
    region: 'us-east-1',
  } as const;
  const secrets = {
    backend: 'env',
    jwt: new Secret('a signing secret of a test, long enough'),
    registration: new Secret('a registration secret of a test'),
    s3AccessKey: new Secret('access-key-of-a-test'),
    s3SecretKey: new Secret('secret-key-of-a-test'),
    vault: { address: undefined, token: undefined, mount: 'secret' },
    aws: { region: 'us-east-1', endpoint: undefined, accessKey: undefined, secretKey: undefined, sessionToken: undefined },
    folder: '/nowhere',
  } as const;
  return { objects: place, secrets };
}

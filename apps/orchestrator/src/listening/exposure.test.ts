import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { type RequestOptions, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { noLogger } from '@fortfail/base';
import { FakeClock } from '@fortfail/base/testing';
import type { Exposure as ExposureAnswer } from '@fortfail/protocol';
import { decodeJoinString } from '@fortfail/trust';
import { caFingerprint, createSiteCa, issueAgentCertificate, makeCsr } from '@fortfail/trust/certificates';
import { afterEach, expect, it } from 'vitest';
import { SiteAuthority } from '../ca/site-authority.ts';
import { openSqlite } from '../database/sqlite-database.ts';
import { joinToken, RemoteAgent } from '../testing/remote-agent.ts';
import { TestSite } from '../testing/test-site.ts';
import { Exposure } from './exposure.ts';
import { Listeners } from './listen.ts';

const dayMs = 86_400_000;
const folders: string[] = [];
const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'ff-tls-'));
  folders.push(folder);
  return folder;
}

/** A site whose clock begins now, since the other side of a handshake has the machine's clock. */
async function exposedSite(): Promise<{ site: TestSite; port: number; ca: string }> {
  const folder = newFolder();
  const clock = new FakeClock(new Date(performance.timeOrigin + performance.now()));
  const site = await TestSite.open(await openSqlite(join(folder, 'catalog.db')), { clock, isExposed: false });
  const listeners = new Listeners({ socketPath: join(folder, 's'), port: 0, host: '127.0.0.1', tls: undefined });
  await site.services.exposure.start(site.app, listeners, () => 0);
  closers.push(async () => {
    await site.services.hub.stop();
    await listeners.close(async () => undefined);
    await site[Symbol.asyncDispose]();
  });
  const made = await site.local<ExposureAnswer>('POST', '/exposure', { names: ['localhost', '127.0.0.1'], host: '127.0.0.1', port: 0 });
  expect(made.status).toBe(201);
  return { site, port: made.body.port ?? 0, ca: site.services.authority.certificate ?? '' };
}

function ask(port: number, path: string, options: RequestOptions & { body?: string } = {}): Promise<{ status: number; text: string }> {
  const { body, ...rest } = options;
  return new Promise((resolve, reject) => {
    const call = request({ host: '127.0.0.1', servername: 'localhost', port, path, ...rest, agent: false }, (answer) => {
      let text = '';
      answer.on('data', (part: Buffer) => {
        text += part.toString();
      });
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text }));
    });
    if (call.getHeader('host') !== 'evil.example') call.setHeader('host', `localhost:${port}`);
    call.on('error', reject);
    call.end(body);
  });
}

function handshake(port: number, options: ConnectionOptions): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, servername: 'localhost', ...options }, () => resolve(socket));
    socket.on('error', reject);
  });
}

it('opens a TLS door whose authority a join string pins', async () => {
  const { site, port, ca } = await exposedSite();
  const pem = await ask(port, '/ca.pem', { rejectUnauthorized: false });
  expect([pem.status, pem.text]).toEqual([200, ca]);
  const made = await site.local<{ joinString: string }>('POST', '/join-strings', {});
  expect(decodeJoinString(made.body.joinString)).toMatchObject({ u: `https://localhost:${port}`, c: caFingerprint(ca) });
  expect((await ask(port, '/health/live', { ca })).status).toBe(200);
  const stranger = await createSiteCa({ siteId: 'other', now: site.clock.now() });
  await expect(ask(port, '/health/live', { ca: stranger.certificate })).rejects.toMatchObject({ code: expect.stringContaining('CERT') });
  expect((await ask(port, '/health/live', { ca, headers: { host: 'evil.example' } })).status).toBe(421);
  expect((await site.local<ExposureAnswer>('GET', '/exposure')).body).toMatchObject({ names: ['localhost', '127.0.0.1'], port });
});

it('speaks TLS 1.2 and newer, with forward secrecy and authenticated encryption only', async () => {
  const { port, ca } = await exposedSite();
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    const socket = await handshake(port, { ca, minVersion: version, maxVersion: version });
    expect(socket.getProtocol()).toBe(version);
    expect(socket.getCipher().standardName).toMatch(/^TLS_(ECDHE_ECDSA_WITH_)?(AES_\d+_GCM|CHACHA20_POLY1305)/);
    socket.destroy();
  }
  const old = { ca, minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT:@SECLEVEL=0' } as const;
  await expect(handshake(port, old)).rejects.toMatchObject({ code: expect.stringContaining('SSL') });
  const weak = { ca, maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-SHA256:AES128-GCM-SHA256:@SECLEVEL=0' } as const;
  await expect(handshake(port, weak)).rejects.toMatchObject({ code: expect.stringContaining('SSL') });
});

it('takes an agent with its certificate, without one, and not with that of another', async () => {
  const { site, port, ca } = await exposedSite();
  const [agent, other] = [await RemoteAgent.make(site, 'a'), await RemoteAgent.make(site, 'b')];
  for (const one of [agent, other]) expect((await one.enrol(await joinToken(site))).status).toBe(201);
  const keyOf = async ({ identity }: RemoteAgent) =>
    Buffer.from(await crypto.subtle.exportKey('pkcs8', identity.cryptoKeys.privateKey)).toString('base64');
  const tls = async (one: RemoteAgent, cert: string) => ({
    ca,
    cert,
    key: `-----BEGIN PRIVATE KEY-----\n${await keyOf(one)}\n-----END PRIVATE KEY-----\n`,
  });
  const body = JSON.stringify({ session: null, frames: [], acked: 0 });
  const poll = async (options: object) => {
    const url = `https://localhost:${port}`;
    const dpop = await agent.prove('POST', '/agent-link/poll', body, { origin: url });
    const headers = { authorization: `DPoP ${agent.agentId}`, dpop, 'content-type': 'application/json' };
    const { status, text } = await ask(port, '/agent-link/poll', { method: 'POST', body, headers, ...options });
    return [status, (JSON.parse(text) as { code?: string }).code];
  };
  expect(await poll({ ca })).toEqual([200, undefined]);
  expect(await poll(await tls(agent, agent.enrolment?.certificate ?? ''))).toEqual([200, undefined]);
  expect(await poll(await tls(other, other.enrolment?.certificate ?? ''))).toEqual([401, 'client-certificate']);
  const forger = await createSiteCa({ siteId: site.services.site.id, now: site.clock.now() });
  const facts = { siteId: site.services.site.id, agentId: agent.agentId, now: site.clock.now() };
  const forged = await issueAgentCertificate(forger, await makeCsr(agent.identity, 'x'), facts);
  expect(await poll(await tls(agent, forged))).toEqual([401, 'client-certificate']);
});

it('renews its certificate at 60 of 90 days without ending connections', async () => {
  const { site, port, ca } = await exposedSite();
  const serialNow = async () => {
    const socket = await handshake(port, { ca, rejectUnauthorized: false });
    const { serialNumber } = socket.getPeerCertificate();
    return { socket, serialNumber };
  };
  const first = await serialNow();
  await site.clock.advance(59 * dayMs);
  await site.services.exposure.refresh();
  const same = await serialNow();
  expect(same.serialNumber).toBe(first.serialNumber);
  await site.clock.advance(1.5 * dayMs);
  await site.services.exposure.refresh();
  const next = await serialNow();
  expect(next.serialNumber).not.toBe(first.serialNumber);
  expect(first.socket.destroyed).toBe(false);
  for (const { socket } of [first, same, next]) socket.destroy();
});

it('keeps authority and names over restarts, 0600, and refuses to start without what it needs', async () => {
  const dataFolder = newFolder();
  const clock = new FakeClock(new Date(performance.timeOrigin));
  const make = () => {
    const authority = new SiteAuthority({ dataFolder, siteId: 'ste_1', now: () => clock.now() });
    return { authority, exposure: new Exposure({ dataFolder, authority, clock, logger: noLogger }) };
  };
  const site = await TestSite.open(await openSqlite(join(newFolder(), 'catalog.db')), { clock });
  const listeners = new Listeners({ socketPath: join(dataFolder, 's'), port: 0, host: '127.0.0.1', tls: undefined });
  closers.push(async () => {
    await listeners.close(async () => undefined);
    await site[Symbol.asyncDispose]();
  });
  const first = make();
  await first.exposure.start(site.app, listeners, () => 0);
  const answer = await first.exposure.expose({ names: ['localhost'], host: '127.0.0.1', port: 0 });
  for (const name of ['ca/ca.key', 'tls/server.key', 'exposure.json']) expect(statSync(join(dataFolder, name)).mode & 0o777).toBe(0o600);
  // The first door still has the port.
  const second = make();
  expect(second.authority.fingerprint).toBe(first.authority.fingerprint);
  await expect(second.exposure.start(site.app, listeners, () => 0)).rejects.toMatchObject({ kind: 'conflict', code: 'port-taken' });
  expect(second.exposure.siteDoor()).toMatchObject({ url: answer.url, pin: first.authority.fingerprint });
  // Halves of two pairs, as after a crash, are made anew; an authority that is none ends the start.
  writeFileSync(join(dataFolder, 'tls', 'server.key'), (await createSiteCa({ siteId: 'x', now: clock.now() })).privateKey);
  expect((await make().authority.serverCertificate(['localhost'])).certificate).toContain('BEGIN CERTIFICATE');
  writeFileSync(join(dataFolder, 'ca', 'ca.pem'), 'nothing');
  expect(make).toThrow(expect.objectContaining({ kind: 'damaged', code: 'ca-damaged' }));
  rmSync(join(dataFolder, 'ca'), { recursive: true });
  await expect(make().exposure.start(site.app, listeners, () => 0)).rejects.toMatchObject({ kind: 'not-found', code: 'ca-missing' });
  writeFileSync(join(dataFolder, 'exposure.json'), '{"v":1}');
  expect(make).toThrow(expect.objectContaining({ kind: 'damaged', code: 'exposure-file' }));
});

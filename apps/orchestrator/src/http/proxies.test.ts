import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { openSqlite } from '../database/sqlite-database.ts';
import { RemoteAgent } from '../testing/remote-agent.ts';
import { TestSite } from '../testing/test-site.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});
const open = async (trustedProxies: readonly string[]): Promise<TestSite> => {
  const folder = mkdtempSync(join(tmpdir(), 'ff-proxy-'));
  folders.push(folder);
  return TestSite.open(await openSqlite(join(folder, 'catalog.db')), { trustedProxies });
};
const forwarded = { host: 'inside:8000', 'x-forwarded-host': 'ff.test', 'x-forwarded-proto': 'https', 'x-forwarded-for': '203.0.113.7' };

it('believes what a proxy says of others when somebody named the proxy', async () => {
  await using site = await open(['10.0.0.0/8']);
  const ask = (remoteAddress: string) => site.app.inject({ url: '/api/v1/sign-in', headers: forwarded, remoteAddress });
  expect((await ask('10.1.2.3')).statusCode).toBe(200);
  expect((await ask('203.0.113.9')).statusCode).toBe(421);
});

it('believes nobody when nobody was named', async () => {
  await using site = await open([]);
  expect((await site.app.inject({ url: '/api/v1/sign-in', headers: forwarded })).statusCode).toBe(421);
});

it('counts failures for the address behind the proxy, and takes proofs by the public address', async () => {
  await using site = await open(['127.0.0.1']);
  const agent = await RemoteAgent.enrolled(site);
  const guess = (from: string) =>
    site.outside('POST', '/api/v1/enrolments', { probe: 1 }, { ...forwarded, 'x-forwarded-for': from }).then(({ status }) => status);
  const token = { token: 'C'.repeat(27), csr: 'x', sealing: 'x', signing: 'x', hostname: 'h', machine: '', version: '1' };
  const wrong = (from: string) =>
    site.outside('POST', '/api/v1/enrolments', token, { ...forwarded, 'x-forwarded-for': from }).then(({ status }) => status);
  for (let n = 0; n < 20; n += 1) expect(await wrong('203.0.113.7')).toBe(400);
  expect(await wrong('203.0.113.7')).toBe(429);
  expect(await wrong('203.0.113.8')).toBe(400);
  expect(await guess('203.0.113.9')).toBe(400);
  const body = { session: null, frames: [], acked: 0 };
  const dpop = await agent.prove('POST', '/agent-link/poll', JSON.stringify(body));
  const answer = await site.outside('POST', '/agent-link/poll', body, { ...forwarded, authorization: `DPoP ${agent.agentId}`, dpop });
  expect(answer.status).toBe(200);
});

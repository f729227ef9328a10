import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Problem, type Route, type RouteName, routes } from '@fortfail/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSqlite } from '../database/sqlite-database.ts';
import { browserHeaders, TestSite } from '../testing/test-site.ts';

type Headers = Record<string, string | undefined>;
const names = Object.keys(routes) as RouteName[];
/** No cookie counts there: agents come with a secret or a proof of their own, and not from a page. */
const forAgents: ReadonlySet<RouteName> = new Set<RouteName>(['enrol', 'renewAgent']);
const changing = names.filter((name) => routes[name].method !== 'GET' && !forAgents.has(name));

/** What pages of other sites, plain forms and old browsers could send, and the refusal of each. */
const forgeries: readonly (readonly [string, Headers, number])[] = [
  ['without our mark', { 'x-ff': undefined }, 403],
  ['with another mark', { 'x-ff': '0' }, 403],
  ['from another site', { 'sec-fetch-site': 'cross-site' }, 403],
  ['from a neighbour of the site', { 'sec-fetch-site': 'same-site' }, 403],
  ['from nowhere, as a typed address', { 'sec-fetch-site': 'none' }, 403],
  ['from a foreign origin', { origin: 'http://evil.example' }, 403],
  ['from a foreign origin of an old browser', { origin: 'http://evil.example', 'sec-fetch-site': undefined }, 403],
  ['from our name on another port', { origin: 'http://localhost:8001', 'sec-fetch-site': undefined }, 403],
  ['from our name with another scheme', { origin: 'https://localhost:8000', 'sec-fetch-site': undefined }, 403],
  ['from a sandboxed frame', { origin: 'null', 'sec-fetch-site': undefined }, 403],
  ['with a name that begins as ours', { origin: 'http://localhost:8000.evil.example', 'sec-fetch-site': undefined }, 403],
  ['without saying from where', { origin: undefined, 'sec-fetch-site': undefined }, 403],
  ['as a plain form', { 'content-type': 'application/x-www-form-urlencoded' }, 415],
  ['as a form with files', { 'content-type': 'multipart/form-data; boundary=x' }, 415],
  ['as text', { 'content-type': 'text/plain' }, 415],
  ['as nearly JSON', { 'content-type': 'application/jsonp' }, 415],
  ['without a type', { 'content-type': undefined }, 415],
];
const foreignHosts = [
  'evil.example:8000',
  'evil.example',
  'localhost',
  'localhost:8001',
  'localhost:8000.evil.example',
  '127.0.0.1.nip.io:8000',
  '',
];

describe('what does not come from our own pages', () => {
  let site: TestSite;
  let folder: string;
  let cookie = '';
  let secret = '';

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ff-forgery-'));
    site = await TestSite.open(await openSqlite(join(folder, 'catalog.db')));
    ({ cookie } = await site.person('ann', [{ role: 'admin', scope: 'site' }]));
    const body = { name: 'ci', grants: [{ role: 'admin', scope: 'site' }] };
    secret = (await site.browser<{ secret: string }>('POST', '/me/tokens', { cookie, body })).body.secret;
  });
  afterAll(async () => {
    await site[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  const send = async (name: RouteName, headers: Headers): Promise<{ status: number; code: string }> => {
    const route: Route = routes[name];
    const answer = await site.app.inject({
      method: route.method,
      url: `/api/v1${route.path.replaceAll(/:\w+/g, 'pln_0000000000000000')}`,
      headers: Object.fromEntries(Object.entries(headers).filter((entry): entry is [string, string] => entry[1] !== undefined)),
      ...(route.method === 'GET' ? {} : { payload: '{"probe":1}' }),
    });
    return { status: answer.statusCode, code: answer.json<Problem>().code };
  };

  it.each(forgeries)('changes nothing %s', async (_what, changed, status) => {
    const through: string[] = [];
    for (const name of changing) {
      const answer = await send(name, { ...browserHeaders, cookie, ...changed });
      const code = status === 415 ? 'not-json' : 'cross-site';
      if (answer.status !== status || answer.code !== code) through.push(`${name}: ${answer.status} ${answer.code}`);
    }
    expect(through).toEqual([]);
  });

  it('gets through with our headers, so that the refusals above are of the headers', async () => {
    const refused: string[] = [];
    for (const name of changing) {
      const answer = await send(name, { ...browserHeaders, cookie });
      if (['cross-site', 'not-json', 'unknown-host'].includes(answer.code)) refused.push(name);
    }
    expect(refused).toEqual([]);
  });

  it.each(foreignHosts)('gets no answer under the host name "%s"', async (host) => {
    const answered: string[] = [];
    for (const name of names) {
      for (const headers of [
        { ...browserHeaders, cookie, host },
        { authorization: `Bearer ${secret}`, 'content-type': 'application/json', host },
      ]) {
        const answer = await send(name, headers);
        if (answer.status !== 421) answered.push(`${name}: ${answer.status}`);
      }
    }
    expect(answered).toEqual([]);
    for (const url of ['/', '/docs', '/openapi.json', '/sign-in', '/assets/x.js'])
      expect((await site.app.inject({ url, headers: { host } })).statusCode, url).toBe(421);
  });

  it('is not helped by headers that name another host', async () => {
    for (const header of ['x-forwarded-host', 'forwarded', 'x-original-host', 'x-host'])
      expect((await send('listPlans', { ...browserHeaders, cookie, host: 'evil.example', [header]: 'localhost:8000' })).status).toBe(421);
    expect(
      (await send('signOut', { ...browserHeaders, cookie, origin: 'http://evil.example', 'x-forwarded-host': 'evil.example' })).status,
    ).toBe(403);
  });

  it('never changes anything by GET or HEAD', async () => {
    const seq = async () =>
      (await site.services.database.read.selectFrom('audit_head').selectAll().where('chain', '=', 'main').executeTakeFirstOrThrow()).seq;
    const before = await seq();
    for (const name of names.filter((each) => routes[each].method === 'GET')) {
      await send(name, { ...browserHeaders, cookie });
      const url = `/api/v1${routes[name].path.replaceAll(/:\w+/g, 'pln_0000000000000000')}`;
      await site.app.inject({ method: 'HEAD', url, headers: { host: 'localhost:8000', cookie } });
    }
    expect(await seq()).toBe(before);
  });

  it('is not led elsewhere: no answer redirects, whatever the address says', async () => {
    for (const url of [
      '//evil.example/',
      '/\\evil.example',
      '/sign-in?next=http://evil.example',
      '/%2f%2fevil.example',
      '/docs/../..//evil.example',
    ]) {
      const answer = await site.app.inject({ url, headers: { host: 'localhost:8000' } });
      expect([url, answer.headers.location]).toEqual([url, undefined]);
    }
  });

  it('slows guessing down by account, however its name is written, and by address', async () => {
    const attempt = (name: string, remoteAddress: string) =>
      site.app.inject({
        method: 'POST',
        url: '/api/v1/sign-in/password',
        remoteAddress,
        headers: browserHeaders,
        payload: { name, password: 'wrong' },
      });
    for (let tries = 0; tries < 5; tries += 1) expect((await attempt(`name-${tries}`, '10.0.0.1')).statusCode).toBe(401);
    expect((await attempt('another', '10.0.0.1')).statusCode).toBe(429);
    for (let tries = 0; tries < 5; tries += 1) expect((await attempt('carl', `10.0.1.${tries}`)).statusCode).toBe(401);
    expect((await attempt('carl', '10.0.2.1')).statusCode).toBe(429);
    expect((await attempt('Carl ', '10.0.2.1')).statusCode).toBe(429);
    expect((await attempt('dora', '10.0.2.1')).statusCode).toBe(401);
  });
});

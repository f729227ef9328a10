import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { noLogger } from '@fortfail/base';
import { type Problem, type Route, type RouteName, routes } from '@fortfail/protocol';
import { expect, it } from 'vitest';
import { buildApp } from '../app.ts';
import { databaseSuite } from '../testing/database-suite.ts';
import { browserHeaders, planDraftFor, readySite, TestSite } from '../testing/test-site.ts';
import { encodeCursor } from './cursors.ts';

/** Values that stand in no id, number or text of ours. */
const oddIds = ['x', '%00', '%2e%2e%2f', '%ff', '%F0%9F%98%80', "'%20or%201=1--", '__proto__', 'a'.repeat(200), 'a'.repeat(201), '{}'];
const oddQueries = [
  'limit=1e9',
  'limit=NaN',
  'limit=1&limit=2',
  'cursor=',
  'cursor=W10',
  `cursor=${'a'.repeat(5000)}`,
  '__proto__=1',
  'planId=%00',
];
const oddPositions = ['', 'x', '9e99', '-1', 'NaN', '\0', '9'.repeat(30), "a'b"];
const oddBodies = [
  '',
  'null',
  '[]',
  '"x"',
  '1',
  'true',
  '{"constructor":{"x":1}}',
  `${'['.repeat(50_000)}`,
  '{"name":'.repeat(5000),
  '\ufeff{}',
];

databaseSuite('hostile requests', (open) => {
  const send = (site: TestSite, method: string, url: string, payload?: string, headers: Record<string, string> = {}) =>
    site.app.inject({
      method: method as 'GET',
      url,
      headers: { 'x-test-local': '1', 'content-type': 'application/json', ...headers },
      ...(payload === undefined ? {} : { payload }),
    });

  it('get a problem of the 4xx kind from every route, never a fault', async () => {
    const { site } = await readySite(await open());
    await using _site = site;
    const wrong: string[] = [];
    const check = (what: string, answer: { statusCode: number; headers: Record<string, unknown>; body: string }, mayFit = false) => {
      if (mayFit && answer.statusCode < 300) return;
      const isProblem = String(answer.headers['content-type']).startsWith('application/problem+json');
      if (answer.statusCode < 400 || answer.statusCode >= 500 || !isProblem)
        wrong.push(`${what}: ${answer.statusCode} ${answer.body.slice(0, 200)}`);
    };
    for (const name of Object.keys(routes) as RouteName[]) {
      const route: Route = routes[name];
      const url = (id: string) => `/api/v1${route.path.replaceAll(/:\w+/g, id)}`;
      const headers = route.versioned === true ? { 'if-match': '"1"' } : {};
      if (route.path.includes(':'))
        for (const id of oddIds)
          check(`${name} ${id}`, await send(site, route.method, url(id), route.method === 'GET' ? undefined : '{}', headers));
      if (route.method === 'GET') {
        for (const query of oddQueries)
          check(`${name}?${query}`, await send(site, 'GET', `${url('x')}?${query}`), query.startsWith('planId'));
        if (route.query !== undefined && !route.path.includes(':'))
          for (const at of oddPositions)
            check(`${name} at ${at}`, await send(site, 'GET', `${url('x')}?cursor=${encodeCursor({ at, id: '\0' })}`), true);
      } else if (name !== 'createLoginLink') {
        // Where nothing has to be said, an empty body says just that.
        for (const body of oddBodies)
          check(
            `${name} ${body.slice(0, 20)}`,
            await send(site, route.method, url('x'), body, headers),
            route.body === undefined || route.body.safeParse({}).success,
          );
      }
    }
    expect(wrong).toEqual([]);
  });

  it('reach no route by another spelling that a guard does not see', async () => {
    const site = await TestSite.open(await open());
    await using _site = site;
    const body = JSON.stringify({ link: 'x'.repeat(27) });
    for (const url of [
      '/%61pi/v1/sign-in/link',
      '/api/v1/sign-in%2flink',
      '//api/v1/sign-in/link',
      '/API/v1/sign-in/link',
      'http://evil/api/v1/sign-in/link',
    ]) {
      const answer = await site.app.inject({
        method: 'POST',
        url,
        headers: { host: 'localhost:8000', origin: 'http://evil.example', 'content-type': 'application/json' },
        payload: body,
      });
      expect([url, [403, 404].includes(answer.statusCode)]).toEqual([url, true]);
    }
    const early = await site.app.inject({ url: '/%61pi/v1/plans', headers: { host: 'localhost:8000' } });
    expect(early.json<Problem>().code).toBe('not-set-up');
    expect(early.headers['cache-control']).toBe('no-store');
  });

  it('do not pass for a WebSocket by saying so', async () => {
    const site = await TestSite.open(await open());
    await using _site = site;
    const { 'x-ff': _mark, ...headers } = browserHeaders;
    const answer = await site.app.inject({
      method: 'POST',
      url: '/api/v1/sign-in/link',
      headers: { ...headers, upgrade: 'websocket' },
      payload: '{"link":"x"}',
    });
    expect(answer.statusCode).toBe(403);
  });

  it('leave the folder of static files by no spelling', async () => {
    const site = await TestSite.open(await open());
    await using _site = site;
    const folder = join(site.folder, 'built');
    mkdirSync(join(folder, 'assets'), { recursive: true });
    writeFileSync(join(folder, 'secret.key'), 'canary');
    writeFileSync(join(folder, 'assets', 'a.js'), '1');
    const app = await buildApp({ ...site.services, logger: noLogger }, { isLocal: () => false, consoleFolder: folder });
    const ways = [
      '../secret.key',
      '..%2fsecret.key',
      '%2e%2e/secret.key',
      '..\\secret.key',
      '%00',
      '',
      './../secret.key',
      'a.js/../../secret.key',
      '%2e%2e%2fsecret.key',
    ];
    for (const way of ways) {
      const answer = await app.inject({ url: `/assets/${way}`, headers: { host: 'localhost:8000' } });
      expect([way, answer.statusCode === 500, answer.body.includes('canary')]).toEqual([way, false, false]);
    }
    await app.close();
  });

  it('cannot name what they should not: durations without end, texts that are none, points in bulk', async () => {
    const { site, repositoryId, planId } = await readySite(await open());
    await using _site = site;
    const draft = planDraftFor(repositoryId, { name: 'x' });
    const odd = [
      { keep: { within: '99999999999999y' } },
      { keep: { within: '1y'.repeat(100) } },
      { source: { kind: 'files', paths: ['/a\ud800'] } },
      { source: { kind: 'files', paths: ['/a\0'] } },
      { schedule: { cron: '\n0 * * * *' } },
    ];
    for (const change of odd) expect((await site.local('POST', '/plans', { ...draft, ...change })).status).toBe(400);
    const { cookie } = await site.person('ann', [{ role: 'admin', scope: 'site' }]);
    for (const name of ['', ' ', ' a', 'a ', 'a\0b', '<b>', 'a\nb', 'x'.repeat(65)]) {
      const change = await site.browser('POST', '/me/password', { cookie, body: { name, newPassword: 'long enough, this' } });
      expect([name, change.status]).toEqual([name, 400]);
    }
    const answer = await site.local<Problem>('POST', `/plans/${planId}/forget`, { restorePointIds: ['x'.repeat(5000)] });
    expect(answer.status).toBe(400);
    expect(answer.body.detail.length).toBeLessThan(200);
  });
});

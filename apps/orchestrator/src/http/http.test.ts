import { type Job, type Plan, type PlanState, type Problem, type RestorePoint, routes } from '@fortfail/protocol';
import { expect, it } from 'vitest';
import { databaseSuite } from '../testing/database-suite.ts';
import { backupResult, browserHeaders, planDraftFor, readySite, TestSite } from '../testing/test-site.ts';

databaseSuite('the API', (open) => {
  it('names the fields of a body that does not fit', async () => {
    const { site, repositoryId } = await readySite(await open());
    await using _site = site;
    const draft = { ...planDraftFor(repositoryId), name: 'Not A Name', keep: {}, promise: { rpoSeconds: 5 }, surprise: 1 };
    const refused = await site.local<Problem>('POST', '/plans', draft);
    expect(refused.status).toBe(400);
    expect(refused.headers['content-type']).toContain('application/problem+json');
    expect(refused.body.errors?.map((error) => error.field).sort()).toEqual([
      'keep',
      'name',
      'promise.rpoSeconds',
      'promise.rtoSeconds',
      'surprise',
    ]);
    expect(refused.body.errors?.find((error) => error.field === 'promise.rtoSeconds')?.message).toBe('is missing');
    expect(refused.body.errors?.find((error) => error.field === 'promise.rpoSeconds')?.message).toBe('must be at least 60');
  });

  it('refuses schedules that cannot be, naming the field', async () => {
    const { site, repositoryId } = await readySite(await open());
    await using _site = site;
    const bad = await site.local<Problem>(
      'POST',
      '/plans',
      planDraftFor(repositoryId, { name: 'x', schedule: { cron: '61 * * * *' }, drillSchedule: { cron: '0 0 * * *', zone: 'Mars/Base' } }),
    );
    expect(bad.status).toBe(400);
    expect(bad.body.errors?.map((error) => error.field)).toEqual(['schedule', 'drillSchedule']);
  });

  it('refuses unknown queries, other media, broken JSON and too much of it', async () => {
    const site = await TestSite.open(await open());
    await using _site = site;
    expect((await site.local<Problem>('GET', '/jobs?limit=0')).body.errors).toEqual([{ field: 'limit', message: 'must be at least 1' }]);
    expect((await site.local<Problem>('GET', '/jobs?colour=red')).body.errors).toEqual([
      { field: 'colour', message: 'is not a known field' },
    ]);
    expect((await site.local<Problem>('GET', '/jobs?cursor=none')).body.code).toBe('bad-cursor');
    expect((await site.local<Problem>('GET', '/jobs?status=gone')).body.code).toBe('bad-status');
    const raw = (payload: string, type: string) =>
      site.app.inject({ method: 'POST', url: '/api/v1/repositories', headers: { 'x-test-local': '1', 'content-type': type }, payload });
    expect((await raw('<a/>', 'text/xml')).statusCode).toBe(415);
    expect((await raw('{"a":', 'application/json')).json<Problem>().code).toBe('bad-json');
    expect((await raw('{"__proto__":{"a":1}}', 'application/json')).statusCode).toBe(400);
    expect((await raw(`"${'x'.repeat(1 << 20)}"`, 'application/json')).statusCode).toBe(413);
  });

  it('answers 404 as a problem below /api and with the console elsewhere', async () => {
    const site = await TestSite.open(await open());
    await using _site = site;
    expect((await site.local<Problem>('GET', '/api/v1/nothing')).body.code).toBe('no-such-path');
    expect((await site.local<Problem>('GET', '/api/v2/plans')).status).toBe(404);
    const page = await site.app.inject({ url: '/plans/pln_0000000000000000', headers: { host: 'localhost:8000' } });
    expect([page.statusCode, page.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    expect((await site.app.inject({ url: '/assets/none.js', headers: { host: 'localhost:8000' } })).statusCode).toBe(404);
    expect((await site.app.inject({ url: '/%2e%2e/%2e%2e/etc/passwd.txt', headers: { host: 'localhost:8000' } })).body).toContain(
      'console',
    );
  });

  it('edits a plan only with the version that was seen', async () => {
    const { site, planId, repositoryId } = await readySite(await open());
    await using _site = site;
    const seen = await site.local<PlanState>('GET', `/plans/${planId}`);
    expect(seen.headers.etag).toBe('"1"');
    const draft = planDraftFor(repositoryId, { keep: { daily: 3 } });
    expect((await site.local('PUT', `/plans/${planId}`, draft)).status).toBe(428);
    expect((await site.local('PUT', `/plans/${planId}`, draft, { 'if-match': '"9"' })).status).toBe(412);
    const edited = await site.local<Plan>('PUT', `/plans/${planId}`, draft, { 'if-match': '"1"' });
    expect([edited.status, edited.headers.etag, edited.body.keep]).toEqual([200, '"2"', { daily: 3, minimum: 1 }]);
    expect((await site.local('DELETE', `/plans/${planId}`, undefined, { 'if-match': '"1"' })).status).toBe(412);
    expect((await site.local('DELETE', `/plans/${planId}`, undefined, { 'if-match': '"2"' })).status).toBe(200);
    expect((await site.local('GET', `/plans/${planId}`)).status).toBe(404);
    expect((await site.local('POST', '/plans', planDraftFor(repositoryId))).status).toBe(201);
  });

  it('refuses a second plan of one name, and deleting one whose job is open', async () => {
    const { site, planId, repositoryId } = await readySite(await open());
    await using _site = site;
    expect((await site.local<Problem>('POST', '/plans', planDraftFor(repositoryId))).body.code).toBe('plan-name-taken');
    await site.local('POST', `/plans/${planId}/backup`);
    expect((await site.local<Problem>('POST', `/plans/${planId}/backup`)).body.code).toBe('backup-under-way');
    expect((await site.local<Problem>('DELETE', `/plans/${planId}`, undefined, { 'if-match': '"1"' })).body.code).toBe('plan-busy');
  });

  it('goes on with the points of a plan that was edited or deleted', async () => {
    const { site, agent, repositoryId, planId } = await readySite(await open());
    await using _site = site;
    await site.local('POST', `/plans/${planId}/backup`);
    const lease = await agent.lease(site);
    await agent.start(lease);
    const draft = planDraftFor(repositoryId, { name: 'renamed', source: { kind: 'config' } });
    const edited = await site.local<Plan>('PUT', `/plans/${planId}`, draft, { 'if-match': '"1"' });
    expect(edited.status).toBe(200);
    await agent.succeed(lease, backupResult(5, site.clock.now()));
    const point = (await site.local<{ items: RestorePoint[] }>('GET', '/restore-points')).body.items[0];
    expect(point).toMatchObject({ kind: 'files', planId });
    expect((await site.local('DELETE', `/plans/${planId}`, undefined, { 'if-match': '"2"' })).status).toBe(200);
    expect((await site.local('GET', `/plans/${planId}`)).status).toBe(404);
    expect((await site.local<{ items: RestorePoint[] }>('GET', '/restore-points')).body.items).toHaveLength(1);
    expect((await site.local('POST', `/restore-points/${point?.id}/drill`)).status).toBe(202);
    expect((await site.local('POST', '/restores', { restorePointId: point?.id })).status).toBe(202);
    expect((await site.local('POST', `/plans/${planId}/backup`)).status).toBe(404);
    // Its name is free again.
    expect((await site.local('POST', '/plans', planDraftFor(repositoryId, { name: 'renamed' }))).status).toBe(201);
  });

  it('does a POST once under one Idempotency-Key', async () => {
    const { site, planId } = await readySite(await open());
    await using _site = site;
    const again = { 'idempotency-key': 'key-1' };
    const first = await site.local<{ job: Job }>('POST', `/plans/${planId}/backup`, undefined, again);
    const second = await site.local<{ job: Job }>('POST', `/plans/${planId}/backup`, undefined, again);
    expect([first.status, second.status]).toEqual([202, 202]);
    expect(second.body).toEqual(first.body);
    expect(second.headers['idempotency-replayed']).toBe('true');
    const other = await site.local<Problem>('POST', `/plans/${planId}/drill`, undefined, again);
    expect([other.status, other.body.code]).toEqual([409, 'idempotency-key-reused']);
    const failed = await site.local<Problem>('POST', `/plans/${planId}/drill`, undefined, { 'idempotency-key': 'key-2' });
    expect(failed.body.code).toBe('no-complete-point');
    expect((await site.local<Problem>('POST', `/plans/${planId}/drill`, undefined, { 'idempotency-key': 'key-2' })).body.code).toBe(
      'no-complete-point',
    );
    await site.clock.advance(25 * 3_600_000);
    expect((await site.local<Problem>('POST', `/plans/${planId}/backup`, undefined, again)).body.code).toBe('backup-under-way');
  });

  it('does one of several equal POSTs that come at the same time', async () => {
    const { site, repositoryId } = await readySite(await open());
    await using _site = site;
    const answers = await Promise.all(
      [1, 2, 3, 4].map(() => site.local('POST', '/plans', planDraftFor(repositoryId, { name: 'twin' }), { 'idempotency-key': 'twin' })),
    );
    expect(new Set(answers.map((answer) => answer.status)).has(201)).toBe(true);
    const plans = await site.local<{ items: PlanState[] }>('GET', '/plans');
    expect(plans.body.items.filter((state) => state.plan.name === 'twin')).toHaveLength(1);
    expect(answers.every((answer) => answer.status === 201 || answer.status === 409)).toBe(true);
  });

  it('pages through everything once, newest first', async () => {
    const { site, agent, planId } = await readySite(await open());
    await using _site = site;
    for (let n = 10; n < 17; n += 1) {
      await site.local('POST', `/plans/${planId}/backup`);
      await agent.succeed(await agent.lease(site), backupResult(n, site.clock.now()));
      if (n % 2 === 0) await site.clock.advance(1000);
    }
    const seen: RestorePoint[] = [];
    let cursor = '';
    for (let pages = 0; pages < 10; pages += 1) {
      const page = (await site.local<{ items: RestorePoint[]; nextCursor: string | null }>('GET', `/restore-points?limit=3${cursor}`)).body;
      seen.push(...page.items);
      if (page.nextCursor === null) break;
      cursor = `&cursor=${encodeURIComponent(page.nextCursor)}`;
    }
    expect(new Set(seen.map((point) => point.id)).size).toBe(7);
    expect(seen.map((point) => point.receivedAt)).toEqual(
      seen
        .map((point) => point.receivedAt)
        .toSorted()
        .toReversed(),
    );
    expect((await site.local<{ items: object[] }>('GET', '/restore-points?grade=drilled,checked')).body.items).toEqual([]);
    const preview = await site.local<{ keep: number; points: { reasons: string[] }[] }>('GET', `/plans/${planId}/retention`);
    expect(preview.body.points).toHaveLength(7);
    expect(preview.body.points.every((point) => point.reasons.length > 0)).toBe(true);
  });

  it('answers nothing but sign-in, health and documents before the first person', async () => {
    const site = await TestSite.open(await open());
    await using _site = site;
    const closed = await site.browser<Problem>('GET', '/plans');
    expect([closed.status, closed.body.code]).toEqual([503, 'not-set-up']);
    for (const url of ['/health/live', '/health/ready', '/openapi.json', '/docs', '/', '/sign-in', '/api/v1/sign-in']) {
      expect((await site.app.inject({ url, headers: { host: 'localhost:8000' } })).statusCode).toBe(200);
    }
    expect((await site.local('GET', '/plans')).status).toBe(200);
  });

  it('takes changes from its own pages only', async () => {
    const site = await TestSite.open(await open());
    await using _site = site;
    const { cookie } = await site.person('ann', [{ role: 'admin', scope: 'site' }]);
    const attempt = async (changed: Record<string, string | undefined>) => {
      const headers = Object.fromEntries(
        Object.entries({ ...browserHeaders, cookie, ...changed }).filter((entry): entry is [string, string] => entry[1] !== undefined),
      );
      return (await site.app.inject({ method: 'POST', url: '/api/v1/me/sign-out', headers, payload: '' })).statusCode;
    };
    expect(await attempt({ 'x-ff': undefined })).toBe(403);
    expect(await attempt({ 'sec-fetch-site': 'cross-site' })).toBe(403);
    expect(await attempt({ 'sec-fetch-site': 'same-site' })).toBe(403);
    expect(await attempt({ 'sec-fetch-site': undefined, origin: 'http://evil.example' })).toBe(403);
    expect(await attempt({ origin: 'http://evil.example' })).toBe(403);
    expect(await attempt({ 'sec-fetch-site': undefined, origin: undefined })).toBe(403);
    expect(await attempt({ 'content-type': 'text/plain' })).toBe(415);
    expect(await attempt({ host: 'rebound.example:8000' })).toBe(421);
    expect(await attempt({ 'sec-fetch-site': undefined })).toBe(200);
  });

  it('sends its security headers with every answer', async () => {
    const site = await TestSite.open(await open());
    await using _site = site;
    for (const url of ['/', '/api/v1/sign-in', '/api/v1/none', '/health/live']) {
      const { headers } = await site.app.inject({ url, headers: { host: 'localhost:8000' } });
      expect(headers['content-security-policy']).toContain("default-src 'none'; script-src 'self'");
      expect(headers['content-security-policy']).toContain("frame-ancestors 'none'; require-trusted-types-for 'script'");
      expect([headers['x-content-type-options'], headers['cross-origin-opener-policy'], headers['cross-origin-resource-policy']]).toEqual([
        'nosniff',
        'same-origin',
        'same-origin',
      ]);
      expect(headers['access-control-allow-origin']).toBeUndefined();
    }
    const docs = await site.app.inject({ url: '/docs', headers: { host: 'localhost:8000' } });
    const nonce = /nonce-([^']+)'/.exec(String(docs.headers['content-security-policy']))?.[1] ?? 'none';
    expect(docs.body).toContain(`nonce="${nonce}"`);
    const script = await site.app.inject({ url: '/docs/reference.js', headers: { host: 'localhost:8000' } });
    expect(script.body.length).toBeGreaterThan(1_000_000);
  });

  it('describes every route in OpenAPI 3.1, with references that lead somewhere', async () => {
    const site = await TestSite.open(await open());
    await using _site = site;
    const document = (await site.app.inject({ url: '/openapi.json', headers: { host: 'localhost:8000' } })).json<{
      openapi: string;
      paths: Record<string, Record<string, object>>;
      components: { schemas: Record<string, object> };
    }>();
    expect(document.openapi).toBe('3.1.0');
    expect(Object.values(document.paths).flatMap((path) => Object.keys(path))).toHaveLength(Object.keys(routes).length);
    const references = [...JSON.stringify(document).matchAll(/"#\/components\/schemas\/([^"]+)"/g)].map((match) => match[1] ?? '');
    expect(references.length).toBeGreaterThan(20);
    for (const name of references) expect(Object.keys(document.components.schemas)).toContain(name);
    expect(JSON.stringify(document)).not.toContain('$defs');
  });

  it('says not ready, and why, when the database does not answer', async () => {
    await using failing = await TestSite.open(await open());
    await failing.services.database[Symbol.asyncDispose]();
    const answer = await failing.app.inject({ url: '/health/ready', headers: { host: 'localhost:8000' } });
    expect(answer.statusCode).toBe(503);
    expect((await failing.app.inject({ url: '/health/live', headers: { host: 'localhost:8000' } })).statusCode).toBe(200);
  });

  it('verifies the audit chain over all it did', async () => {
    const { site } = await readySite(await open());
    await using _site = site;
    const verified = await site.local<{ whole: boolean; records: number }>('GET', '/audit/verification');
    expect(verified.body).toMatchObject({ whole: true, brokenAt: null });
    const listed = await site.local<{ items: { seq: number; body: string }[] }>('GET', '/audit?limit=200');
    expect(listed.body.items).toHaveLength(verified.body.records);
    const actions = listed.body.items.map((record) => (JSON.parse(record.body) as { action: string }).action);
    for (const action of [
      'site.create',
      'agent.enrol',
      'repository.create',
      'job.queue',
      'job.lease',
      'job.start',
      'job.settle',
      'plan.create',
    ])
      expect(actions).toContain(action);
  });
});

import type { ApiToken, Me, Problem } from '@fortfail/protocol';
import { expect, it } from 'vitest';
import { databaseSuite } from '../testing/database-suite.ts';
import { readySite, TestSite } from '../testing/test-site.ts';
import type { Grant } from './principal.ts';

const admin: Grant = { role: 'admin', scope: 'site' };
const operator: Grant = { role: 'operator', scope: 'site' };
const viewer: Grant = { role: 'viewer', scope: 'site' };
type Made = { token: ApiToken; secret: string };

databaseSuite('API tokens', (open) => {
  const make = async (site: TestSite, cookie: string, grants: readonly Grant[], days?: number): Promise<Made> => {
    const body = { name: 'ci', grants, ...(days === undefined ? {} : { days }) };
    const made = await site.browser<Made>('POST', '/me/tokens', { cookie, body });
    expect(made.status).toBe(201);
    return made.body;
  };
  const as = async <T>(site: TestSite, secret: string, method: 'GET' | 'POST', path: string, headers: Record<string, string> = {}) => {
    const answer = await site.app.inject({
      method,
      url: `/api/v1${path}`,
      headers: { host: 'localhost:8000', authorization: `Bearer ${secret}`, ...headers },
    });
    return { status: answer.statusCode, body: (answer.body === '' ? undefined : answer.json()) as T, headers: answer.headers };
  };

  it('are shown once, kept as a hash, and let a program in without cookie or mark', async () => {
    const { site, planId } = await readySite(await open());
    await using _site = site;
    const ann = await site.person('ann', [admin]);
    const { token, secret } = await make(site, ann.cookie, [operator]);
    expect(secret).toMatch(/^ffp_[0-9a-f]{16}_[\w-]{43}[0-9a-f]{6}$/);
    expect(Date.parse(token.expiresAt) - Date.parse(token.createdAt)).toBe(90 * 86_400_000);
    const rows = JSON.stringify(await site.services.database.read.selectFrom('api_token').selectAll().execute());
    expect(rows).not.toContain(secret.slice(21));
    expect((await as<Me>(site, secret, 'GET', '/me')).body).toMatchObject({ id: ann.id, via: 'token', roles: ['operator'] });
    expect((await as(site, secret, 'POST', `/plans/${planId}/backup`)).status).toBe(202);
    const listed = await site.browser<{ items: ApiToken[] }>('GET', '/me/tokens', { cookie: ann.cookie });
    expect(listed.body.items).toMatchObject([{ id: token.id, personName: 'ann', lastUsedAt: site.clock.now().toISOString() }]);
    expect(JSON.stringify(listed.body)).not.toContain('ffp_');
    const records = await site.local<{ items: { body: string }[] }>('GET', '/audit');
    const queued = records.body.items.map(({ body }) => JSON.parse(body) as { action: string; actor: object });
    expect(queued.find(({ action }) => action === 'job.queue')?.actor).toEqual({ id: token.id, kind: 'token', via: ann.id });
  });

  it('write down their use once a minute at most', async () => {
    const { site } = await readySite(await open());
    await using _site = site;
    const ann = await site.person('ann', [admin]);
    const { secret } = await make(site, ann.cookie, [viewer]);
    const used = async () =>
      (await site.services.database.read.selectFrom('api_token').select('last_used_at').executeTakeFirst())?.last_used_at;
    await as(site, secret, 'GET', '/me');
    const first = await used();
    await site.clock.advance(59_000);
    await as(site, secret, 'GET', '/me');
    expect(await used()).toBe(first);
    await site.clock.advance(1000);
    await as(site, secret, 'GET', '/me');
    expect(await used()).toBe(site.clock.now().toISOString());
  });

  it('hold no more than their owner may at that moment', async () => {
    const { site, planId } = await readySite(await open());
    await using _site = site;
    const ann = await site.person('ann', [admin]);
    const bob = await site.person('bob', [operator]);
    for (const grants of [[admin], [viewer, { role: 'restorer' as const, scope: 'site' as const }]]) {
      const refused = await site.browser<Problem>('POST', '/me/tokens', { cookie: bob.cookie, body: { name: 'x', grants } });
      expect([refused.status, refused.body.code]).toEqual([403, 'beyond-own-rights']);
    }
    const { secret } = await make(site, bob.cookie, [operator]);
    expect((await as(site, secret, 'POST', `/plans/${planId}/backup`)).status).toBe(202);
    await site.browser('PUT', `/persons/${bob.id}`, { cookie: ann.cookie, body: { grants: [viewer], disabled: false } });
    expect((await as(site, secret, 'POST', `/plans/${planId}/backup`)).status).toBe(403);
    expect((await as(site, secret, 'GET', `/plans/${planId}`)).status).toBe(200);
    await site.browser('PUT', `/persons/${bob.id}`, {
      cookie: ann.cookie,
      body: { grants: [{ role: 'operator', scope: `plan:${planId}` }], disabled: false },
    });
    expect((await as(site, secret, 'GET', `/plans/${planId}`)).status).toBe(200);
    expect((await as(site, secret, 'GET', '/repositories')).body).toMatchObject({ items: [] });
    const other = await site.services.database.read.selectFrom('repository').select('id').executeTakeFirstOrThrow();
    expect((await as(site, secret, 'GET', `/repositories/${other.id}`)).status).toBe(404);
  });

  it('end after their days, which are 400 at most', async () => {
    const site = await TestSite.open(await open());
    await using _site = site;
    const bob = await site.person('bob', [viewer]);
    for (const days of [0, 401]) {
      const refused = await site.browser('POST', '/me/tokens', { cookie: bob.cookie, body: { name: 'x', grants: [viewer], days } });
      expect(refused.status).toBe(400);
    }
    const { secret } = await make(site, bob.cookie, [viewer], 1);
    await site.clock.advance(86_400_000 - 1);
    expect((await as(site, secret, 'GET', '/me')).status).toBe(200);
    await site.clock.advance(1);
    const over = await as<Problem>(site, secret, 'GET', '/me');
    expect([over.status, over.body.code, over.headers['www-authenticate']]).toEqual([401, 'bad-token', 'Bearer error="invalid_token"']);
  });

  it('are seen and ended by their owner and by administrators, and are nothing to others', async () => {
    const site = await TestSite.open(await open());
    await using _site = site;
    const [ann, bob, cid] = [await site.person('ann', [admin]), await site.person('bob', [viewer]), await site.person('cid', [viewer])];
    const end = (id: string, cookie: string) => site.browser('DELETE', `/me/tokens/${id}`, { cookie, body: {} });
    const list = (cookie: string) => site.browser<{ items: object[] }>('GET', `/me/tokens?personId=${bob.id}`, { cookie });
    for (const owner of [ann, bob]) {
      const { token, secret } = await make(site, bob.cookie, [viewer]);
      expect((await end(token.id, cid.cookie)).status).toBe(404);
      expect((await list(cid.cookie)).status).toBe(403);
      expect((await list(owner.cookie)).body.items).toHaveLength(1);
      expect((await end(token.id, owner.cookie)).status).toBe(200);
      expect((await as(site, secret, 'GET', '/me')).status).toBe(401);
      expect((await list(owner.cookie)).body.items).toEqual([]);
    }
  });

  it('belong to the person whom the local socket names, or to the first administrator', async () => {
    const site = await TestSite.open(await open());
    await using _site = site;
    const early = await site.local<Problem>('POST', '/me/tokens', { name: 'a', grants: [admin] });
    expect([early.status, early.body.code]).toEqual([409, 'no-person']);
    const ann = await site.person('ann', [admin]);
    const bob = await site.person('bob', [viewer]);
    const first = await site.local<Made>('POST', '/me/tokens', { name: 'a', grants: [admin] });
    expect(first.body.token.personId).toBe(ann.id);
    const named = await site.local<Made>('POST', '/me/tokens', { name: 'b', grants: [viewer], personId: bob.id });
    expect(named.body.token.personId).toBe(bob.id);
    expect((await site.local<Problem>('POST', '/me/tokens', { name: 'c', grants: [admin], personId: bob.id })).body.code).toBe(
      'beyond-own-rights',
    );
    const foreign = { name: 'd', grants: [viewer], personId: bob.id };
    expect((await site.browser('POST', '/me/tokens', { cookie: ann.cookie, body: foreign })).status).toBe(403);
  });

  it('are refused beside a cookie, in an address, when mistyped, and by any other scheme', async () => {
    const { site } = await readySite(await open());
    await using _site = site;
    const ann = await site.person('ann', [admin]);
    const { secret } = await make(site, ann.cookie, [viewer]);
    const both = await as<Problem>(site, secret, 'GET', '/plans', { cookie: ann.cookie });
    expect([both.status, both.body.code]).toEqual([400, 'two-credentials']);
    for (const url of [`/plans?token=${secret}`, `/plans?access_token=${encodeURIComponent(secret)}`, `/events?x=${secret}`]) {
      const answer = await site.app.inject({ url: `/api/v1${url}`, headers: { host: 'localhost:8000' } });
      expect([answer.statusCode, answer.json<Problem>().code]).toEqual([400, 'secret-in-url']);
      expect(answer.body).not.toContain(secret);
    }
    const last = secret.at(-1) === '0' ? '1' : '0';
    for (const wrong of [secret.slice(0, -1), `${secret.slice(0, -1)}${last}`, secret.toUpperCase(), 'x', '', `ffl_${secret.slice(4)}`])
      expect((await as(site, wrong, 'GET', '/plans')).status).toBe(401);
    for (const authorization of [`Basic ${secret}`, secret, `DPoP ${secret}`])
      expect((await as(site, secret, 'GET', '/plans', { authorization })).status).toBe(401);
  });

  it('come no nearer than their own pages do: another host name is refused, the page of another site cannot send them', async () => {
    const { site, planId } = await readySite(await open());
    await using _site = site;
    const ann = await site.person('ann', [admin]);
    const { secret } = await make(site, ann.cookie, [operator]);
    expect((await as(site, secret, 'GET', '/plans', { host: 'rebound.example:8000' })).status).toBe(421);
    // What a browser asks before it sends such a header for another site gets no permission.
    const asked = await site.app.inject({
      method: 'OPTIONS',
      url: `/api/v1/plans/${planId}/backup`,
      headers: { host: 'localhost:8000', origin: 'http://evil.example', 'access-control-request-headers': 'authorization' },
    });
    expect(asked.headers['access-control-allow-origin']).toBeUndefined();
    expect(asked.headers['access-control-allow-headers']).toBeUndefined();
  });

  it('stay few', async () => {
    const site = await TestSite.open(await open());
    await using _site = site;
    const ann = await site.person('ann', [admin]);
    for (let made = 0; made < 50; made += 1) await make(site, ann.cookie, [viewer]);
    const refused = await site.browser<Problem>('POST', '/me/tokens', { cookie: ann.cookie, body: { name: 'x', grants: [viewer] } });
    expect([refused.status, refused.body.code]).toEqual([409, 'too-many-tokens']);
  });
});

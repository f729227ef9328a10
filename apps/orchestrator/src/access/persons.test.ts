import type { ApiToken, Me, Person, Problem } from '@fortfail/protocol';
import { expect, it } from 'vitest';
import { databaseSuite } from '../testing/database-suite.ts';
import { readySite, TestSite } from '../testing/test-site.ts';
import type { Grant } from './principal.ts';

const admin: Grant = { role: 'admin', scope: 'site' };
const viewer: Grant = { role: 'viewer', scope: 'site' };
type Invited = { person: Person; url: string; expiresAt: string };

function cookieOf(headers: Record<string, unknown>): string {
  const set = headers['set-cookie'];
  return String(Array.isArray(set) ? set[0] : set).split(';')[0] ?? '';
}

databaseSuite('persons', (open) => {
  const redeem = (site: TestSite, url: string) =>
    site.browser<Me & Problem>('POST', '/sign-in/link', { body: { link: new URL(url).hash.slice('#link='.length) } });

  it('are invited by a link of their own that lasts a day and serves once', async () => {
    const site = await TestSite.open(await open());
    await using _site = site;
    await site.person('ann', [admin]);
    const invited = await site.local<Invited>('POST', '/persons', { name: 'Bob', grants: [viewer] });
    expect(invited.status).toBe(201);
    expect(invited.body.person).toMatchObject({ name: 'Bob', grants: [viewer], disabled: false, hasPassword: false, lastSeenAt: null });
    expect(Date.parse(invited.body.expiresAt) - site.clock.now().getTime()).toBe(24 * 3_600_000);
    await site.clock.advance(23 * 3_600_000);
    const signedIn = await redeem(site, invited.body.url);
    expect(signedIn.body).toMatchObject({ id: invited.body.person.id, name: 'Bob', roles: ['viewer'], via: 'link' });
    expect((await redeem(site, invited.body.url)).status).toBe(401);
    const listed = await site.local<{ items: Person[] }>('GET', '/persons');
    expect(listed.body.items.map(({ name, lastSeenAt }) => [name, lastSeenAt !== null])).toEqual([
      ['ann', true],
      ['Bob', true],
    ]);
  });

  it('get half an hour for a link after they were here, and the link before is over', async () => {
    const site = await TestSite.open(await open());
    await using _site = site;
    await site.person('ann', [admin]);
    const { body } = await site.local<Invited>('POST', '/persons', { name: 'bob', grants: [viewer] });
    const path = `/persons/${body.person.id}/login-link`;
    const second = await site.local<{ url: string; expiresAt: string }>('POST', path);
    expect(Date.parse(second.body.expiresAt) - site.clock.now().getTime()).toBe(24 * 3_600_000);
    expect((await redeem(site, body.url)).status).toBe(401);
    expect((await redeem(site, second.body.url)).status).toBe(200);
    const third = await site.local<{ expiresAt: string }>('POST', path);
    expect(Date.parse(third.body.expiresAt) - site.clock.now().getTime()).toBe(30 * 60_000);
  });

  it('have names that nobody else has, however they are written', async () => {
    const site = await TestSite.open(await open());
    await using _site = site;
    await site.person('ann', [admin]);
    for (const name of ['ANN', 'Ａnn']) {
      const again = await site.local<Problem>('POST', '/persons', { name, grants: [viewer] });
      expect([again.status, again.body.code]).toEqual([409, 'name-taken']);
    }
  });

  it('never lose their last administrator, by demotion or disabling, also when two go at once', async () => {
    const site = await TestSite.open(await open());
    await using _site = site;
    const ann = await site.person('ann', [admin]);
    for (const change of [
      { grants: [viewer], disabled: false },
      { grants: [admin], disabled: true },
    ]) {
      const refused = await site.local<Problem>('PUT', `/persons/${ann.id}`, change);
      expect([refused.status, refused.body.code]).toEqual([409, 'last-admin']);
    }
    const bob = await site.person('bob', [admin, viewer]);
    await site.person('cid', [{ role: 'admin', scope: 'plan:pln_0000000000000000' }]);
    const both = await Promise.all(
      [ann, bob].map(({ id }) => site.local<Problem>('PUT', `/persons/${id}`, { grants: [viewer], disabled: false })),
    );
    expect(both.map(({ status }) => status).sort()).toEqual([200, 409]);
  });

  it('lose sessions, tokens and links at once when they are disabled, and get none of them back', async () => {
    const site = await TestSite.open(await open());
    await using _site = site;
    const ann = await site.person('ann', [admin]);
    const bob = await site.person('bob', [viewer]);
    const made = await site.browser<{ secret: string }>('POST', '/me/tokens', {
      cookie: bob.cookie,
      body: { name: 'ci', grants: [viewer] },
    });
    const bearer = { host: 'localhost:8000', authorization: `Bearer ${made.body.secret}` };
    const asToken = async () => (await site.app.inject({ url: '/api/v1/plans', headers: bearer })).statusCode;
    const link = await site.local<{ url: string }>('POST', `/persons/${bob.id}/login-link`);
    expect(await asToken()).toBe(200);
    const change = (disabled: boolean) =>
      site.browser<Person>('PUT', `/persons/${bob.id}`, { cookie: ann.cookie, body: { grants: [viewer], disabled } });
    expect((await change(true)).body).toMatchObject({ disabled: true });
    expect((await site.browser('GET', '/me', { cookie: bob.cookie })).status).toBe(401);
    expect(await asToken()).toBe(401);
    expect((await redeem(site, link.body.url)).status).toBe(401);
    expect((await site.local<Problem>('POST', `/persons/${bob.id}/login-link`)).body.code).toBe('person-disabled');
    await change(false);
    expect((await site.browser('GET', '/me', { cookie: bob.cookie })).status).toBe(401);
    expect(await asToken()).toBe(401);
  });

  it('are given scopes that exist only', async () => {
    const { site, planId, agent } = await readySite(await open());
    await using _site = site;
    const grants = (...scopes: string[]) => scopes.map((scope) => ({ role: 'viewer', scope }));
    const good = await site.local('POST', '/persons', { name: 'bob', grants: grants(`plan:${planId}`, `host:${agent.agentId}`) });
    expect(good.status).toBe(201);
    const bad = await site.local<Problem>('POST', '/persons', { name: 'cid', grants: grants('site', 'plan:pln_00000000000000ff') });
    expect([bad.status, bad.body.errors?.[0]?.field]).toEqual([400, 'grants.1.scope']);
    expect((await site.local('POST', '/persons', { name: 'cid', grants: grants('everywhere') })).status).toBe(400);
    expect((await site.local('POST', '/persons', { name: 'cid', grants: [] })).status).toBe(400);
  });

  it('sign in under a new session each time, and the one before ends', async () => {
    const site = await TestSite.open(await open());
    await using _site = site;
    await site.person('ann', [admin]);
    const { body } = await site.local<Invited>('POST', '/persons', { name: 'bob', grants: [viewer] });
    // A cookie that somebody else planted is never taken over.
    const planted = `ff=${'A'.repeat(43)}`;
    const link = new URL(body.url).hash.slice('#link='.length);
    const first = await site.browser('POST', '/sign-in/link', { cookie: planted, body: { link } });
    const held = cookieOf(first.headers);
    expect(held).not.toBe(planted);
    expect((await site.browser('GET', '/me', { cookie: planted })).status).toBe(401);
    const next = await site.local<{ url: string }>('POST', `/persons/${body.person.id}/login-link`);
    const again = await site.browser('POST', '/sign-in/link', {
      cookie: held,
      body: { link: new URL(next.body.url).hash.slice('#link='.length) },
    });
    expect(cookieOf(again.headers)).not.toBe(held);
    expect((await site.browser('GET', '/me', { cookie: held })).status).toBe(401);
    expect((await site.browser('GET', '/me', { cookie: cookieOf(again.headers) })).status).toBe(200);
  });

  it('are signed out everywhere when one of them sets a password', async () => {
    const site = await TestSite.open(await open());
    await using _site = site;
    const ann = await site.person('ann', [admin]);
    const stolen = await site.services.changes.run(
      { actor: { id: 'test', kind: 'system', via: 'test' }, request: 'none' },
      async (change) => {
        const row = await site.services.persons.byId(ann.id);
        if (row === undefined) throw new Error('no such person');
        return site.services.sessions.begin(change, row, 'link');
      },
    );
    const changed = await site.browser('POST', '/me/password', { cookie: ann.cookie, body: { newPassword: 'correct horse battery' } });
    expect((await site.browser('GET', '/me', { cookie: `ff=${stolen.secret}` })).status).toBe(401);
    expect((await site.browser('GET', '/me', { cookie: ann.cookie })).status).toBe(401);
    expect((await site.browser('GET', '/me', { cookie: cookieOf(changed.headers) })).status).toBe(200);
  });

  it('keep the links and tokens that are shown once out of every stored answer', async () => {
    const site = await TestSite.open(await open());
    await using _site = site;
    const ann = await site.person('ann', [admin]);
    const headers = { 'idempotency-key': 'one' };
    const options = { cookie: ann.cookie, headers };
    const invited = await site.browser<Invited>('POST', '/persons', { ...options, body: { name: 'bob', grants: [viewer] } });
    const made = await site.browser<{ token: ApiToken; secret: string }>('POST', '/me/tokens', {
      ...options,
      body: { name: 'ci', grants: [viewer] },
    });
    const rows = JSON.stringify([
      await site.services.database.read.selectFrom('idempotency').selectAll().execute(),
      await site.services.database.read.selectFrom('audit').selectAll().execute(),
      await site.services.database.read.selectFrom('audit_detail').selectAll().execute(),
      await site.services.database.read.selectFrom('api_token').selectAll().execute(),
      await site.services.database.read.selectFrom('login_link').selectAll().execute(),
    ]);
    expect(rows).not.toContain(new URL(invited.body.url).hash.slice('#link='.length));
    expect(rows).not.toContain(made.body.secret.slice(16));
  });
});

import type { Me, Problem } from '@fortfail/protocol';
import { expect, it } from 'vitest';
import { systemContext } from '../changes/changes.ts';
import { databaseSuite } from '../testing/database-suite.ts';
import { TestSite } from '../testing/test-site.ts';
import { Passwords } from './passwords.ts';

function cookieOf(headers: Record<string, unknown>): string {
  const set = headers['set-cookie'];
  return String(Array.isArray(set) ? set[0] : set).split(';')[0] ?? '';
}

databaseSuite('sign-in', (open) => {
  const link = async (site: TestSite): Promise<string> => {
    const made = await site.local<{ url: string; expiresAt: string }>('POST', '/login-links');
    expect(made.status).toBe(201);
    return new URL(made.body.url).hash.slice('#link='.length);
  };

  it('turns the first link into the first person, once', async () => {
    const site = await TestSite.open(await open());
    await using _site = site;
    const secret = await link(site);
    const signedIn = await site.browser<Me>('POST', '/sign-in/link', { body: { link: secret } });
    expect(signedIn.status).toBe(200);
    expect(signedIn.body).toMatchObject({ name: 'admin', roles: ['admin'], via: 'link', hasPassword: false });
    expect(String(signedIn.headers['set-cookie'])).toMatch(/^ff=[\w-]{43}; Max-Age=604800; Path=\/; HttpOnly; SameSite=Strict$/);
    const cookie = cookieOf(signedIn.headers);
    expect((await site.browser<Me>('GET', '/me', { cookie })).body.name).toBe('admin');
    const again = await site.browser<Problem>('POST', '/sign-in/link', { body: { link: secret } });
    expect([again.status, again.body.code]).toEqual([401, 'bad-link']);
    expect((await site.browser<{ setUp: boolean }>('GET', '/sign-in')).body.setUp).toBe(true);
  });

  it('lets one of two that use a link at once in', async () => {
    const site = await TestSite.open(await open());
    await using _site = site;
    const secret = await link(site);
    const both = await Promise.all([1, 2].map(() => site.browser('POST', '/sign-in/link', { body: { link: secret } })));
    expect(both.map((answer) => answer.status).sort()).toEqual([200, 401]);
    expect(await site.services.database.read.selectFrom('person').select('id').execute()).toHaveLength(1);
  });

  it('refuses a link after half an hour, and stores only its hash', async () => {
    const site = await TestSite.open(await open());
    await using _site = site;
    const secret = await link(site);
    expect(JSON.stringify(await site.services.database.read.selectFrom('login_link').selectAll().execute())).not.toContain(secret);
    await site.clock.advance(30 * 60_000 + 1);
    expect((await site.browser('POST', '/sign-in/link', { body: { link: secret } })).status).toBe(401);
  });

  it('sets a password under a new session and signs in with it', async () => {
    const site = await TestSite.open(await open());
    await using _site = site;
    const first = cookieOf((await site.browser('POST', '/sign-in/link', { body: { link: await link(site) } })).headers);
    const changed = await site.browser<Me>('POST', '/me/password', {
      cookie: first,
      body: { name: 'Ann', newPassword: 'correct horse battery' },
    });
    expect(changed.body).toMatchObject({ name: 'Ann', hasPassword: true, via: 'session' });
    const second = cookieOf(changed.headers);
    expect(second).not.toBe(first);
    expect((await site.browser('GET', '/me', { cookie: first })).status).toBe(401);
    expect((await site.browser('GET', '/me', { cookie: second })).status).toBe(200);
    const byPassword = await site.browser<Me>('POST', '/sign-in/password', { body: { name: 'ANN ', password: 'correct horse battery' } });
    expect([byPassword.status, byPassword.body.name]).toEqual([200, 'Ann']);
    const wrong = await site.browser<Problem>('POST', '/me/password', {
      cookie: second,
      body: { currentPassword: 'no', newPassword: 'another password' },
    });
    expect([wrong.status, wrong.body.code]).toEqual([403, 'wrong-credentials']);
    const short = await site.browser<Problem>('POST', '/me/password', {
      cookie: second,
      body: { currentPassword: 'correct horse battery', newPassword: 'short' },
    });
    expect(short.body.errors).toEqual([{ field: 'newPassword', message: 'must have at least 12 characters' }]);
    const stored = await site.services.database.read.selectFrom('person').select('password').executeTakeFirstOrThrow();
    expect(stored.password).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}$/);
  });

  it('says the same to a wrong name and a wrong password, and slows guessing down', async () => {
    const site = await TestSite.open(await open());
    await using _site = site;
    await site.person('ann', [{ role: 'admin', scope: 'site' }], await new Passwords().hash('the right password'));
    const attempt = (name: string, password: string) => site.browser<Problem>('POST', '/sign-in/password', { body: { name, password } });
    const [unknown, wrong] = [await attempt('bob', 'x'), await attempt('ann', 'x')];
    expect({ ...unknown.body, requestId: '' }).toEqual({ ...wrong.body, requestId: '' });
    for (let tries = 0; tries < 3; tries += 1) expect((await attempt('ann', 'x')).status).toBe(401);
    const slowed = await attempt('ann', 'the right password');
    expect([slowed.status, slowed.body.code]).toEqual([429, 'too-many-failures']);
    expect(Number(slowed.headers['retry-after'])).toBeGreaterThan(0);
    await site.clock.advance(60_000);
    expect((await attempt('ann', 'the right password')).status).toBe(200);
  });

  it('ends sessions after twelve idle hours, after seven days, and when the person is disabled', async () => {
    const site = await TestSite.open(await open());
    await using _site = site;
    const { cookie, id } = await site.person('ann', [{ role: 'viewer', scope: 'site' }]);
    const status = async () => (await site.browser('GET', '/me', { cookie })).status;
    for (let hours = 0; hours < 7 * 24 - 10; hours += 10) {
      expect(await status()).toBe(200);
      await site.clock.advance(10 * 3_600_000);
    }
    await site.clock.advance(10 * 3_600_000);
    expect(await status()).toBe(401);
    const idle = await site.person('bob', [{ role: 'viewer', scope: 'site' }]);
    await site.clock.advance(12 * 3_600_000);
    expect((await site.browser('GET', '/me', { cookie: idle.cookie })).status).toBe(401);
    const disabled = await site.person('cid', [{ role: 'viewer', scope: 'site' }]);
    await site.services.database.transaction((tx) => tx.updateTable('person').set({ disabled: 1 }).where('id', '=', disabled.id).execute());
    expect((await site.browser('GET', '/me', { cookie: disabled.cookie })).status).toBe(401);
    expect(id).toMatch(/^per_/);
  });

  it('ends a session at sign-out and takes the cookie back', async () => {
    const site = await TestSite.open(await open());
    await using _site = site;
    const { cookie } = await site.person('ann', [{ role: 'viewer', scope: 'site' }]);
    const out = await site.browser('POST', '/me/sign-out', { cookie, body: {} });
    expect(String(out.headers['set-cookie'])).toMatch(/^ff=; .*Expires=Thu, 01 Jan 1970/);
    expect((await site.browser('GET', '/me', { cookie })).status).toBe(401);
  });

  it('offers passkey options that demand the user, and refuses what was not asked for', async () => {
    const site = await TestSite.open(await open());
    await using _site = site;
    const { cookie } = await site.person('ann', [{ role: 'viewer', scope: 'site' }]);
    const options = await site.browser<{ rp: { id: string }; authenticatorSelection: object; challenge: string }>(
      'POST',
      '/me/passkeys/options',
      { cookie, body: {} },
    );
    expect(options.body).toMatchObject({
      rp: { id: 'localhost' },
      authenticatorSelection: { userVerification: 'required', residentKey: 'required' },
    });
    const forged = {
      id: 'x',
      rawId: 'x',
      type: 'public-key',
      response: { clientDataJSON: Buffer.from(JSON.stringify({ challenge: 'never given' })).toString('base64url') },
    };
    expect((await site.browser<Problem>('POST', '/me/passkeys', { cookie, body: { name: 'key', credential: forged } })).body.code).toBe(
      'bad-passkey',
    );
    expect((await site.browser<Problem>('POST', '/sign-in/passkey', { body: forged })).status).toBe(401);
    expect((await site.browser<{ userVerification: string }>('POST', '/sign-in/passkey/options', { body: {} })).body.userVerification).toBe(
      'required',
    );
  });

  it('keeps the last administrator reachable by link on the machine itself', async () => {
    const site = await TestSite.open(await open());
    await using _site = site;
    await site.person('ann', [{ role: 'admin', scope: 'site' }]);
    const signedIn = await site.browser<Me>('POST', '/sign-in/link', { body: { link: await link(site) } });
    expect(signedIn.body.name).toBe('ann');
    expect(await site.services.changes.run(systemContext, async (change) => change.nothing(1))).toBe(1);
  });
});

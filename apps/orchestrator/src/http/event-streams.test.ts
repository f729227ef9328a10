import { once } from 'node:events';
import { expect, it } from 'vitest';
import type { WebSocket } from 'ws';
import type { Grant } from '../access/principal.ts';
import { databaseSuite } from '../testing/database-suite.ts';
import { TestSite } from '../testing/test-site.ts';

const admin: Grant = { role: 'admin', scope: 'site' };
const viewer: Grant = { role: 'viewer', scope: 'site' };
const maxOfPerson = 16;

databaseSuite('event streams', (open) => {
  const listen = (site: TestSite, headers: Record<string, string>): Promise<WebSocket> =>
    site.app.injectWS('/api/v1/events', { headers: { host: 'localhost:8000', ...headers } });
  const asPage = (cookie: string) => ({ origin: 'http://localhost:8000', cookie });
  const closeCode = async (socket: WebSocket): Promise<number> => ((await once(socket, 'close')) as [number])[0];
  const tokenOf = async (site: TestSite, cookie: string): Promise<{ authorization: string }> => {
    const made = await site.browser<{ secret: string }>('POST', '/me/tokens', { cookie, body: { name: 'ci', grants: [viewer] } });
    return { authorization: `Bearer ${made.body.secret}` };
  };

  it('open for a token without origin or cookie, and not for one that has ended', async () => {
    const site = await TestSite.open(await open());
    await using _site = site;
    const { cookie } = await site.person('ann', [admin]);
    const bearer = await tokenOf(site, cookie);
    const socket = await listen(site, bearer);
    const closed = closeCode(socket);
    const { id } = await site.services.database.read.selectFrom('api_token').select('id').executeTakeFirstOrThrow();
    await site.browser('DELETE', `/me/tokens/${id}`, { cookie, body: {} });
    expect(await closed).toBe(4401);
    await expect(listen(site, bearer)).rejects.toThrow('401');
  });

  it('are few for each person, tokens included, and many for many', async () => {
    const site = await TestSite.open(await open());
    await using _site = site;
    const { id, cookie } = await site.person('ann', [admin]);
    const bearer = await tokenOf(site, cookie);
    const sockets: WebSocket[] = [];
    for (let opened = 0; opened < maxOfPerson; opened += 1) sockets.push(await listen(site, opened % 2 === 0 ? asPage(cookie) : bearer));
    await expect(listen(site, asPage(cookie))).rejects.toThrow('429');
    await expect(listen(site, bearer)).rejects.toThrow('429');
    const other = await site.person('bob', [viewer]);
    sockets.push(await listen(site, asPage(other.cookie)));
    sockets.shift()?.terminate();
    // The other end hears of it a moment later.
    const ann = { kind: 'person', id, name: 'ann', grants: [], via: 'session', sessionHash: '', sessionUntil: '' } as const;
    while (!site.services.streams.hasRoom(ann, 'another')) await new Promise((resolve) => setImmediate(resolve));
    sockets.push(await listen(site, asPage(cookie)));
    for (const socket of sockets) socket.terminate();
  });

  it('end at once for who is disabled or loses rights', async () => {
    const site = await TestSite.open(await open());
    await using _site = site;
    const ann = await site.person('ann', [admin]);
    const bob = await site.person('bob', [viewer]);
    const own = await listen(site, asPage(ann.cookie));
    for (const disabled of [false, true]) {
      const closed = closeCode(await listen(site, asPage(bob.cookie)));
      await site.browser('PUT', `/persons/${bob.id}`, { cookie: ann.cookie, body: { grants: [viewer], disabled } });
      expect(await closed).toBe(4401);
    }
    expect(own.readyState).toBe(own.OPEN);
    own.terminate();
  });
});

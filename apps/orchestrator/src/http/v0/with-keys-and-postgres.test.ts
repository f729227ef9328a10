import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPostgres } from '../../database/postgres-database.ts';
import { type EmbeddedPostgres, startPostgres, whyNoPostgres } from '../../testing/embedded-postgres.ts';
import { FirstApiSite, registrationSecret, sha256 } from '../../testing/first-api-site.ts';
import { RemoteAgent } from '../../testing/remote-agent.ts';

describe('an agent with a key of its own', () => {
  it('takes a free id of the first API by its proof, for good, and nobody gets a token for it', async () => {
    await using api = await FirstApiSite.open({ reach: 'on' });
    const agent = await RemoteAgent.enrolled(api.site, 'web1');
    const other = await RemoteAgent.enrolled(api.site, 'web2');
    const bytes = Buffer.from('of web1');
    const draft = { id: 's', agent_id: 'web-one', checksum: sha256(bytes), size: bytes.length };
    expect((await agent.ask('POST', '/snapshots', draft)).status).toBe(200);
    expect((await other.ask('POST', '/snapshots', { ...draft, id: 't' })).status).toBe(403);
    expect((await other.ask('GET', '/agent/web-one/commands')).status).toBe(403);
    expect((await agent.ask('GET', '/agent/web-two/commands')).status).toBe(403);
    expect((await agent.ask('GET', '/agent/web-one/commands')).body).toEqual([]);
    expect((await agent.ask('POST', '/agent/web-one/events', { event_type: 'hello', message: 'hello' })).status).toBe(200);
    expect((await api.mint({ registration_secret: registrationSecret, agent_id: 'web-one' })).status).toBe(403);
    expect((await agent.ask('GET', '/agents')).body).toMatchObject([{ id: 'web-one' }]);
    // Without a proof, or with that of another, nothing.
    const bare = await api.call('GET', '/agent/web-one/commands', { headers: { authorization: `DPoP ${agent.agentId}` } });
    expect(bare.status).toBe(401);
    expect((await agent.ask('GET', '/agent/web-one/commands', undefined, { key: other.identity })).status).toBe(401);
    // It is one agent in the list, not two.
    const list = await api.site.local<{ items: { hostname: string; kind: string }[] }>('GET', '/agents');
    expect(list.body.items.map(({ hostname, kind }) => `${hostname} ${kind}`).sort()).toEqual(['web1 remote', 'web2 remote']);
  });
});

const reason = whyNoPostgres();

describe('the first API of two orchestrators on PostgreSQL', () => {
  let server: EmbeddedPostgres | undefined;
  beforeAll(async () => {
    server = reason === undefined ? await startPostgres() : undefined;
  });
  afterAll(() => server?.[Symbol.asyncDispose]());

  it('hands each command to one poller, knows tokens of both, and loses none of what happens at once', async ({ skip }) => {
    if (server === undefined) return skip(reason ?? '');
    const url = await server.createDatabase('first');
    await using one = await FirstApiSite.open({}, await openPostgres(url));
    await using two = await FirstApiSite.open({}, await openPostgres(url));
    const token = await one.token('a');
    expect((await two.call('GET', '/agents', { token })).status).toBe(200);
    await one.snapshot(token, 's', 'a');
    const jobs = await Promise.all(Array.from({ length: 8 }, (_, n) => (n % 2 === 0 ? one : two).restore(token, 's', 'a')));
    expect(jobs.map(({ status }) => status)).toEqual(new Array(8).fill(200));
    const polls = await Promise.all([one, two, one, two].map((site) => site.commands(token, 'a')));
    const ids = polls.flatMap(({ body }) => body.map(({ id }) => id));
    expect([ids.length, new Set(ids).size]).toEqual([8, 8]);
    const ended = await Promise.all(
      jobs.flatMap(({ body }) => [one.event(token, 'a', body.id, 'restore_started'), two.event(token, 'a', body.id, 'restore_completed')]),
    );
    expect(ended.map(({ status }) => status)).toEqual(new Array(16).fill(200));
    for (const { body } of jobs) expect(await one.jobStatus(token, body.id)).toBe('completed');
    const claims = await Promise.all(
      [one, two].map((site) => site.mint({ registration_secret: registrationSecret, agent_id: 'same' }, '127.0.0.1')),
    );
    expect(claims.map(({ status }) => status)).toEqual([200, 200]);
    expect(claims.filter(({ body }) => body.agent_secret !== undefined)).toHaveLength(1);
    const pool = await one.token();
    const made = await Promise.all(
      [1, 2, 3, 4].map((n) => (n % 2 === 0 ? one : two).register(pool, `p${n}`, 'new-pool-id', Buffer.from('x'))),
    );
    expect(made.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect((await one.site.local<{ whole: boolean }>('GET', '/audit/verification')).body.whole).toBe(true);
  });
});

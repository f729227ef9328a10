import type { Agent, Alert, Enrolment } from '@fortfail/protocol';
import { agentWords, decodeJoinString, IdentityKey } from '@fortfail/trust';
import { isIssuedBy, readCertificate } from '@fortfail/trust/certificates';
import { expect, it } from 'vitest';
import { databaseSuite } from '../testing/database-suite.ts';
import { joinToken, RemoteAgent } from '../testing/remote-agent.ts';
import { TestSite, testUrl } from '../testing/test-site.ts';

const hourMs = 3_600_000;

databaseSuite('enrolment', (open) => {
  const agentOf = async (site: TestSite, id: string) => (await site.local<Agent>('GET', `/agents/${id}`)).body;
  const alerts = async (site: TestSite) => (await site.local<{ items: Alert[] }>('GET', '/alerts')).body.items;

  it('gives a join string that says where to go, what to pin and when it ends', async () => {
    await using site = await TestSite.open(await open());
    const made = await site.local<{ joinString: string; command: string; expiresAt: string }>('POST', '/join-strings', { hours: 2 });
    expect(made.status).toBe(201);
    const fields = decodeJoinString(made.body.joinString);
    expect(fields).toMatchObject({ u: testUrl, c: 'system', x: (site.clock.now().getTime() + 2 * hourMs) / 1000 });
    expect([fields.o, fields.r]).toEqual([undefined, undefined]);
    expect(made.body.command).toBe(`printf %s '${made.body.joinString}' | sudo fortfail agent enrol`);
    const audit = await site.local<{ items: { body: string }[] }>('GET', '/audit');
    expect(JSON.stringify(audit.body)).not.toContain(fields.t);
  });

  it('makes an agent of whoever shows the token, with a certificate that says only what the site says', async () => {
    await using site = await TestSite.open(await open());
    const agent = await RemoteAgent.enrolled(site);
    const { enrolment } = agent;
    expect(enrolment).toMatchObject({ status: 'active', generation: 1, ca: null, roster: null, site: { name: 'test' } });
    expect(enrolment?.linkKeys).toEqual([site.services.keys.link.publicLine]);
    const facts = readCertificate(enrolment?.certificate ?? '');
    expect(facts).toMatchObject({
      agent: { siteId: site.services.site.id, agentId: agent.agentId },
      names: [`fortfail://${site.services.site.id}/agent/${agent.agentId}`],
      thumbprint: agent.identity.thumbprint,
      isCa: false,
    });
    const ca = await site.outside<string>('GET', '/ca.pem');
    expect(await isIssuedBy(enrolment?.certificate ?? '', ca.body, site.clock.now())).toBe(true);
    const { identity, sealing, signing } = agent;
    const words = agentWords({ identity: identity.thumbprint, sealing, signing: signing.publicLine });
    expect(await agentOf(site, agent.agentId)).toMatchObject({
      kind: 'remote',
      status: 'active',
      hostname: 'web1',
      words,
      connected: false,
    });
  });

  it('refuses unknown, used, expired and foreign tokens with one text', async () => {
    await using site = await TestSite.open(await open());
    const agent = await RemoteAgent.make(site);
    const unknown = await agent.enrol('A'.repeat(27));
    const late = await joinToken(site);
    const bound = await joinToken(site, { hostname: 'db1' });
    const foreign = await agent.enrol(bound);
    await site.clock.advance(hourMs + 1);
    const expired = await agent.enrol(late);
    const used = await joinToken(site);
    await (await RemoteAgent.make(site, 'first')).enrol(used);
    const again = await agent.enrol(used);
    for (const answer of [unknown, foreign, expired, again]) {
      expect([answer.status, answer.body.code]).toEqual([403, 'bad-join-token']);
      expect((answer.body as unknown as { detail: string }).detail).toBe(
        'unable to enrol, the join string is unknown, used, expired or for another host',
      );
    }
  });

  it('takes a token for one host name from that host, and a longer time only with a name', async () => {
    await using site = await TestSite.open(await open());
    const refused = await site.local<{ code: string }>('POST', '/join-strings', { hours: 100 });
    expect([refused.status, refused.body.code]).toEqual([400, 'join-string-unbound']);
    const token = await joinToken(site, { hours: 100, hostname: 'db1' });
    await site.clock.advance(99 * hourMs);
    expect((await (await RemoteAgent.make(site, 'db1')).enrol(token)).status).toBe(201);
  });

  it('holds the agent that a token made when the token is tried again, once', async () => {
    await using site = await TestSite.open(await open());
    const token = await joinToken(site);
    const first = await RemoteAgent.make(site);
    await first.enrol(token);
    const thief = await RemoteAgent.make(site, 'thief');
    expect((await thief.enrol(token)).status).toBe(403);
    expect(await agentOf(site, first.agentId)).toMatchObject({ status: 'held' });
    expect(await alerts(site)).toMatchObject([{ kind: 'token-reused', severity: 'broken', object: { kind: 'agent', id: first.agentId } }]);
    await site.local('POST', `/agents/${first.agentId}/decision`, { decision: 'keep' });
    expect((await thief.enrol(token)).status).toBe(403);
    expect(await agentOf(site, first.agentId)).toMatchObject({ status: 'active', reason: null });
  });

  it('gives the same agent to the same key again, as after a lost answer', async () => {
    await using site = await TestSite.open(await open());
    const token = await joinToken(site);
    const agent = await RemoteAgent.make(site);
    await agent.enrol(token);
    const { agentId } = agent;
    const again = await agent.enrol(token);
    expect([again.status, again.body.agentId, again.body.status]).toEqual([201, agentId, 'active']);
    expect((await site.local<{ items: Agent[] }>('GET', '/agents')).body.items).toHaveLength(1);
  });

  it('lets one of two in that come with one token at once, and holds it', async () => {
    await using site = await TestSite.open(await open());
    const token = await joinToken(site);
    const hosts = await Promise.all(['a', 'b', 'c'].map((name) => RemoteAgent.make(site, name)));
    const answers = await Promise.all(hosts.map((host) => host.enrol(token)));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 403, 403]);
    const { items } = (await site.local<{ items: Agent[] }>('GET', '/agents')).body;
    expect(items.map(({ status }) => status)).toEqual(['held']);
  });

  it('refuses keys that are none, requests signed by another key, and a key that another agent has', async () => {
    await using site = await TestSite.open(await open());
    const agent = await RemoteAgent.make(site);
    const token = await joinToken(site);
    for (const changes of [{ csr: 'no' }, { sealing: 'age1no' }, { signing: 'ssh-ed25519 AAAA' }, { hostname: '' }, { extra: 1 }])
      expect((await agent.enrol(token, changes)).status).toBe(400);
    expect((await agent.enrol(token)).status).toBe(201);
    const twice = await agent.enrol(await joinToken(site));
    expect([twice.status, twice.body.code]).toEqual([409, 'identity-known']);
  });

  it('slows down an address that guesses tokens, and asks no page for a proof of where it comes from', async () => {
    await using site = await TestSite.open(await open());
    const agent = await RemoteAgent.make(site);
    for (let n = 0; n < 20; n += 1) await agent.enrol(`${'B'.repeat(25)}${n}`);
    const limited = await agent.enrol(await joinToken(site));
    expect([limited.status, limited.headers['retry-after']]).toEqual([429, '60']);
    await site.clock.advance(60_000);
    expect((await agent.enrol(await joinToken(site))).status).toBe(201);
  });

  it('says what to do when other hosts cannot reach the site, but for what is carried by hand', async () => {
    await using site = await TestSite.open(await open(), { isExposed: false });
    const refused = await site.local<{ code: string; hint: string }>('POST', '/join-strings', {});
    expect([refused.status, refused.body.code]).toEqual([409, 'not-exposed']);
    expect(refused.body.hint).toContain('fortfail expose');
    const agent = await RemoteAgent.make(site);
    const enrolled = await agent.enrol(await joinToken(site, { airGap: true }));
    const until = readCertificate((enrolled.body as Enrolment).certificate ?? '').notAfter.getTime();
    expect(Math.round((until - site.clock.now().getTime()) / 86_400_000)).toBe(400);
  });

  it('never names an agent by what a request says', async () => {
    await using site = await TestSite.open(await open());
    const known = await RemoteAgent.enrolled(site);
    const other = await RemoteAgent.make(site);
    await other.enrol(await joinToken(site));
    expect(other.agentId).not.toBe(known.agentId);
    expect(other.agentId).not.toBe('agt_ffffffffffffffff');
    expect(await IdentityKey.generate()).not.toBe(other.identity);
  });
});

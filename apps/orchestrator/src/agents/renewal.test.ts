import type { Agent, Renewal } from '@fortfail/protocol';
import { IdentityKey } from '@fortfail/trust';
import { readCertificate } from '@fortfail/trust/certificates';
import { expect, it } from 'vitest';
import { databaseSuite } from '../testing/database-suite.ts';
import { RemoteAgent } from '../testing/remote-agent.ts';
import { TestSite } from '../testing/test-site.ts';

databaseSuite('renewal', (open) => {
  const agentOf = async (site: TestSite, id: string) => (await site.local<Agent>('GET', `/agents/${id}`)).body;

  it('issues the next generation, and the same answer to the same request', async () => {
    await using site = await TestSite.open(await open());
    const agent = await RemoteAgent.enrolled(site);
    await site.clock.advance(20 * 86_400_000);
    const first = await agent.ask<Renewal>('POST', '/api/v1/agents/self/renewal', await requestOf(agent, 'request-one', 1));
    expect([first.status, first.body.generation]).toEqual([200, 2]);
    const facts = readCertificate(first.body.certificate ?? '');
    expect(facts.agent).toEqual({ siteId: site.services.site.id, agentId: agent.agentId });
    expect(facts.notAfter.getTime() - site.clock.now().getTime()).toBe(30 * 86_400_000);
    const csr = kept;
    const again = await agent.ask<Renewal>('POST', '/api/v1/agents/self/renewal', { requestId: 'request-one', generation: 1, csr });
    expect([again.status, again.body.generation, again.body.certificate]).toEqual([200, 2, first.body.certificate]);
    expect(await agentOf(site, agent.agentId)).toMatchObject({ status: 'active', generation: 2 });
  });

  let kept = '';
  async function requestOf(agent: RemoteAgent, requestId: string, generation: number): Promise<object> {
    const { makeCsr } = await import('@fortfail/trust/certificates');
    kept = await makeCsr(agent.identity, 'anything');
    return { requestId, generation, csr: kept };
  }

  it('holds both when two with one key renew the same generation', async () => {
    await using site = await TestSite.open(await open());
    const agent = await RemoteAgent.enrolled(site);
    expect((await agent.renew('request-one', 1)).status).toBe(200);
    const copy = await agent.renew<{ code: string }>('request-two', 1);
    expect([copy.status, copy.body.code]).toEqual([409, 'agent-held']);
    expect((await agent.renew<{ code: string }>('request-three', 2)).body.code).toBe('agent-held');
    expect(await agentOf(site, agent.agentId)).toMatchObject({ status: 'held', generation: 2 });
    await site.local('POST', `/agents/${agent.agentId}/decision`, { decision: 'keep' });
    expect((await agent.renew<Renewal>('request-four', 1)).body.generation).toBe(3);
    expect((await agent.renew('request-five', 1)).status).toBe(409);
  });

  it('takes a new key by a proof of the old one, which lasts until the new one is used', async () => {
    await using site = await TestSite.open(await open());
    const agent = await RemoteAgent.enrolled(site);
    const next = await IdentityKey.generate();
    const renewed = await agent.renew<Renewal>('request-one', 1, next);
    expect(readCertificate(renewed.body.certificate ?? '').thumbprint).toBe(next.thumbprint);
    const poll = { session: null, frames: [], acked: 0 };
    expect((await agent.ask('POST', '/agent-link/poll', poll)).status).toBe(200);
    expect((await agent.ask('POST', '/agent-link/poll', poll, { key: next })).status).toBe(200);
    expect((await agent.ask<{ code: string }>('POST', '/agent-link/poll', poll)).body.code).toBe('agent-unknown');
  });

  it('refuses nobody quietly: a request that is none, a foreign key, no principal at all', async () => {
    await using site = await TestSite.open(await open());
    const agent = await RemoteAgent.enrolled(site);
    const other = await RemoteAgent.enrolled(site, 'web2');
    expect((await agent.renew<{ code: string }>('request-one', 1, other.identity)).body.code).toBe('identity-known');
    const bad = await agent.ask('POST', '/api/v1/agents/self/renewal', { requestId: 'request-two', generation: 1, csr: 'no' });
    expect(bad.status).toBe(400);
    expect((await site.local('POST', '/agents/self/renewal', { requestId: 'request-two', generation: 1, csr: 'no' })).status).toBe(403);
    expect(await agentOf(site, agent.agentId)).toMatchObject({ status: 'active', generation: 1 });
  });
});

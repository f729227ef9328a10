import type { Agent } from '@fortfail/protocol';
import { IdentityKey } from '@fortfail/trust';
import { expect, it } from 'vitest';
import { databaseSuite } from '../testing/database-suite.ts';
import { RemoteAgent } from '../testing/remote-agent.ts';
import { TestSite } from '../testing/test-site.ts';

const path = '/agent-link/poll';
const hello = { session: null, frames: [], acked: 0 };

databaseSuite('proofs of agents', (open) => {
  interface Refusal {
    readonly code: string;
  }
  const accessRecords = async (site: TestSite): Promise<string[]> => {
    const rows = await site.services.database.read
      .selectFrom('audit')
      .select('body')
      .where('chain', '=', 'access')
      .orderBy('seq')
      .execute();
    return rows.map(({ body }) => (JSON.parse(body) as { detail: { code: string } }).detail.code);
  };

  it('accepts the right proof, and each of them once', async () => {
    await using site = await TestSite.open(await open());
    const agent = await RemoteAgent.enrolled(site);
    const proof = await agent.prove('POST', path, JSON.stringify(hello));
    expect((await agent.ask('POST', path, hello, { proof })).status).toBe(200);
    const replayed = await agent.ask<Refusal>('POST', path, hello, { proof });
    expect([replayed.status, replayed.body.code]).toEqual([401, 'proof-replayed']);
  });

  it('refuses proofs for another body, method, path, key or agent, and none at all', async () => {
    await using site = await TestSite.open(await open());
    const agent = await RemoteAgent.enrolled(site);
    const other = await RemoteAgent.enrolled(site, 'web2');
    const code = async (twist: Parameters<RemoteAgent['ask']>[3]) => {
      const { status, body } = await agent.ask<Refusal>('POST', path, hello, twist);
      return [status, body.code];
    };
    expect(await code({ body: '{}' })).toEqual([401, 'proof-body']);
    expect(await code({ method: 'GET' })).toEqual([401, 'proof-method']);
    expect(await code({ path: '/api/v1/agents/self/renewal' })).toEqual([401, 'proof-url']);
    expect(await code({ key: await IdentityKey.generate() })).toEqual([401, 'agent-unknown']);
    expect(await code({ agentId: other.agentId })).toEqual([401, 'agent-unknown']);
    expect(await code({ agentId: 'agt_00000000000000ff' })).toEqual([401, 'agent-unknown']);
    expect(await code({ proof: 'a.b.c' })).toEqual([401, 'proof-malformed']);
    const bare = await site.outside<Refusal>('POST', path, hello, { authorization: `DPoP ${agent.agentId}` });
    expect([bare.status, bare.body.code]).toEqual([401, 'proof-missing']);
    const nobody = await site.outside<Refusal>('POST', path, hello);
    expect([nobody.status, nobody.body.code]).toEqual([401, 'proof-missing']);
    expect(await accessRecords(site)).toEqual(expect.arrayContaining(['proof-body', 'proof-url', 'agent-unknown', 'proof-malformed']));
  });

  it('answers a clock that is ten minutes off with a nonce, and takes the proof that carries it', async () => {
    await using site = await TestSite.open(await open());
    const agent = await RemoteAgent.enrolled(site);
    for (const offset of [-600_000, 600_000]) {
      const at = new Date(site.clock.now().getTime() + offset);
      const late = await agent.ask<Refusal>('POST', path, hello, { at });
      expect([late.status, late.body.code]).toEqual([401, 'proof-clock']);
      const nonce = String(late.headers['dpop-nonce']);
      const proof = await agent.prove('POST', path, JSON.stringify(hello), { at, nonce });
      expect((await agent.ask('POST', path, hello, { proof })).status).toBe(200);
      expect((await agent.ask<Refusal>('POST', path, hello, { proof })).body.code).toBe('proof-replayed');
      await site.clock.advance(121_000);
      const old = await agent.ask<Refusal>('POST', path, hello, { at, nonce });
      expect([old.status, old.body.code]).toEqual([401, 'proof-nonce']);
      expect(old.headers['dpop-nonce']).toMatch(/^\d+\./);
    }
    const forged = await agent.ask<Refusal>('POST', path, hello, {
      nonce: `${Math.floor(site.clock.now().getTime() / 1000)}.${'A'.repeat(43)}`,
    });
    expect(forged.body.code).toBe('proof-nonce');
  });

  it('lets an agent act for itself only, and never beside a cookie', async () => {
    await using site = await TestSite.open(await open());
    const agent = await RemoteAgent.enrolled(site);
    const { cookie } = await site.person('ann', [{ role: 'admin', scope: 'site' }]);
    for (const route of ['/api/v1/plans', '/api/v1/agents', '/api/v1/audit', `/api/v1/agents/${agent.agentId}`])
      expect((await agent.ask('GET', route)).status).toBe(403);
    const proof = await agent.prove('GET', '/api/v1/agents', undefined);
    const both = await site.outside('GET', '/api/v1/agents', undefined, { authorization: `DPoP ${agent.agentId}`, dpop: proof, cookie });
    expect(both.status).toBe(403);
    const unproven = await site.outside('GET', '/api/v1/agents', undefined, { authorization: `DPoP ${agent.agentId}`, cookie });
    expect(unproven.status).toBe(401);
  });

  it('refuses a revoked, a held and a pending agent at once, and one whose certificate has ended', async () => {
    await using site = await TestSite.open(await open());
    const agent = await RemoteAgent.enrolled(site);
    const decide = (decision: string) => site.local<Agent>('POST', `/agents/${agent.agentId}/decision`, { decision });
    const code = async () => (await agent.ask<Refusal>('POST', path, hello)).body.code;
    await decide('hold');
    expect(await code()).toBe('agent-held');
    expect((await agent.renew<Refusal>('request-held')).body.code).toBe('agent-held');
    await decide('approve');
    await site.clock.advance(31 * 86_400_000);
    expect(await code()).toBe('certificate-expired');
    expect((await agent.renew('request-late')).status).toBe(200);
    expect((await agent.ask('POST', path, hello)).status).toBe(200);
    await decide('revoke');
    expect(await code()).toBe('agent-revoked');
    expect((await decide('approve')).status).toBe(409);
  });

  it('renews for 90 days after the end, and no longer', async () => {
    await using site = await TestSite.open(await open());
    const [early, late] = [await RemoteAgent.enrolled(site), await RemoteAgent.enrolled(site, 'web2')];
    await site.clock.advance((30 + 89) * 86_400_000);
    expect((await early.renew('request-one')).status).toBe(200);
    await site.clock.advance(2 * 86_400_000);
    const over = await late.renew<Refusal>('request-two');
    expect([over.status, over.body.code]).toEqual([401, 'certificate-too-old']);
  });

  it('slows down an address that shows wrong proofs', async () => {
    await using site = await TestSite.open(await open());
    const agent = await RemoteAgent.enrolled(site);
    for (let n = 0; n < 60; n += 1) await agent.ask('POST', path, hello, { proof: 'x.y.z' });
    expect((await agent.ask('POST', path, hello)).status).toBe(429);
    await site.clock.advance(60_000);
    expect((await agent.ask('POST', path, hello)).status).toBe(200);
  });
});

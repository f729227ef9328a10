import type { Agent, Alert, OrchestratorFrame } from '@fortfail/protocol';
import { IdentityKey, readOrder, signRequestProof } from '@fortfail/trust';
import { expect, it } from 'vitest';
import { databaseSuite } from '../testing/database-suite.ts';
import { RemoteAgent, RemoteLink } from '../testing/remote-agent.ts';
import { planDraftFor, snapshotOf, TestSite, testUrl } from '../testing/test-site.ts';

type Lease = Extract<OrchestratorFrame, { type: 'lease' }>;

databaseSuite('the link of other hosts', (open) => {
  const agentOf = async (site: TestSite, id: string) => (await site.local<Agent>('GET', `/agents/${id}`)).body;
  const alerts = async (site: TestSite) => (await site.local<{ items: Alert[] }>('GET', '/alerts')).body.items;
  const decide = (site: TestSite, id: string, decision: string) => site.local('POST', `/agents/${id}/decision`, { decision });

  it('challenges whoever comes, and welcomes the one who answers with its key', async () => {
    await using site = await TestSite.open(await open());
    const agent = await RemoteAgent.enrolled(site);
    const link = await agent.connect({ policyDigest: 'd'.repeat(64), hasOwner: true, lastOrder: 41 });
    const welcome = await link.next('welcome');
    expect(welcome).toMatchObject({ agentId: agent.agentId, roster: null });
    // Its own keys are those it enrolled with: nobody on the way may name others.
    expect(welcome.linkKeys).toBeUndefined();
    expect(await agentOf(site, agent.agentId)).toMatchObject({ connected: true, policyDigest: 'd'.repeat(64), hasOwner: true });
    link.terminate();
  });

  it('lets nobody in without a proof, with a foreign one, with an old one or as another agent', async () => {
    await using site = await TestSite.open(await open());
    const agent = await RemoteAgent.enrolled(site);
    const other = await RemoteAgent.enrolled(site, 'web2');
    const old = await signRequestProof(agent.identity, {
      method: 'GET',
      url: `${testUrl}/agent-link`,
      nonce: 'an-older-challenge',
      now: site.clock.now(),
    });
    const refused = [
      await agent.connect({ proof: 'nonsense' }),
      await agent.connect({ proof: old }),
      await agent.connect({}, await IdentityKey.generate()),
      await agent.connect({ agentId: other.agentId }),
      await agent.connect({ agentId: null }),
      await agent.connect({ agentId: 'agt_00000000000000ff' }),
    ];
    for (const link of refused) expect((await link.closed).code).toBe(4401);
    const silent = await RemoteLink.open(site);
    await silent.next('challenge');
    silent.send({ type: 'heartbeat', jobs: [] });
    expect((await silent.closed).code).toBe(4401);
    const rows = await site.services.database.read.selectFrom('audit').select('body').where('chain', '=', 'access').execute();
    expect(rows.map(({ body }) => (JSON.parse(body) as { detail: { code: string } }).detail.code)).toContain('proof-nonce');
  });

  it('cuts off who does not say hello, and who says too much before it', async () => {
    await using site = await TestSite.open(await open());
    const mute = await RemoteLink.open(site);
    await mute.next('challenge');
    await site.clock.advance(10_000);
    expect((await mute.closed).code).toBe(4408);
    const loud = await RemoteLink.open(site);
    await loud.next('challenge');
    loud.send({ type: 'heartbeat', jobs: Array.from({ length: 3000 }, (_, fence) => ({ jobId: 'job_0000000000000001', fence })) });
    expect((await loud.closed).code).toBe(4400);
  });

  it('signs what it orders, numbers it above what the agent has taken, and never leases to others', async () => {
    await using site = await TestSite.open(await open());
    const [a, b] = [await RemoteAgent.enrolled(site, 'a'), await RemoteAgent.enrolled(site, 'b')];
    const [linkA, linkB] = [await a.connect({ lastOrder: 41 }), await b.connect()];
    await linkA.next('welcome');
    await linkB.next('welcome');
    const made = await site.local<{ repository: { id: string; agentId: string } }>('POST', '/repositories', {
      name: 'a-main',
      path: '/repositories/a',
      agentId: a.agentId,
    });
    expect(made.body.repository.agentId).toBe(a.agentId);
    const lease: Lease = await linkA.next('lease');
    const order = await readOrder(lease.order ?? '', {
      keys: [site.services.keys.link.publicKey],
      now: site.clock.now(),
      audience: a.agentId,
    });
    expect(order).toMatchObject({ iss: site.services.site.id, jti: lease.jobId, n: 42, fence: 1, kind: 'initialise' });
    expect(order.payload).toMatchObject({ repository: { name: 'a-main', location: '/repositories/a' } });
    linkA.send({ type: 'started', jobId: lease.jobId, fence: 1 });
    linkA.send({
      type: 'outcome',
      outboxId: 'one',
      jobId: lease.jobId,
      fence: 1,
      status: 'succeeded',
      result: { kind: 'initialise', resticId: snapshotOf(1), passwordFile: '/keys/a.password' },
      error: null,
      summary: 'made',
    });
    await linkA.next('ack');
    await linkA.next('plans');
    const plan = await site.local<{ id: string; agentId: string }>('POST', '/plans', planDraftFor(made.body.repository.id));
    expect(plan.body.agentId).toBe(a.agentId);
    const told = await linkA.next('plans');
    const plans = await readOrder(told.order, { keys: [site.services.keys.link.publicKey], now: site.clock.now(), audience: a.agentId });
    expect(plans).toMatchObject({ iss: site.services.site.id, plans: [{ plan: { id: plan.body.id }, repository: { name: 'a-main' } }] });
    await site.local('POST', `/plans/${plan.body.id}/backup`);
    const second: Lease = await linkA.next('lease');
    expect(second).toMatchObject({ kind: 'backup', fence: 1 });
    // B says the truth about nothing of A's: it neither starts nor settles A's job.
    linkB.send({ type: 'started', jobId: second.jobId, fence: second.fence });
    expect(await linkB.next('revoked')).toMatchObject({ jobId: second.jobId });
    linkB.send({
      type: 'outcome',
      outboxId: 'two',
      jobId: second.jobId,
      fence: second.fence,
      status: 'failed',
      result: null,
      error: null,
      summary: 'forged',
    });
    await linkB.next('ack');
    expect((await site.local<{ status: string }>('GET', `/jobs/${second.jobId}`)).body.status).toBe('leased');
    expect(linkB.frames.some((frame) => frame.type === 'lease')).toBe(false);
    linkA.terminate();
    linkB.terminate();
  });

  it('raises the serial of the plans with each change only', async () => {
    await using site = await TestSite.open(await open());
    const agent = await RemoteAgent.enrolled(site);
    const serial = async (link: RemoteLink): Promise<number> => {
      const { order } = await link.next('plans');
      const read = await readOrder(order, { keys: [site.services.keys.link.publicKey], now: site.clock.now(), audience: agent.agentId });
      return read.serial as number;
    };
    const first = await agent.connect();
    const one = await serial(first);
    first.terminate();
    await first.closed;
    const second = await agent.connect({ instance: 'two' });
    expect(await serial(second)).toBe(one);
    second.terminate();
  });

  it('closes the link at once when its agent is revoked or held', async () => {
    await using site = await TestSite.open(await open());
    const agent = await RemoteAgent.enrolled(site);
    const link = await agent.connect();
    await link.next('plans');
    await decide(site, agent.agentId, 'hold');
    expect((await link.closed).code).toBe(4423);
    expect((await (await agent.connect()).closed).code).toBe(4423);
    await decide(site, agent.agentId, 'approve');
    const again = await agent.connect();
    await again.next('plans');
    await decide(site, agent.agentId, 'revoke');
    expect((await again.closed).code).toBe(4403);
    expect((await (await agent.connect()).closed).code).toBe(4403);
  });

  it('holds an agent that comes from another machine, until somebody says moved or cloned', async () => {
    await using site = await TestSite.open(await open());
    const agent = await RemoteAgent.enrolled(site);
    expect((await (await agent.connect({ machine: 'aaaa.cccc' })).closed).code).toBe(4423);
    expect(await agentOf(site, agent.agentId)).toMatchObject({ status: 'held' });
    expect(await alerts(site)).toMatchObject([{ kind: 'agent-held' }]);
    await decide(site, agent.agentId, 'split');
    expect((await (await agent.connect({ machine: 'aaaa.cccc' })).closed).code).toBe(4423);
    const known = await agent.connect({ machine: 'aaaa.-' });
    await known.next('plans');
    known.terminate();
    await known.closed;
    await (await agent.connect({ machine: 'dddd.dddd' })).closed;
    await decide(site, agent.agentId, 'keep');
    const moved = await agent.connect({ machine: 'dddd.dddd' });
    await moved.next('plans');
    moved.terminate();
    expect((await alerts(site)).filter(({ endedAt }) => endedAt === null)).toEqual([]);
  });

  it('holds an agent that comes back with an older generation than it has shown', async () => {
    await using site = await TestSite.open(await open());
    const agent = await RemoteAgent.enrolled(site);
    await agent.renew('request-one');
    // The answer was lost: it still shows the first generation, which proves nothing.
    const unsure = await agent.connect({ generation: 1 });
    await unsure.next('plans');
    unsure.terminate();
    await unsure.closed;
    const sure = await agent.connect({ generation: 2 });
    await sure.next('plans');
    sure.terminate();
    await sure.closed;
    expect((await (await agent.connect({ generation: 1 })).closed).code).toBe(4423);
    await decide(site, agent.agentId, 'accept-rollback');
    const back = await agent.connect({ generation: 1 });
    await back.next('plans');
    expect((await agent.renew<{ generation: number }>('request-two', 1)).body.generation).toBe(3);
    back.terminate();
  });

  it('keeps the first of two live copies, and says that there are two', async () => {
    await using site = await TestSite.open(await open());
    const agent = await RemoteAgent.enrolled(site);
    const first = await agent.connect();
    await first.next('plans');
    expect((await (await agent.connect({ instance: 'two' })).closed).code).toBe(4409);
    await site.clock.advance(5000);
    first.send({ type: 'heartbeat', jobs: [] });
    first.send({ type: 'policy', policyDigest: 'e', hasOwner: false });
    while ((await agentOf(site, agent.agentId)).policyDigest !== 'e') await new Promise((resolve) => setImmediate(resolve));
    expect(await alerts(site)).toMatchObject([{ kind: 'agent-clone', count: 1 }]);
    await site.clock.advance(60_000);
    expect((await (await agent.connect({ instance: 'two' })).closed).code).toBe(4423);
    expect(await agentOf(site, agent.agentId)).toMatchObject({ status: 'active', connected: true });
    first.terminate();
  });

  it('lets a new process take the place of one whose machine died without a word', async () => {
    await using site = await TestSite.open(await open());
    const agent = await RemoteAgent.enrolled(site);
    const dead = await agent.connect();
    await dead.next('plans');
    expect((await (await agent.connect({ instance: 'two' })).closed).code).toBe(4409);
    await site.clock.advance(15_000);
    const next = await agent.connect({ instance: 'two' });
    await next.next('plans');
    expect((await dead.closed).code).toBe(4408);
    expect(await alerts(site)).toEqual([]);
    // The same process over another way takes over at once.
    const moved = await agent.connect({ instance: 'two' });
    await moved.next('plans');
    expect((await next.closed).code).toBe(4408);
    moved.terminate();
  });
});

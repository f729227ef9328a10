import type { Agent, RepositoryGrant, Restore } from '@fortfail/protocol';
import { generateSealingKey, IdentityKey, SigningKey } from '@fortfail/trust';
import { expect, it } from 'vitest';
import { freshAgent } from '../agents/agent-rows.ts';
import { newId } from '../ids.ts';
import { databaseSuite } from '../testing/database-suite.ts';
import { backupResult, orderIn, readySite, type TestSite } from '../testing/test-site.ts';
import { GrantWatch } from './grant-watch.ts';

/** A second host with keys of its own. */
async function secondHost(site: TestSite): Promise<string> {
  const id = newId('agt');
  const keys = {
    identity: (await IdentityKey.generate()).thumbprint,
    sealing: (await generateSealingKey()).recipient,
    signing: SigningKey.generate().publicLine,
  };
  const row = {
    ...freshAgent,
    ...keys,
    id,
    hostname: 'host-2',
    kind: 'remote',
    version: '0.1.0',
    restore_root: '/restore',
    is_root: 1,
    last_seen_at: null,
    created_at: site.clock.now().toISOString(),
  };
  await site.services.database.transaction((tx) => tx.insertInto('agent').values(row).execute());
  return id;
}

databaseSuite('a key slot for another host', (open) => {
  const twoHosts = async () => {
    const ready = await readySite(await open());
    const other = await secondHost(ready.site);
    return { ...ready, other };
  };
  const ask = (site: TestSite, repositoryId: string, toAgentId: string) =>
    site.local<RepositoryGrant>('POST', '/grants', { repositoryId, toAgentId });

  it('is made by its own host and carried, sealed, to the other', async () => {
    const { site, agent, repositoryId, other } = await twoHosts();
    await using _site = site;
    expect((await ask(site, repositoryId, other)).body.status).toBe('asked');
    const lease = await agent.lease(site);
    expect(orderIn(lease).payload).toMatchObject({ kind: 'grant-slot', to: { agentId: other } });
    await agent.succeed(lease, { kind: 'grant-slot', grantId: 'x', keyId: 'b'.repeat(64), sealed: 'sealed bytes' });
    const watch = new GrantWatch(site.services);
    expect(await watch.round()).toBe(1);
    expect(await watch.round()).toBe(0);
    const job = await site.services.database.read.selectFrom('job').selectAll().where('kind', '=', 'accept-slot').executeTakeFirstOrThrow();
    expect(job.agent_id).toBe(other);
    expect(JSON.parse(job.payload)).toMatchObject({ from: agent.agentId, sealed: 'sealed bytes' });
  });

  it('waits for consent on its own host and is then asked for with the same words', async () => {
    const { site, agent, repositoryId, other } = await twoHosts();
    await using _site = site;
    await ask(site, repositoryId, other);
    const first = await agent.lease(site);
    await agent.fail(first, { kind: 'denied', code: 'consent-needed', message: 'unable to, its words are: a b c d e f' });
    const listed = await site.local<{ items: RepositoryGrant[] }>('GET', '/grants');
    expect(listed.body.items).toMatchObject([{ status: 'asked', sentence: expect.stringContaining('a b c d e f') }]);
    await ask(site, repositoryId, other);
    expect(orderIn(await agent.lease(site)).payload).toEqual(orderIn(first).payload);
  });

  it('is not made for the host itself, for one without keys, or for nobody', async () => {
    const { site, agent, repositoryId } = await twoHosts();
    await using _site = site;
    expect(await ask(site, repositoryId, agent.agentId)).toMatchObject({ status: 409, body: { code: 'grant-own' } });
    expect((await ask(site, repositoryId, newId('agt'))).status).toBe(404);
    const bare = await secondHost(site);
    await site.services.database.transaction((tx) => tx.updateTable('agent').set({ sealing: null }).where('id', '=', bare).execute());
    expect(await ask(site, repositoryId, bare)).toMatchObject({ status: 409, body: { code: 'grant-no-keys' } });
  });

  it('is what a restore on another host needs', async () => {
    const { site, agent, planId, repositoryId, other } = await twoHosts();
    await using _site = site;
    await site.local('POST', `/plans/${planId}/backup`);
    await agent.succeed(await agent.lease(site), backupResult(5, site.clock.now()));
    const points = await site.local<{ items: { id: string }[] }>('GET', '/restore-points');
    const wanted = { restorePointId: points.body.items[0]?.id, targetAgentId: other };
    expect(await site.local('POST', '/restores', wanted)).toMatchObject({ status: 409, body: { code: 'no-grant' } });
    await ask(site, repositoryId, other);
    await site.services.database.transaction((tx) => tx.updateTable('repository_grant').set({ status: 'accepted' }).execute());
    const restore = await site.local<Restore>('POST', '/restores', wanted);
    expect(restore.body).toMatchObject({ agentId: other, status: 'proposing' });
    const agents = await site.local<{ items: Agent[] }>('GET', '/agents');
    expect(agents.body.items.find(({ id }) => id === other)?.openJobs).toBe(1);
  });

  it('leaves a restore proposed that waits for consent, to be applied again with what was signed', async () => {
    const { site, agent, planId } = await twoHosts();
    await using _site = site;
    await site.local('POST', `/plans/${planId}/backup`);
    await agent.succeed(await agent.lease(site), backupResult(5, site.clock.now()));
    const points = await site.local<{ items: { id: string }[] }>('GET', '/restore-points');
    const { body } = await site.local<Restore>('POST', '/restores', { restorePointId: points.body.items[0]?.id });
    const proposal = {
      target: '/restore/x',
      files: 1,
      directories: 1,
      others: 0,
      bytes: 1,
      packs: 1,
      bytesToRead: 1,
      freeBytes: null,
      conflicts: [],
      conflictCount: 0,
      limits: [],
      expectedSeconds: null,
      digest: 'd'.repeat(64),
    };
    await agent.succeed(await agent.lease(site), { kind: 'propose-restore', proposal });
    const apply = () => site.local<Restore>('POST', `/restores/${body.id}/apply`, { digest: proposal.digest });
    await apply();
    await agent.fail(await agent.lease(site), { kind: 'denied', code: 'consent-needed', message: 'somebody must consent' });
    const waiting = await site.local<Restore>('GET', `/restores/${body.id}`);
    expect(waiting.body).toMatchObject({ status: 'proposed', error: { code: 'consent-needed' } });
    const consent = { by: 'ssh', signed: { text: '{"by":"ada","made":"2026-11-21T09:00:00Z"}', signature: 'x' } };
    expect((await site.local<Restore>('POST', `/restores/${body.id}/approvals`, consent)).body.approvals).toMatchObject([{ name: 'ada' }]);
    await apply();
    expect(orderIn(await agent.lease(site)).payload).toMatchObject({ kind: 'apply-restore', approvals: [consent] });
  });
});

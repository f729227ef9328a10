import type { Alert, Overview } from '@fortfail/protocol';
import { sql } from 'kysely';
import { expect, it } from 'vitest';
import { databaseSuite } from '../testing/database-suite.ts';
import { backupResult, drillResult, readySite, type TestAgent, type TestSite } from '../testing/test-site.ts';
import { AlertWatch } from './alert-watch.ts';

databaseSuite('what is watched', (open) => {
  const listed = async (site: TestSite, query = '') => (await site.local<{ items: Alert[] }>('GET', `/alerts${query}`)).body.items;
  const backUp = async (site: TestSite, agent: TestAgent, planId: string, n: number, status: 'succeeded' | 'partial' = 'succeeded') => {
    await site.local('POST', `/plans/${planId}/backup`);
    await agent.succeed(await agent.lease(site), backupResult(n, site.clock.now(), status === 'partial' ? 1 : 0), status);
  };
  const drill = async (site: TestSite, agent: TestAgent, planId: string, outcome: 'passed' | 'failed') => {
    await site.local('POST', `/plans/${planId}/drill`);
    await agent.succeed(await agent.lease(site), drillResult(outcome, site.clock.now()));
  };

  it('raises an alert when a promise breaks, keeps its words true and ends it when the promise is kept again', async () => {
    const { site, agent, planId } = await readySite(await open());
    await using _site = site;
    const watch = new AlertWatch(site.services);
    await backUp(site, agent, planId, 10);
    await drill(site, agent, planId, 'passed');
    await watch.round();
    expect(await listed(site)).toEqual([]);
    await site.clock.advance(3 * 3_600_000);
    await watch.round();
    const [raised] = await listed(site);
    expect(raised).toMatchObject({ kind: 'promise', severity: 'broken', object: { kind: 'plan', id: planId }, count: 1, endedAt: null });
    await site.clock.advance(3_600_000);
    await watch.round();
    const [later] = await listed(site);
    expect(later).toMatchObject({ id: raised?.id, count: 1, lastAt: raised?.lastAt });
    expect(later?.sentence).not.toBe(raised?.sentence);
    await backUp(site, agent, planId, 11);
    await watch.round();
    expect(await listed(site, '?open=true')).toEqual([]);
    expect(await listed(site, '?open=false')).toMatchObject([{ id: raised?.id }]);
  });

  it('says of a failed drill and of a partial backup until a better one', async () => {
    const { site, agent, planId } = await readySite(await open());
    await using _site = site;
    const watch = new AlertWatch(site.services);
    await backUp(site, agent, planId, 10);
    await drill(site, agent, planId, 'failed');
    await site.clock.advance(1000);
    await backUp(site, agent, planId, 11, 'partial');
    await watch.round();
    expect((await listed(site)).map(({ kind }) => kind).sort()).toEqual(['backup-partial', 'drill-failed']);
    const counted = await site.local<Overview>('GET', '/overview');
    expect(counted.body.alerts).toEqual({ open: 2, unacknowledged: 2 });
    await site.clock.advance(1000);
    await backUp(site, agent, planId, 12);
    await drill(site, agent, planId, 'passed');
    await watch.round();
    expect(await listed(site, '?open=true')).toEqual([]);
  });

  it('calls an agent silent only while work waits for it, and not before it had time to come', async () => {
    const { site, agent, planId } = await readySite(await open());
    await using _site = site;
    const watch = new AlertWatch(site.services);
    agent.close();
    await site.clock.advance(10 * 60_000);
    await watch.round();
    expect(await listed(site)).toEqual([]);
    await site.local('POST', `/plans/${planId}/backup`);
    await watch.round();
    expect(await listed(site)).toMatchObject([{ kind: 'agent-silent', object: { kind: 'agent', id: agent.agentId }, severity: 'at-risk' }]);
    await new AlertWatch(site.services).round();
    expect(await listed(site, '?open=true')).toHaveLength(1);
    const fresh = await readySite(await open());
    await using _fresh = fresh.site;
    fresh.agent.close();
    await fresh.site.clock.advance(10 * 60_000);
    await fresh.site.local('POST', `/plans/${fresh.planId}/backup`);
    await new AlertWatch(fresh.site.services).round();
    expect(await listed(fresh.site)).toEqual([]);
  });

  it('says that the audit chain is broken, with the record', async () => {
    const database = await open();
    const { site } = await readySite(database);
    await using _site = site;
    const watch = new AlertWatch(site.services);
    await watch.verify();
    expect(await listed(site)).toEqual([]);
    await database.transaction(async (tx) => {
      if (database.engine === 'sqlite') await sql.raw('drop trigger audit_no_update').execute(tx);
      else await sql.raw('alter table audit disable trigger audit_no_change').execute(tx);
      await tx.updateTable('audit').set({ body: '{}' }).where('chain', '=', 'main').where('seq', '=', 2).execute();
    });
    await watch.verify();
    const [alert] = await listed(site);
    expect(alert).toMatchObject({ kind: 'audit-broken', severity: 'broken' });
    expect(alert?.sentence).toContain('at record 2');
  });

  it('is acknowledged once, by whom it says, and pages with open ones first', async () => {
    const { site, agent, planId } = await readySite(await open());
    await using _site = site;
    const watch = new AlertWatch(site.services);
    await backUp(site, agent, planId, 10);
    await drill(site, agent, planId, 'failed');
    await watch.round();
    await drill(site, agent, planId, 'passed');
    await watch.round();
    await site.clock.advance(1000);
    await backUp(site, agent, planId, 11, 'partial');
    await drill(site, agent, planId, 'failed');
    await watch.round();
    const seen: Alert[] = [];
    for (let cursor = ''; ; ) {
      const page = (await site.local<{ items: Alert[]; nextCursor: string | null }>('GET', `/alerts?limit=1${cursor}`)).body;
      seen.push(...page.items);
      if (page.nextCursor === null) break;
      cursor = `&cursor=${page.nextCursor}`;
    }
    expect(seen.map(({ endedAt }) => endedAt === null)).toEqual([true, true, false]);
    const first = await site.person('ann', [{ role: 'operator', scope: `plan:${planId}` }]);
    const path = `/alerts/${seen[0]?.id}/acknowledge`;
    const done = await site.browser<Alert>('POST', path, { cookie: first.cookie, body: {} });
    expect(done.body).toMatchObject({ acknowledgedBy: 'ann' });
    expect((await site.local<Alert>('POST', path)).body).toMatchObject({ acknowledgedBy: 'ann' });
    const other = await site.person('bob', [{ role: 'operator', scope: 'host:agt_0000000000000000' }]);
    expect((await site.browser('POST', path, { cookie: other.cookie, body: {} })).status).toBe(404);
    expect((await site.browser<{ items: Alert[] }>('GET', '/alerts', { cookie: other.cookie })).body.items).toEqual([]);
  });
});

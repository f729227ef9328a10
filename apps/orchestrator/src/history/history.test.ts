import type { Job, RestorePoint } from '@fortfail/protocol';
import { expect, it } from 'vitest';
import { verifyChain } from '../audit/verify.ts';
import { Scheduler } from '../scheduler/scheduler.ts';
import { databaseSuite } from '../testing/database-suite.ts';
import { backupResult, readySite, type TestAgent, type TestSite } from '../testing/test-site.ts';
import { History, historyLimits } from './history.ts';

const dayMs = 24 * 3_600_000;

databaseSuite('history', (open) => {
  const backUp = async (site: TestSite, agent: TestAgent, planId: string, n: number): Promise<string> => {
    await site.local('POST', `/plans/${planId}/backup`);
    const lease = await agent.lease(site);
    await agent.start(lease);
    const at = site.clock.now().toISOString();
    await agent.send({ type: 'log', jobId: lease.jobId, fence: lease.fence, lines: [{ at, level: 'info', message: `backup ${n}` }] });
    await agent.succeed(lease, backupResult(n, site.clock.now()));
    return lease.jobId;
  };
  const log = async (site: TestSite, id: string) => (await site.local<{ lines: unknown[] }>('GET', `/jobs/${id}/log`)).body.lines;

  it('removes old logs, then old jobs and slots, and never a restore point or an audit record', async () => {
    const { site, agent, planId } = await readySite(await open());
    await using _site = site;
    const history = new History(site.services);
    const old = await backUp(site, agent, planId, 5);
    await site.clock.advance(3_600_000);
    await new Scheduler(site.services).round();
    const scheduled = await agent.lease(site);
    await agent.succeed(scheduled, backupResult(6, site.clock.now()));
    await site.clock.advance((historyLimits.logDays + 1) * dayMs);
    const recent = await backUp(site, agent, planId, 7);
    expect(await history.prune()).toEqual({ logs: 1, jobs: 0, slots: 0 });
    expect(await log(site, old)).toEqual([]);
    expect(await log(site, recent)).toHaveLength(1);
    await site.clock.advance((historyLimits.jobDays - 10) * dayMs);
    // The one that made the repository, and two backups.
    expect(await history.prune()).toEqual({ logs: 1, jobs: 3, slots: 0 });
    expect((await site.local<Job>('GET', `/jobs/${old}`)).status).toBe(404);
    expect((await site.local<Job>('GET', `/jobs/${recent}`)).status).toBe(200);
    await site.clock.advance((historyLimits.slotDays - historyLimits.jobDays) * dayMs);
    expect(await history.prune()).toMatchObject({ jobs: 1, slots: 1 });
    expect(await history.prune()).toEqual({ logs: 0, jobs: 0, slots: 0 });
    const points = (await site.local<{ items: RestorePoint[] }>('GET', '/restore-points')).body.items;
    expect(points).toHaveLength(3);
    expect(await verifyChain(site.services.database.read, 'main')).toMatchObject({ whole: true });
  });

  it('keeps no more jobs than the limit, and every open one', async () => {
    const { site, agent, planId } = await readySite(await open());
    await using _site = site;
    for (let n = 5; n < 10; n += 1) {
      await site.clock.advance(1000);
      await backUp(site, agent, planId, n);
    }
    await site.clock.advance(1000);
    await site.local('POST', `/plans/${planId}/backup`);
    expect(await new History(site.services, { ...historyLimits, jobs: 2 }).prune()).toMatchObject({ jobs: 4 });
    const jobs = (await site.local<{ items: Job[] }>('GET', '/jobs')).body.items;
    expect(jobs.map(({ status }) => status)).toEqual(
      ['queued', 'succeeded', 'succeeded'].map((status) => expect.stringMatching(status === 'queued' ? /queued|leased/ : status)),
    );
  });
});

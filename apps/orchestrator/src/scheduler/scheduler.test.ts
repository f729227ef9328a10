import type { Slot } from '@fortfail/protocol';
import { expect, it } from 'vitest';
import { databaseSuite } from '../testing/database-suite.ts';
import { backupResult, planDraftFor, readySite, type TestSite } from '../testing/test-site.ts';
import { Scheduler } from './scheduler.ts';

const hour = 3_600_000;

databaseSuite('the scheduler', (open) => {
  const setUp = async () => {
    const ready = await readySite(await open());
    return { ...ready, scheduler: new Scheduler(ready.site.services) };
  };
  const slotsOf = async (site: TestSite, planId: string): Promise<Slot[]> =>
    (await site.local<{ items: Slot[] }>('GET', `/plans/${planId}/slots`)).body.items.toReversed();

  it('makes a job of a due slot and tells the slot how it went', async () => {
    const { site, agent, planId, scheduler } = await setUp();
    await using _site = site;
    await scheduler.round();
    expect(await slotsOf(site, planId)).toEqual([]);
    await site.clock.advance(hour);
    await scheduler.round();
    await scheduler.round();
    expect(await slotsOf(site, planId)).toMatchObject([{ status: 'due', kind: 'backup', dueAt: '2026-11-21T10:00:00.000Z' }]);
    const lease = await agent.lease(site);
    await agent.start(lease);
    expect(await slotsOf(site, planId)).toMatchObject([{ status: 'running', jobId: lease.jobId }]);
    await agent.succeed(lease, backupResult(1, site.clock.now()));
    expect(await slotsOf(site, planId)).toMatchObject([{ status: 'complete', reason: null }]);
  });

  it('records what it missed while it was down and makes up for it once', async () => {
    const { site, planId, scheduler } = await setUp();
    await using _site = site;
    await site.clock.advance(5 * hour + 30 * 60_000);
    await scheduler.round();
    const slots = await slotsOf(site, planId);
    expect(slots.map((slot) => slot.status)).toEqual(['missed', 'missed', 'missed', 'missed', 'due']);
    const jobs = await site.local<{ items: { kind: string; cause: string }[] }>('GET', `/jobs?planId=${planId}`);
    expect(jobs.body.items).toMatchObject([{ kind: 'backup', cause: 'catch-up' }]);
  });

  it('skips a slot while the job before it is open, and says so', async () => {
    const { site, planId, scheduler } = await setUp();
    await using _site = site;
    await site.clock.advance(hour);
    await scheduler.round();
    await site.clock.advance(hour);
    await scheduler.round();
    const slots = await slotsOf(site, planId);
    expect(slots).toMatchObject([{ status: 'due' }, { status: 'skipped', jobId: null }]);
    expect(slots[1]?.reason).toContain('still runs');
  });

  it('drills the newest complete point, and skips the slot when there is none', async () => {
    const { site, agent, repositoryId, scheduler } = await setUp();
    await using _site = site;
    const draft = planDraftFor(repositoryId, { name: 'drilled', schedule: { cron: '0 0 1 1 *' }, drillSchedule: { cron: '30 * * * *' } });
    const { id } = (await site.local<{ id: string }>('POST', '/plans', draft)).body;
    await site.clock.advance(31 * 60_000);
    await scheduler.round();
    expect(await slotsOf(site, id)).toMatchObject([
      { kind: 'drill', status: 'skipped', reason: 'there is no complete restore point to drill' },
    ]);
    await site.local('POST', `/plans/${id}/backup`);
    const lease = await agent.lease(site);
    await agent.succeed(lease, backupResult(7, site.clock.now()));
    await site.clock.advance(hour);
    await scheduler.round();
    expect((await slotsOf(site, id)).at(-1)).toMatchObject({ kind: 'drill', status: 'due' });
  });

  it('leaves plans that are switched off alone and begins anew when they are on again', async () => {
    const { site, planId, repositoryId, scheduler } = await setUp();
    await using _site = site;
    await site.local('PUT', `/plans/${planId}`, planDraftFor(repositoryId, { enabled: false }), { 'if-match': '"1"' });
    await site.clock.advance(3 * hour);
    await scheduler.round();
    await site.local('PUT', `/plans/${planId}`, planDraftFor(repositoryId, { enabled: true }), { 'if-match': '"2"' });
    await scheduler.round();
    expect(await slotsOf(site, planId)).toEqual([]);
    await site.clock.advance(hour);
    await scheduler.round();
    expect(await slotsOf(site, planId)).toMatchObject([{ status: 'due' }]);
  });

  it('records a slot once when two schedulers look at the same time', async () => {
    const { site, planId, scheduler } = await setUp();
    await using _site = site;
    await site.clock.advance(hour);
    await Promise.all([scheduler.round(), new Scheduler(site.services).round(), new Scheduler(site.services).round()]);
    expect(await slotsOf(site, planId)).toHaveLength(1);
    expect((await site.local<{ items: object[] }>('GET', `/jobs?planId=${planId}`)).body.items).toHaveLength(1);
  });

  it('records every slot of a long downtime', async () => {
    const { site, repositoryId, scheduler } = await setUp();
    await using _site = site;
    const { id } = (
      await site.local<{ id: string }>('POST', '/plans', planDraftFor(repositoryId, { name: 'often', schedule: { cron: '* * * * *' } }))
    ).body;
    await site.clock.advance(12 * hour);
    await scheduler.round();
    const slots = (await site.local<{ items: Slot[] }>('GET', `/plans/${id}/slots?limit=1000`)).body.items;
    expect(slots).toHaveLength(720);
    expect(slots.filter((slot) => slot.jobId !== null)).toHaveLength(1);
    expect(slots[0]?.jobId).not.toBeNull();
  });
});

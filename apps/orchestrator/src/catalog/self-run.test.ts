import type { Alert, Job, RestorePoint, Slot } from '@fortfail/protocol';
import { expect, it } from 'vitest';
import { databaseSuite } from '../testing/database-suite.ts';
import { backupResult, readySite, snapshotOf, type TestAgent, type TestSite } from '../testing/test-site.ts';

interface Page<T> {
  readonly items: T[];
}

databaseSuite('what an agent did and saw by itself', (open) => {
  const items = async <T>(site: TestSite, path: string): Promise<T[]> => (await site.local<Page<T>>('GET', path)).body.items;
  const audited = async (site: TestSite, action: string): Promise<number> => (await items(site, `/audit?action=${action}`)).length;
  const selfRun = (planId: string, site: TestSite, more: object = {}) => ({
    type: 'self-run' as const,
    outboxId: '00000000000000a1',
    planId,
    dueAt: '2026-11-21T09:00:00Z',
    status: 'succeeded' as const,
    result: backupResult(7, site.clock.now()),
    error: null,
    summary: 'Backed up 3 files.',
    ...more,
  });
  const acks = (agent: TestAgent): string[] =>
    agent.frames.flatMap((frame) => (frame.type === 'ack' && !frame.outboxId.startsWith('job_') ? [frame.outboxId] : []));

  it('a self-run becomes an ended job, a restore point, a slot and an alert, once however often it is told', async () => {
    const { site, agent, planId } = await readySite(await open());
    await using _site = site;
    for (let times = 0; times < 3; times += 1) await agent.send(selfRun(planId, site));
    expect(acks(agent)).toEqual(['00000000000000a1', '00000000000000a1', '00000000000000a1']);
    const jobs = (await items<Job>(site, `/jobs?planId=${planId}`)).filter(({ cause }) => cause === 'self-run');
    expect(jobs).toMatchObject([{ kind: 'backup', status: 'succeeded', planName: 'etc', outcome: 'Backed up 3 files.' }]);
    const points = await items<RestorePoint>(site, '/restore-points');
    expect(points).toMatchObject([{ snapshot: snapshotOf(7), grade: 'complete', planId }]);
    const slots = await items<Slot>(site, `/plans/${planId}/slots?since=2026-11-21T08:59:00Z`);
    expect(slots.find(({ dueAt, kind }) => kind === 'backup' && dueAt.startsWith('2026-11-21T09:00'))).toMatchObject({
      status: 'complete',
      jobId: jobs[0]?.id,
    });
    expect((await items<Alert>(site, '/alerts')).filter(({ kind }) => kind === 'self-run')).toMatchObject([
      { object: { kind: 'plan', id: planId }, count: 1 },
    ]);
    expect(await audited(site, 'self-run.record')).toBe(1);
  });

  it('the alert ends with the next backup that was ordered', async () => {
    const { site, agent, planId } = await readySite(await open());
    await using _site = site;
    await agent.send(selfRun(planId, site));
    await site.local('POST', `/plans/${planId}/backup`);
    const lease = await agent.lease(site);
    await agent.start(lease);
    await agent.succeed(lease, backupResult(8, site.clock.now()));
    const alerts = (await items<Alert>(site, '/alerts')).filter(({ kind }) => kind === 'self-run');
    expect(alerts.every(({ endedAt }) => endedAt !== null)).toBe(true);
  });

  it('takes no self-run of a plan that is not that agent’s, and no moment that the schedule does not have', async () => {
    const { site, agent, planId } = await readySite(await open());
    await using _site = site;
    await agent.send(selfRun('pln_00000000000000ff', site));
    expect(await items<RestorePoint>(site, '/restore-points')).toEqual([]);
    expect(await audited(site, 'self-run.refuse')).toBe(1);
    await agent.send(selfRun(planId, site, { outboxId: '00000000000000a2', dueAt: '2026-11-21T08:13:37Z' }));
    expect(await items<RestorePoint>(site, '/restore-points')).toHaveLength(1);
    const slots = await items<Slot>(site, `/plans/${planId}/slots?since=2026-11-21T08:00:00Z`);
    expect(slots.filter(({ dueAt }) => dueAt.includes(':13:'))).toEqual([]);
  });

  it('a failed self-run makes no point, and a worse alert', async () => {
    const { site, agent, planId } = await readySite(await open());
    await using _site = site;
    const error = { kind: 'not-found', code: 'password-missing', message: 'unable to find the password' };
    await agent.send(selfRun(planId, site, { status: 'failed', result: null, error, summary: error.message }));
    expect(await items<RestorePoint>(site, '/restore-points')).toEqual([]);
    expect((await items<Alert>(site, '/alerts')).find(({ kind }) => kind === 'self-run')).toMatchObject({ severity: 'broken' });
  });

  it('an alarm is recorded and shown once, and one of a kind that we do not know as what it is', async () => {
    const { site, agent } = await readySite(await open());
    await using _site = site;
    const alarm = { type: 'alarm' as const, at: '2026-11-21T09:00:00Z', jobId: null };
    for (let times = 0; times < 2; times += 1)
      await agent.send({ ...alarm, outboxId: 'b1', kind: 'order-refused', sentence: 'An order was refused: it is outside the paths.' });
    await agent.send({ ...alarm, outboxId: 'b2', kind: 'new-in-2030', sentence: '<img onerror=x>' });
    const alerts = (await items<Alert>(site, '/alerts')).filter(({ object }) => object.kind === 'agent');
    expect(alerts).toHaveLength(2);
    expect(alerts).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ kind: 'order-refused', severity: 'at-risk', count: 1 }),
        expect.objectContaining({ kind: 'agent-alarm', sentence: '<img onerror=x>' }),
      ]),
    );
    expect(await audited(site, 'agent.alarm')).toBe(2);
    expect(acks(agent)).toEqual(['b1', 'b1', 'b2']);
  });
});

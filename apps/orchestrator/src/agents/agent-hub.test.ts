import type { Drill, Job, Repository, Restore, RestorePoint } from '@fortfail/protocol';
import { expect, it } from 'vitest';
import { databaseSuite } from '../testing/database-suite.ts';
import { backupResult, drillResult, orderIn, readySite, snapshotOf, TestAgent, type TestSite } from '../testing/test-site.ts';

databaseSuite('the agent link', (open) => {
  const backUp = async (site: TestSite, agent: TestAgent, planId: string, n: number, errors = 0): Promise<RestorePoint> => {
    await site.local('POST', `/plans/${planId}/backup`);
    const lease = await agent.lease(site);
    await agent.start(lease);
    await agent.succeed(lease, backupResult(n, site.clock.now(), errors), errors > 0 ? 'partial' : 'succeeded');
    await site.clock.advance(1000);
    const points = await site.local<{ items: RestorePoint[] }>('GET', '/restore-points');
    const point = points.body.items.find((one) => one.snapshot === snapshotOf(n));
    if (point === undefined) throw new Error('no point');
    return point;
  };

  it('makes a repository, backs up, drills and grades', async () => {
    const { site, agent, planId, repositoryId } = await readySite(await open());
    await using _site = site;
    expect((await site.local<Repository>('GET', `/repositories/${repositoryId}`)).body).toMatchObject({
      status: 'ready',
      resticId: snapshotOf(1),
      passwordFile: '/keys/main.password',
    });
    const point = await backUp(site, agent, planId, 5);
    expect(point).toMatchObject({ grade: 'complete', files: 3, planName: 'etc', kind: 'files' });
    const started = await site.local<{ job: Job }>('POST', `/plans/${planId}/drill`);
    const lease = await agent.lease(site);
    expect(orderIn(lease).payload).toMatchObject({ kind: 'drill', snapshot: point.snapshot, drillId: started.body.job.drillId });
    await agent.start(lease);
    await agent.succeed(lease, drillResult('passed', site.clock.now()));
    const drill = (await site.local<Drill>('GET', `/drills/${started.body.job.drillId}`)).body;
    expect(drill).toMatchObject({ outcome: 'passed', rtoSeconds: 2.5, promisedRtoSeconds: 600, jobId: lease.jobId, rpoSeconds: 1 });
    expect((await site.local<RestorePoint>('GET', `/restore-points/${point.id}`)).body).toMatchObject({
      grade: 'drilled',
      lastDrillId: drill.id,
    });
    const state = (await site.local<{ verdict: string }>('GET', `/plans/${planId}`)).body;
    expect(state.verdict).toBe('kept');
  });

  it('takes the claim back when a drill fails', async () => {
    const { site, agent, planId } = await readySite(await open());
    await using _site = site;
    const point = await backUp(site, agent, planId, 5);
    for (const outcome of ['passed', 'failed'] as const) {
      await site.local('POST', `/restore-points/${point.id}/drill`);
      const lease = await agent.lease(site);
      await site.clock.advance(1000);
      await agent.succeed(lease, drillResult(outcome, site.clock.now()));
    }
    expect((await site.local<RestorePoint>('GET', `/restore-points/${point.id}`)).body.grade).toBe('complete');
    expect((await site.local<{ verdict: string }>('GET', `/plans/${planId}`)).body.verdict).toBe('broken');
  });

  it('grades what was fully read as checked, and keeps a partial point partial', async () => {
    const { site, agent, planId, repositoryId } = await readySite(await open());
    await using _site = site;
    const whole = await backUp(site, agent, planId, 5);
    const partial = await backUp(site, agent, planId, 6, 2);
    expect(partial.grade).toBe('partial');
    await site.local('POST', `/repositories/${repositoryId}/check`);
    const lease = await agent.lease(site);
    await agent.succeed(lease, { kind: 'check', packs: 1, blobs: 2, bytesRead: 3, errors: [], snapshots: [snapshotOf(5), snapshotOf(6)] });
    expect((await site.local<RestorePoint>('GET', `/restore-points/${whole.id}`)).body.grade).toBe('checked');
    expect((await site.local<RestorePoint>('GET', `/restore-points/${partial.id}`)).body.grade).toBe('partial');
  });

  it('proposes a restore, applies exactly what was shown, and reports', async () => {
    const { site, agent, planId } = await readySite(await open());
    await using _site = site;
    const point = await backUp(site, agent, planId, 5);
    const { id } = (await site.local<Restore>('POST', '/restores', { restorePointId: point.id, include: ['/etc/a'] })).body;
    const proposeLease = await agent.lease(site);
    expect(orderIn(proposeLease).payload).toMatchObject({ kind: 'propose-restore', restoreId: id, include: ['/etc/a'], target: null });
    const digest = 'd'.repeat(64);
    const proposal = {
      target: '/restore/x',
      files: 1,
      directories: 0,
      others: 0,
      bytes: 9,
      packs: 1,
      bytesToRead: 9,
      freeBytes: null,
      conflicts: [],
      conflictCount: 0,
      limits: [],
      expectedSeconds: null,
      digest,
    };
    await agent.succeed(proposeLease, { kind: 'propose-restore', proposal });
    expect((await site.local<Restore>('GET', `/restores/${id}`)).body).toMatchObject({ status: 'proposed', proposal: { digest } });
    const wrong = await site.local<{ code: string }>('POST', `/restores/${id}/apply`, { digest: 'e'.repeat(64) });
    expect([wrong.status, wrong.body.code]).toEqual([409, 'proposal-changed']);
    expect((await site.local('POST', `/restores/${id}/apply`, { digest })).status).toBe(202);
    expect((await site.local<{ code: string }>('POST', `/restores/${id}/apply`, { digest })).body.code).toBe('restore-not-proposed');
    const applyLease = await agent.lease(site);
    expect(orderIn(applyLease).payload).toMatchObject({ kind: 'apply-restore', target: '/restore/x', digest });
    await agent.start(applyLease);
    const report = { files: 1, bytes: 9, verifiedBytes: 9, errors: 0, rtoSeconds: 0.5, phases: [], target: '/restore/x' };
    await agent.succeed(applyLease, { kind: 'apply-restore', report });
    expect((await site.local<Restore>('GET', `/restores/${id}`)).body).toMatchObject({ status: 'succeeded', report });
  });

  it('forgets named points only, and never the last complete one', async () => {
    const { site, agent, planId } = await readySite(await open());
    await using _site = site;
    const old = await backUp(site, agent, planId, 5);
    const newest = await backUp(site, agent, planId, 6);
    const refused = await site.local<{ code: string }>('POST', `/plans/${planId}/forget`, { restorePointIds: [old.id, newest.id] });
    expect([refused.status, refused.body.code]).toEqual([409, 'last-good-point']);
    await site.local('POST', `/plans/${planId}/forget`, { restorePointIds: [old.id] });
    const lease = await agent.lease(site);
    expect(orderIn(lease).payload).toMatchObject({ kind: 'forget', snapshots: [old.snapshot] });
    await agent.succeed(lease, { kind: 'forget', forgotten: [old.snapshot], refused: [] });
    const left = (await site.local<{ items: RestorePoint[] }>('GET', '/restore-points')).body.items;
    expect(left.map((point) => point.id)).toEqual([newest.id]);
    expect((await site.local<RestorePoint>('GET', `/restore-points/${old.id}`)).body.forgottenAt).not.toBeNull();
    expect((await site.local('POST', `/restore-points/${old.id}/drill`)).status).toBe(409);
  });

  it('acknowledges a repeated outcome without doing it twice', async () => {
    const { site, agent, planId } = await readySite(await open());
    await using _site = site;
    await site.local('POST', `/plans/${planId}/backup`);
    const lease = await agent.lease(site);
    agent.frames.length = 0;
    await agent.succeed(lease, backupResult(5, site.clock.now()));
    await agent.succeed(lease, backupResult(5, site.clock.now()));
    expect(agent.frames.filter((frame) => frame.type === 'ack')).toHaveLength(2);
    expect((await site.local<{ items: RestorePoint[] }>('GET', '/restore-points')).body.items).toHaveLength(1);
  });

  it('lists the snapshot of an attempt that no longer counts, and leaves the job as it is', async () => {
    const { site, agent, planId } = await readySite(await open());
    await using _site = site;
    await site.local('POST', `/plans/${planId}/backup`);
    const first = await agent.lease(site);
    await agent.start(first);
    await site.clock.advance(31_000);
    await site.services.queue.sweep();
    const second = await agent.lease(site);
    expect(second.fence).toBe(2);
    await agent.succeed(first, backupResult(5, site.clock.now()));
    expect((await site.local<Job>('GET', `/jobs/${second.jobId}`)).body).toMatchObject({ status: 'leased', restorePointId: null });
    await agent.succeed(second, backupResult(6, site.clock.now()));
    await agent.succeed(first, backupResult(5, site.clock.now()));
    const points = (await site.local<{ items: RestorePoint[] }>('GET', '/restore-points')).body.items;
    expect(points.map(({ snapshot, grade }) => [snapshot, grade]).sort()).toEqual([
      [snapshotOf(5), 'complete'],
      [snapshotOf(6), 'complete'],
    ]);
    const ended = (await site.local<Job>('GET', `/jobs/${second.jobId}`)).body;
    expect(points.find(({ id }) => id === ended.restorePointId)?.snapshot).toBe(snapshotOf(6));
  });

  it('lists what an earlier attempt left without a word, as partial', async () => {
    const { site, agent, planId } = await readySite(await open());
    await using _site = site;
    await backUp(site, agent, planId, 5);
    const newest = (await site.local<{ items: RestorePoint[] }>('GET', '/restore-points')).body.items[0];
    await site.local('POST', `/plans/${planId}/backup`);
    const lease = await agent.lease(site);
    expect(orderIn(lease).payload).toMatchObject({ since: newest?.time });
    const { kind: _kind, ...untold } = backupResult(6, site.clock.now());
    const { kind: _known, ...known } = backupResult(5, site.clock.now());
    await agent.succeed(lease, { ...backupResult(7, site.clock.now()), found: [known, untold] });
    const points = (await site.local<{ items: RestorePoint[] }>('GET', '/restore-points')).body.items;
    expect(points.map(({ snapshot, grade }) => [snapshot, grade]).sort()).toEqual([
      [snapshotOf(5), 'complete'],
      [snapshotOf(6), 'partial'],
      [snapshotOf(7), 'complete'],
    ]);
  });

  it('asks the agent for file names and passes its errors on', async () => {
    const { site, agent, planId } = await readySite(await open());
    await using _site = site;
    const point = await backUp(site, agent, planId, 5);
    const ask = async (answer: { ok: boolean; result: unknown; error: { kind: string; code: string; message: string } | null }) => {
      agent.frames.length = 0;
      const asked = site.local<{ entries: object[]; code: string }>('GET', `/restore-points/${point.id}/files?path=/etc`);
      while (!agent.has('ask')) await new Promise((resolve) => setImmediate(resolve));
      const [frame] = agent.frames;
      if (frame?.type !== 'ask') throw new Error('no question');
      expect(frame.question).toMatchObject({ method: 'list-files', path: '/etc', snapshot: point.snapshot });
      await agent.send({ type: 'answer', id: frame.id, ...answer });
      return asked;
    };
    const entry = {
      name: 'a',
      path: '/etc/a',
      type: 'file',
      size: 1,
      mode: '-rw-r--r--',
      modified: '2026-01-01T00:00:00Z',
      uid: 0,
      gid: 0,
      user: 'root',
      group: 'root',
      linkTarget: null,
    };
    const listed = await ask({ ok: true, result: { restorePointId: 'x', path: '/etc', entries: [entry], nextCursor: null }, error: null });
    expect(listed.body.entries).toEqual([entry]);
    const refused = await ask({
      ok: false,
      result: null,
      error: { kind: 'wrong-password', code: 'wrong-password', message: 'unable to open repository' },
    });
    expect([refused.status, refused.body.code]).toEqual([422, 'wrong-password']);
    agent.frames.length = 0;
    const silent = site.local<{ code: string }>('GET', `/restore-points/${point.id}/files`);
    while (!agent.has('ask')) await new Promise((resolve) => setImmediate(resolve));
    await site.clock.advance(20_000);
    expect((await silent).body.code).toBe('agent-silent');
    agent.close();
    expect((await site.local<{ code: string }>('GET', `/restore-points/${point.id}/files`)).body.code).toBe('agent-not-connected');
  });

  it('welcomes a returning agent and tells it which jobs are no longer its own', async () => {
    const { site, agent, planId } = await readySite(await open());
    await using _site = site;
    await site.local('POST', `/plans/${planId}/backup`);
    const lease = await agent.lease(site);
    agent.close();
    const mine = { jobId: lease.jobId, fence: lease.fence };
    const foreign = { jobId: 'job_00000000000000ff', fence: 3 };
    const again = await TestAgent.connect(site, { agentId: agent.agentId, instance: 'two', jobs: [mine, foreign] });
    expect(again.agentId).toBe(agent.agentId);
    expect(again.frames[0]).toMatchObject({ type: 'welcome', revoked: [foreign] });
    await again.succeed(lease, backupResult(5, site.clock.now()));
    expect((await site.local<Job>('GET', `/jobs/${lease.jobId}`)).body.status).toBe('succeeded');
  });

  it('takes the resident agent that lost its id for the one it knows, and refuses a second live one', async () => {
    const { site, agent } = await readySite(await open());
    await using _site = site;
    const second = await TestAgent.connect(site, { instance: 'two' });
    expect(second.closeCode).toBe(4409);
    agent.close();
    const third = await TestAgent.connect(site, { instance: 'three' });
    expect(third.agentId).toBe(agent.agentId);
    expect((await site.local<{ items: { connected: boolean }[] }>('GET', '/agents')).body.items).toMatchObject([{ connected: true }]);
  });

  it('ends a conversation that makes no sense', async () => {
    const { site } = await readySite(await open());
    await using _site = site;
    const stranger = await TestAgent.connect(site, { agentId: 'agt_00000000000000aa' });
    await stranger.sendText('{"v":1,"type":"surprise"}');
    expect(stranger.closeCode).toBe(4400);
    const garbage = await TestAgent.connect(site, { agentId: 'agt_00000000000000ab' });
    await garbage.sendText('not json');
    expect(garbage.closeCode).toBe(4400);
  });

  it('keeps progress live and the log bounded', async () => {
    const { site, agent, planId } = await readySite(await open());
    await using _site = site;
    await site.local('POST', `/plans/${planId}/backup`);
    const lease = await agent.lease(site);
    await agent.start(lease);
    const progress = {
      phase: 'archive',
      filesDone: 1,
      filesTotal: 2,
      bytesDone: 3,
      bytesTotal: 4,
      errors: 0,
      current: ['/etc/a'],
      bytesPerSecond: null,
      secondsRemaining: null,
    };
    await agent.send({ type: 'progress', jobId: lease.jobId, fence: lease.fence, progress });
    expect((await site.local<Job>('GET', `/jobs/${lease.jobId}`)).body.progress).toEqual(progress);
    const line = (n: number) => ({ at: site.clock.now().toISOString(), level: 'info' as const, message: `line ${n}` });
    for (let part = 0; part < 5; part += 1) {
      await agent.send({
        type: 'log',
        jobId: lease.jobId,
        fence: lease.fence,
        lines: Array.from({ length: 300 }, (_, n) => line(part * 300 + n)),
      });
    }
    const log = (await site.local<{ lines: { message: string }[]; truncated: boolean }>('GET', `/jobs/${lease.jobId}/log`)).body;
    expect(log.truncated).toBe(true);
    expect([log.lines.length, log.lines[0]?.message, log.lines.at(-1)?.message]).toEqual([1000, 'line 500', 'line 1499']);
    await agent.succeed(lease, backupResult(5, site.clock.now()));
    expect((await site.local<Job>('GET', `/jobs/${lease.jobId}`)).body.progress).toBeNull();
  });
});

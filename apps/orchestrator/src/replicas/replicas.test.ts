import { readFileSync } from 'node:fs';
import { FortFailError, noLogger } from '@fortfail/base';
import type { Event, Job } from '@fortfail/protocol';
import { generateSealingKey, openWith } from '@fortfail/trust';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { readHeads, verifyAll } from '../audit/verify.ts';
import { systemContext } from '../changes/changes.ts';
import { openPostgres } from '../database/postgres-database.ts';
import { Scheduler } from '../scheduler/scheduler.ts';
import { type EmbeddedPostgres, startPostgres, whyNoPostgres } from '../testing/embedded-postgres.ts';
import { backupResult, planDraftFor, snapshotOf, TestAgent, type TestSite } from '../testing/test-site.ts';
import { TwoSites } from '../testing/two-sites.ts';
import { PostgresReplicas } from './postgres-replicas.ts';

const reason = whyNoPostgres();
if (reason !== undefined) process.stderr.write(`skipped: several orchestrators (${reason})\n`);

/** Makes a repository and a plan for an agent that is connected to `at`. */
async function readyPlan(at: TestSite, agent: TestAgent): Promise<{ planId: string; repositoryId: string }> {
  const made = await at.local<{ repository: { id: string } }>('POST', '/repositories', { name: 'main', path: '/repositories/main' });
  const lease = await agent.lease(at);
  await agent.start(lease);
  await agent.succeed(lease, { kind: 'initialise', resticId: snapshotOf(1), passwordFile: '/keys/main.password' });
  const plan = await at.local<{ id: string }>('POST', '/plans', planDraftFor(made.body.repository.id));
  return { planId: plan.body.id, repositoryId: made.body.repository.id };
}

describe.skipIf(reason !== undefined)('several orchestrators on one database', () => {
  let server: EmbeddedPostgres;
  let count = 0;
  beforeAll(async () => {
    server = await startPostgres();
    await (await openPostgres(await server.createDatabase('migrated')))[Symbol.asyncDispose]();
  });
  afterAll(() => server[Symbol.asyncDispose]());
  const open = (): Promise<TwoSites> => {
    count += 1;
    return TwoSites.open(server, `two_${count}`);
  };
  const jobOf = async (site: TestSite, id: string): Promise<Job> => (await site.local<Job>('GET', `/jobs/${id}`)).body;
  const backUp = async (site: TestSite, planId: string): Promise<string> =>
    (await site.local<{ job: Job }>('POST', `/plans/${planId}/backup`)).body.job.id;
  const endSessionOf = (site: TestSite, replica: string) =>
    sql`select pg_terminate_backend(backend::int) from replica where id = ${replica}`.execute(site.services.database.read);

  it('makes one site of an empty database, and tells each process of the other', async () => {
    await using two = await open();
    expect(two.b.site.services.site).toEqual(two.a.site.services.site);
    expect(two.a.replicas.others()).toEqual([two.b.replicas.id]);
    expect(two.b.replicas.others()).toEqual([two.a.replicas.id]);
  });

  it('has one leader, and the other takes over as soon as the first is gone', async () => {
    await using two = await open();
    expect([two.a.replicas.leader.isLeader(), two.b.replicas.leader.isLeader()]).toEqual([true, false]);
    await endSessionOf(two.b.site, two.a.replicas.id);
    await vi.waitFor(() => expect(two.a.replicas.leader.isLeader()).toBe(false));
    await two.b.replicas.beat();
    expect(two.b.replicas.leader.isLeader()).toBe(true);
    // The first comes back over a new session and finds that somebody else leads.
    await two.a.replicas.beat();
    expect(two.a.replicas.leader.isLeader()).toBe(false);
    await two.b.replicas[Symbol.asyncDispose]();
    await vi.waitFor(async () => {
      await two.a.replicas.beat();
      expect(two.a.replicas.leader.isLeader()).toBe(true);
    });
  });

  it('does not trust a leader whose last beat is long ago, and ends its session when it is stuck', async () => {
    await using two = await open();
    await two.clock.advance(10_000);
    expect(two.a.replicas.leader.isLeader()).toBe(false);
    await two.b.site.services.database.transaction((tx) =>
      tx.updateTable('replica').set({ seen_ms: 0 }).where('id', '=', two.a.replicas.id).execute(),
    );
    await vi.waitFor(async () => {
      await two.b.replicas.beat();
      expect(two.b.replicas.leader.isLeader()).toBe(true);
    });
    expect(two.a.replicas.leader.isLeader()).toBe(false);
  });

  it('refuses a process that signs with other keys than those that live', async () => {
    await using two = await open();
    await using database = await openPostgres(await server.createDatabase(`keys_${count}`, 'migrated'));
    const others = { clock: two.clock, logger: noLogger, home: 'home_000000000000000c', version: '1' };
    await using alone = new PostgresReplicas({ ...others, database, linkKey: 'SHA256:other' });
    await alone.begin();
    await using stranger = new PostgresReplicas({ ...others, database: two.a.site.services.database, linkKey: 'SHA256:other' });
    await expect(stranger.begin()).rejects.toMatchObject({ kind: 'conflict', code: 'keys-differ' });
  });

  it('tells listeners of one process what happened at the other, stored and live', async () => {
    await using two = await open();
    const heard: Event[] = [];
    let stored = 0;
    const hearStored = (): void => {
      stored += 1;
    };
    using _listening = two.b.site.services.feed.listen({ stored: hearStored, live: (event) => void heard.push(event) });
    const agent = await TestAgent.connect(two.a.site);
    await vi.waitFor(() => expect(stored).toBeGreaterThan(0));
    const { planId } = await readyPlan(two.a.site, agent);
    const jobId = await backUp(two.b.site, planId);
    const lease = await agent.next('lease');
    await agent.start(lease);
    const progress = { phase: 'reading', filesDone: 1, filesTotal: null, bytesDone: 10, bytesTotal: null, errors: 0 };
    const message = 'x'.repeat(1900);
    const lines = Array.from({ length: 40 }, () => ({ at: two.clock.now().toISOString(), level: 'info' as const, message }));
    await agent.send({ type: 'log', jobId, fence: lease.fence, lines });
    await agent.send({
      type: 'progress',
      jobId,
      fence: lease.fence,
      progress: { ...progress, current: [], bytesPerSecond: null, secondsRemaining: null },
    });
    await vi.waitFor(() => expect(heard.flatMap((event) => (event.type === 'job.log' ? event.lines : []))).toHaveLength(40));
    await vi.waitFor(() => expect(two.b.site.services.progress.get(jobId)).toBeDefined());
  });

  it('finds with the next beat what no notification told', async () => {
    await using two = await open();
    let stored = 0;
    const hearStored = (): void => {
      stored += 1;
    };
    using _listening = two.b.site.services.feed.listen({ stored: hearStored, live: () => undefined });
    await endSessionOf(two.a.site, two.b.replicas.id);
    await two.a.site.services.changes.run(systemContext, async (change) => {
      change.audit({ action: 'test', object: { kind: 'site', id: 'site' } });
      change.event('plan', 'pln_0000000000000001');
    });
    const before = stored;
    await two.b.replicas.beat();
    expect(stored).toBeGreaterThan(before);
  });

  it('leases, stops and settles a job through whichever process its agent is connected to', async () => {
    await using two = await open();
    const agent = await TestAgent.connect(two.a.site);
    const { planId } = await readyPlan(two.a.site, agent);
    const jobId = await backUp(two.b.site, planId);
    const lease = await agent.next('lease');
    expect(lease.jobId).toBe(jobId);
    await agent.start(lease);
    await two.b.site.local('POST', `/jobs/${jobId}/cancel`);
    expect(await agent.next('cancel')).toMatchObject({ jobId });
    // The agent moves with its outcome to the other process.
    agent.close();
    const moved = await TestAgent.connect(two.b.site, { agentId: agent.agentId });
    await moved.succeed(lease, backupResult(5, two.clock.now()));
    expect(await jobOf(two.a.site, jobId)).toMatchObject({ status: 'succeeded', attempt: 1 });
  });

  it('tells an agent that was away of a stop when it is back', async () => {
    await using two = await open();
    const agent = await TestAgent.connect(two.a.site);
    const { planId } = await readyPlan(two.a.site, agent);
    const jobId = await backUp(two.a.site, planId);
    const lease = await agent.next('lease');
    await agent.start(lease);
    agent.close();
    await two.b.site.local('POST', `/jobs/${jobId}/cancel`);
    const back = await TestAgent.connect(two.b.site, { agentId: agent.agentId, jobs: [{ jobId, fence: lease.fence }] });
    const stop = new AbortController();
    const ticking = two.b.site.services.hub.tick(stop.signal, 0);
    expect(await back.next('cancel')).toMatchObject({ jobId });
    stop.abort();
    await ticking;
  });

  it('settles an outcome once when both processes get it at the same time', async () => {
    await using two = await open();
    const agent = await TestAgent.connect(two.a.site);
    const { planId } = await readyPlan(two.a.site, agent);
    const jobId = await backUp(two.a.site, planId);
    const lease = await agent.next('lease');
    const outcome = { status: 'succeeded' as const, result: backupResult(9, two.clock.now()), error: null, summary: 'done' };
    const queues = [two.a, two.b, two.a, two.b].map(({ site }) => site.services.queue);
    const taken = await Promise.all(queues.map((queue) => queue.settle(agent.agentId, lease, outcome)));
    expect(taken.sort()).toEqual(['ignored', 'ignored', 'ignored', 'settled']);
    expect(await jobOf(two.b.site, jobId)).toMatchObject({ status: 'succeeded' });
    const points = (await two.a.site.local<{ items: object[] }>('GET', `/restore-points?planId=${planId}`)).body.items;
    expect(points).toHaveLength(1);
  });

  it('takes a lost lease back once, and leases it once, when both look at the same time', async () => {
    await using two = await open();
    const agent = await TestAgent.connect(two.a.site);
    const { planId } = await readyPlan(two.a.site, agent);
    const jobId = await backUp(two.a.site, planId);
    await agent.next('lease');
    agent.close();
    await two.clock.advance(31_000);
    const queues = [two.a, two.b].map(({ site }) => site.services.queue);
    await Promise.all(queues.map((queue) => queue.sweep()));
    expect(await jobOf(two.a.site, jobId)).toMatchObject({ status: 'queued', attempt: 1 });
    const leased = await Promise.all([...queues, ...queues].map((queue) => queue.lease(agent.agentId)));
    expect(leased.flat()).toMatchObject([{ id: jobId, attempt: 2, fence: 2 }]);
  });

  it('passes over a job that another transaction has in hand', async () => {
    await using two = await open();
    const agent = await TestAgent.connect(two.a.site);
    const { repositoryId } = await readyPlan(two.a.site, agent);
    agent.close();
    const order = (): Promise<string> =>
      two.a.site.local<{ job: Job }>('POST', `/repositories/${repositoryId}/check`).then(({ body }) => body.job.id);
    const held = await order();
    await two.clock.advance(1);
    const free = await order();
    await two.b.site.services.database.transaction(async (tx) => {
      await tx.updateTable('job').set({ outcome: null }).where('id', '=', held).execute();
      expect(await two.a.site.services.queue.lease(agent.agentId)).toMatchObject([{ id: free }]);
    });
    expect(await two.a.site.services.queue.lease(agent.agentId)).toMatchObject([{ id: held }]);
  });

  it('records each slot once when both schedule', async () => {
    await using two = await open();
    const agent = await TestAgent.connect(two.a.site);
    const { planId } = await readyPlan(two.a.site, agent);
    await two.clock.advance(5 * 3_600_000);
    await Promise.all([two.a, two.b, two.a, two.b].map(({ site }) => new Scheduler(site.services).round()));
    const slots = (await two.b.site.local<{ items: { status: string }[] }>('GET', `/plans/${planId}/slots`)).body.items;
    expect(slots.map(({ status }) => status).sort()).toEqual(['due', 'missed', 'missed', 'missed', 'missed']);
    expect((await two.b.site.local<{ items: object[] }>('GET', `/jobs?planId=${planId}`)).body.items).toHaveLength(1);
  });

  it('schedules only where it leads', async () => {
    await using two = await open();
    const agent = await TestAgent.connect(two.a.site);
    const { planId } = await readyPlan(two.a.site, agent);
    await two.clock.advance(3_600_000);
    await two.beat();
    const slots = async () => (await two.b.site.local<{ items: object[] }>('GET', `/plans/${planId}/slots`)).body.items.length;
    const stop = new AbortController();
    const follower = new Scheduler(two.b.site.services).work(stop.signal);
    await two.clock.advance(0);
    expect(await slots()).toBe(0);
    const leader = new Scheduler(two.a.site.services).work(stop.signal);
    await vi.waitFor(async () => expect(await slots()).toBe(1));
    stop.abort();
    await Promise.all([follower, leader]);
  });

  it('knows over all processes who is connected, and refuses a second live instance', async () => {
    await using two = await open();
    const agent = await TestAgent.connect(two.a.site);
    await two.beat();
    await vi.waitFor(() => expect(two.b.site.services.hub.isConnected(agent.agentId)).toBe(true));
    const copy = await TestAgent.connect(two.b.site, { agentId: agent.agentId, instance: 'two' });
    expect(copy.closeCode).toBe(4409);
    agent.close();
    await vi.waitFor(() => expect(two.b.site.services.hub.isConnected(agent.agentId)).toBe(false));
    const next = await TestAgent.connect(two.b.site, { agentId: agent.agentId, instance: 'two' });
    expect(next.agentId).toBe(agent.agentId);
  });

  it('takes a second process of an agent for a copy only when the first is heard after it', async () => {
    await using two = await open();
    const { agentId } = await TestAgent.connect(two.a.site);
    const sessionAt = async (site: TestSite, instance: string) => {
      const closes: number[] = [];
      const wire = { send: () => undefined, close: (code: number) => void closes.push(code) };
      const session = site.services.hub.accept(wire, { via: 'agent-link', enter: async () => agentId });
      const facts = { agentId, instance, hostname: 'h', version: '1', isRoot: true, restoreRoot: '/r', jobs: [] };
      await session.receive(JSON.stringify({ v: 1, seq: 1, type: 'hello', ...facts }));
      return { closes, beat: () => session.receive(JSON.stringify({ v: 1, seq: 2, type: 'heartbeat', jobs: [] })) };
    };
    const first = await sessionAt(two.a.site, 'one');
    const second = await sessionAt(two.b.site, 'two');
    expect([first.closes, second.closes]).toEqual([[], [4409]]);
    await vi.waitFor(async () => {
      await two.clock.advance(2000);
      await first.beat();
      const { items } = (await two.b.site.local<{ items: { kind: string }[] }>('GET', '/alerts')).body;
      expect(items.map(({ kind }) => kind)).toContain('agent-clone');
    });
    expect(first.closes).toEqual([]);
  });

  it('lets the same instance move and closes the connection that it left', async () => {
    await using two = await open();
    const agent = await TestAgent.connect(two.a.site);
    const moved = await TestAgent.connect(two.b.site, { agentId: agent.agentId });
    expect(moved.agentId).toBe(agent.agentId);
    await vi.waitFor(() => expect(agent.closeCode).toBe(4410));
    agent.close();
    await two.beat();
    expect(two.a.site.services.hub.isConnected(agent.agentId)).toBe(true);
    expect(two.b.site.services.hub.isConnected(agent.agentId)).toBe(true);
  });

  it('frees the agents of a process that died at once, and of one that fell silent after a while', async () => {
    await using two = await open();
    const agent = await TestAgent.connect(two.a.site);
    await endSessionOf(two.b.site, two.a.replicas.id);
    await vi.waitFor(async () => {
      const next = await TestAgent.connect(two.b.site, { agentId: agent.agentId, instance: 'two' });
      expect(next.agentId).toBe(agent.agentId);
    });
    const quiet = await TestAgent.connect(two.a.site, { instance: 'quiet', hostname: 'other' });
    const { database } = two.a.site.services;
    await database.transaction((tx) => tx.updateTable('presence').set({ seen_ms: 0 }).where('agent_id', '=', quiet.agentId).execute());
    const woken = await TestAgent.connect(two.b.site, { agentId: quiet.agentId, instance: 'woken' });
    expect(woken.agentId).toBe(quiet.agentId);
  });

  it('gives each data folder a resident agent of its own, and makes repositories with that', async () => {
    await using two = await open();
    const first = await TestAgent.connect(two.a.site);
    const second = await TestAgent.connect(two.b.site, { instance: 'two', hostname: 'host-2' });
    expect(second.agentId).not.toBe(first.agentId);
    second.close();
    const again = await TestAgent.connect(two.b.site, { instance: 'three', hostname: 'host-2' });
    expect(again.agentId).toBe(second.agentId);
    const made = await two.b.site.local<{ job: Job }>('POST', '/repositories', { name: 'second', path: '/second' });
    expect(made.body.job.agentId).toBe(second.agentId);
  });

  it('asks an agent of the other process, and passes its errors on', async () => {
    await using two = await open();
    const agent = await TestAgent.connect(two.a.site);
    const repository = { id: 'rep_1', name: 'r', location: '/r' };
    const question = {
      method: 'browse' as const,
      repository,
      snapshots: [snapshotOf(1)],
      question: { ask: 'list' as const, path: '/', cursor: null, limit: 10 },
      session: { recipient: '', approval: null },
    };
    const older = { method: 'list-files' as const, repository, snapshot: snapshotOf(1), path: '/', cursor: null, limit: 10 };
    await expect(two.b.site.services.hub.ask(agent.agentId, older)).rejects.toMatchObject({ kind: 'denied' });
    const asked = two.b.site.services.hub.ask(agent.agentId, question);
    const first = await agent.next('ask');
    const sealed = { form: 'sealed', age: 'n'.repeat(100_000) };
    await agent.send({ type: 'answer', id: first.id, ok: true, result: sealed, error: null });
    expect(await asked).toEqual(sealed);
    const refused = two.b.site.services.hub.ask(agent.agentId, question);
    const second = await agent.next('ask');
    const error = { kind: 'wrong-password', code: 'no', message: 'it does not open' };
    await agent.send({ type: 'answer', id: second.id, ok: false, result: null, error });
    await expect(refused).rejects.toMatchObject({ kind: 'wrong-password' });
    await expect(refused).rejects.toBeInstanceOf(FortFailError);
    agent.close();
    await expect(two.b.site.services.hub.ask(agent.agentId, question)).rejects.toMatchObject({ code: 'agent-not-connected' });
    expect(await two.a.site.services.database.read.selectFrom('relay').selectAll().execute()).toEqual([]);
  });

  it('lets nothing through another process in plain that an agent shows to its own', async () => {
    await using two = await open();
    const agent = await TestAgent.connect(two.a.site);
    const tab = await generateSealingKey();
    const question = { ask: 'list' as const, path: '/', cursor: null, limit: 10 };
    const ask = (recipient: string) =>
      two.b.site.services.hub.ask(agent.agentId, {
        method: 'browse',
        repository: { id: 'rep_1', name: 'r', location: '/r' },
        snapshots: [snapshotOf(1)],
        question,
        session: { recipient, approval: null },
      });
    const value = { entries: ['a name'], next: null };
    const answer = async (): Promise<void> => {
      const { id } = await agent.next('ask');
      await agent.send({ type: 'answer', id, ok: true, result: { form: 'open', value }, error: null });
    };
    const refused = ask('');
    await answer();
    await expect(refused).rejects.toMatchObject({ kind: 'denied', code: 'approval-needed' });
    const sealed = ask(tab.recipient);
    await answer();
    const { form, age } = (await sealed) as { form: string; age: string };
    expect(form).toBe('sealed');
    expect(JSON.parse(Buffer.from(await openWith(tab.identity, age)).toString())).toEqual({ v: 1, question, value });
  });

  it('carries frames to agents wherever they are', async () => {
    await using two = await open();
    const first = await TestAgent.connect(two.a.site);
    const second = await TestAgent.connect(two.b.site, { instance: 'two' });
    const frame = (jobId: string) => ({ type: 'revoked' as const, jobId, fence: 1 });
    two.b.site.services.hub.send(first.agentId, frame('for one'));
    expect(await first.next('revoked')).toMatchObject({ jobId: 'for one' });
    expect(second.has('revoked')).toBe(false);
    await two.beat();
    two.a.site.services.hub.broadcast(frame('for all'));
    expect(await first.next('revoked')).toMatchObject({ jobId: 'for all' });
    expect(await second.next('revoked')).toMatchObject({ jobId: 'for all' });
  });

  it('keeps the audit chain whole with two writers, and each file follows all of it', async () => {
    await using two = await open();
    const write = (site: TestSite, n: number) =>
      site.services.changes.run(systemContext, async (change) => {
        change.audit({ action: `test.${n}`, object: { kind: 'site', id: 'site' } });
        change.audit({ action: `test.${n}`, object: { kind: 'site', id: 'site' }, chain: 'access' });
      });
    await Promise.all(Array.from({ length: 40 }, (_, n) => write(n % 2 === 0 ? two.a.site : two.b.site, n)));
    await two.beat();
    for (const { site } of [two.a, two.b]) {
      const { auditFile, database } = site.services;
      await auditFile?.flush();
      const { result } = await verifyAll(database.read, auditFile?.path, await readHeads(database.read));
      expect(result).toMatchObject({ whole: true });
    }
    const texts = [two.a, two.b].map(({ site }) =>
      readFileSync(site.services.auditFile?.path ?? '', 'utf8')
        .split('\n')
        .filter((line) => line.includes('test.'))
        .sort(),
    );
    expect(texts[0]).toHaveLength(80);
    expect(texts[1]).toEqual(texts[0]);
  });
});

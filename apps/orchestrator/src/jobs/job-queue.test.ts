import { noLogger } from '@fortfail/base';
import { FakeClock } from '@fortfail/base/testing';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { freshAgent } from '../agents/agent-rows.ts';
import { Changes, systemContext } from '../changes/changes.ts';
import { EventFeed } from '../changes/event-feed.ts';
import type { Database } from '../database/database.ts';
import { databaseSuite } from '../testing/database-suite.ts';
import type { JobOutcome } from './job-outcome.ts';
import { type JobHold, JobQueue, leaseSeconds } from './job-queue.ts';
import type { JobRow } from './job-rows.ts';

const agentId = 'agt_0000000000000001';
const succeeded: JobOutcome = { status: 'succeeded', result: null, error: null, summary: 'done' };
const failed = (kind: 'unavailable' | 'wrong-password' | 'damaged'): JobOutcome => ({
  status: 'failed',
  result: null,
  error: { kind, code: 'test', message: 'it failed' },
  summary: 'it failed',
});

class Bench implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly ended: string[] = [];
  readonly database: Database;
  readonly queue: JobQueue;
  readonly changes: Changes;

  constructor(database: Database) {
    this.database = database;
    this.changes = new Changes(database, new EventFeed(database), this.clock);
    this.queue = this.makeQueue();
  }

  static async open(open: () => Promise<Database>): Promise<Bench> {
    const bench = new Bench(await open());
    await bench.database.transaction(async (tx) => {
      const now = bench.clock.now().toISOString();
      await tx
        .insertInto('agent')
        .values({
          id: agentId,
          hostname: 'h',
          kind: 'resident',
          version: '1',
          restore_root: null,
          is_root: 1,
          last_seen_at: null,
          created_at: now,
          ...freshAgent,
        })
        .execute();
    });
    return bench;
  }

  makeQueue(): JobQueue {
    return new JobQueue({
      database: this.database,
      changes: this.changes,
      clock: this.clock,
      logger: noLogger,
      effects: {
        started: async () => undefined,
        ended: async (_change, job) => void this.ended.push(`${job.id} ${job.status}`),
        late: async () => false,
      },
    });
  }

  async enqueue(kind: 'backup' | 'check' | 'forget' | 'apply-restore' = 'check', repositoryId = 'rep_1', maxAttempts = 3): Promise<JobRow> {
    const repository = { id: repositoryId, name: 'r', location: '/r' };
    const payload = { kind: 'check' as const, repository, readData: true };
    // Age decides who is first, so no two are of the same age.
    await this.clock.advance(1);
    return this.changes.run(systemContext, (change) =>
      this.queue.enqueue(change, { kind, agentId, repositoryId, payload, cause: 'person', maxAttempts }),
    );
  }

  async leaseOne(): Promise<JobRow & JobHold> {
    const [row] = await this.queue.lease(agentId);
    if (row === undefined) throw new Error('nothing to lease');
    return { ...row, jobId: row.id };
  }

  async statusOf(id: string): Promise<string> {
    return (await this.row(id)).status;
  }

  async row(id: string): Promise<JobRow> {
    return this.database.read.selectFrom('job').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.database[Symbol.asyncDispose]();
  }
}

databaseSuite('the job queue', (open) => {
  it('takes a job from queued over leased and running to its end', async () => {
    await using bench = await Bench.open(open);
    const { id } = await bench.enqueue();
    expect(await bench.statusOf(id)).toBe('queued');
    const lease = await bench.leaseOne();
    expect(lease).toMatchObject({ status: 'leased', fence: 1, attempt: 1 });
    expect(await bench.queue.start(agentId, lease)).toBe(true);
    expect(await bench.statusOf(id)).toBe('running');
    expect(await bench.queue.settle(agentId, lease, succeeded)).toBe('settled');
    expect(await bench.row(id)).toMatchObject({ status: 'succeeded', outcome: 'done', lease_until: null });
    expect(bench.ended).toEqual([`${id} succeeded`]);
  });

  it('settles once per fence, however often the outcome comes', async () => {
    await using bench = await Bench.open(open);
    const { id } = await bench.enqueue();
    const lease = await bench.leaseOne();
    const taken = await Promise.all([1, 2, 3].map(() => bench.queue.settle(agentId, lease, succeeded)));
    expect(taken.sort()).toEqual(['ignored', 'ignored', 'settled']);
    expect(await bench.queue.settle(agentId, lease, failed('damaged'))).toBe('ignored');
    expect(await bench.statusOf(id)).toBe('succeeded');
    expect(bench.ended).toHaveLength(1);
  });

  it('leases each job once, however many ask at the same time', async () => {
    await using bench = await Bench.open(open);
    await bench.enqueue();
    const other = bench.makeQueue();
    const leased = await Promise.all([bench.queue.lease(agentId), other.lease(agentId), bench.queue.lease(agentId), other.lease(agentId)]);
    expect(leased.flat()).toHaveLength(1);
  });

  it('gives a lost lease back with one attempt more, and ignores the fence that was overtaken', async () => {
    await using bench = await Bench.open(open);
    const { id } = await bench.enqueue();
    const first = await bench.leaseOne();
    await bench.clock.advance(leaseSeconds * 1000 + 1);
    expect(await bench.queue.sweep()).toBe(1);
    expect(await bench.row(id)).toMatchObject({ status: 'queued', attempt: 1 });
    const second = await bench.leaseOne();
    expect(second).toMatchObject({ fence: 2, attempt: 2 });
    expect(await bench.queue.start(agentId, first)).toBe(false);
    expect(await bench.queue.extend(agentId, [first, second])).toEqual([first]);
    expect(await bench.queue.settle(agentId, first, succeeded)).toBe('ignored');
    expect(await bench.queue.settle(agentId, second, succeeded)).toBe('settled');
  });

  it('takes a late outcome when nobody took the job since', async () => {
    await using bench = await Bench.open(open);
    const { id } = await bench.enqueue();
    const lease = await bench.leaseOne();
    await bench.clock.advance(leaseSeconds * 1000 + 1);
    await bench.queue.sweep();
    expect(await bench.queue.settle(agentId, lease, succeeded)).toBe('settled');
    expect(await bench.statusOf(id)).toBe('succeeded');
    expect(await bench.queue.lease(agentId)).toEqual([]);
  });

  it('fails a job whose lease was lost in its last attempt', async () => {
    await using bench = await Bench.open(open);
    const { id } = await bench.enqueue('check', 'rep_1', 1);
    await bench.leaseOne();
    await bench.clock.advance(leaseSeconds * 1000 + 1);
    await bench.queue.sweep();
    const row = await bench.row(id);
    expect(row.status).toBe('failed');
    expect(JSON.parse(row.error ?? '')).toMatchObject({ kind: 'unavailable', code: 'lease-lost' });
  });

  it('keeps a lease alive by heartbeats', async () => {
    await using bench = await Bench.open(open);
    const { id } = await bench.enqueue();
    const lease = await bench.leaseOne();
    for (let beat = 0; beat < 10; beat += 1) {
      await bench.clock.advance(5000);
      expect(await bench.queue.extend(agentId, [lease])).toEqual([]);
      await bench.queue.sweep();
    }
    expect(await bench.statusOf(id)).toBe('leased');
  });

  it('lets the kind of an error decide on another attempt', async () => {
    await using bench = await Bench.open(open);
    const { id } = await bench.enqueue();
    expect(await bench.queue.settle(agentId, await bench.leaseOne(), failed('unavailable'))).toBe('requeued');
    expect(await bench.queue.lease(agentId)).toEqual([]);
    await bench.clock.advance(30_000);
    expect(await bench.queue.settle(agentId, await bench.leaseOne(), failed('unavailable'))).toBe('requeued');
    await bench.clock.advance(60_000);
    expect(await bench.queue.settle(agentId, await bench.leaseOne(), failed('unavailable'))).toBe('settled');
    expect(await bench.row(id)).toMatchObject({ status: 'failed', attempt: 3 });
    await bench.enqueue();
    expect(await bench.queue.settle(agentId, await bench.leaseOne(), failed('wrong-password'))).toBe('settled');
  });

  it('does not take the same failure twice when the job waits for its next attempt', async () => {
    await using bench = await Bench.open(open);
    const { id } = await bench.enqueue();
    const lease = await bench.leaseOne();
    await bench.queue.settle(agentId, lease, failed('unavailable'));
    expect(await bench.queue.settle(agentId, lease, failed('unavailable'))).toBe('ignored');
    expect(await bench.row(id)).toMatchObject({ status: 'queued', attempt: 1 });
  });

  it('cancels a waiting job at once, a running one when its agent says so, and an ended one never', async () => {
    await using bench = await Bench.open(open);
    const cancels: string[] = [];
    bench.queue.deliverTo(
      () => undefined,
      (_agent, hold, reason) => void cancels.push(`${hold.jobId} ${hold.fence} ${reason}`),
    );
    const waiting = await bench.enqueue('backup');
    await bench.queue.cancel(systemContext, waiting.id, 'not now');
    expect(await bench.row(waiting.id)).toMatchObject({ status: 'cancelled', outcome: 'not now' });
    const { id } = await bench.enqueue('backup');
    const lease = await bench.leaseOne();
    await bench.queue.cancel(systemContext, id, 'stop');
    expect(cancels).toEqual([`${id} 1 stop`]);
    expect(await bench.statusOf(id)).toBe('leased');
    await bench.queue.settle(agentId, lease, { ...failed('unavailable'), status: 'cancelled', error: null });
    expect(await bench.statusOf(id)).toBe('cancelled');
    await expect(bench.queue.cancel(systemContext, id, 'again')).rejects.toMatchObject({ kind: 'conflict', code: 'job-ended' });
  });

  it('ends a cancelled job whose agent never answers when its lease ends', async () => {
    await using bench = await Bench.open(open);
    const { id } = await bench.enqueue();
    await bench.leaseOne();
    await bench.queue.cancel(systemContext, id, 'stop');
    await bench.clock.advance(leaseSeconds * 1000 + 1);
    await bench.queue.sweep();
    expect(await bench.statusOf(id)).toBe('cancelled');
  });

  it('waits a moment for outcomes of jobs that a returning agent does not name', async () => {
    await using bench = await Bench.open(open);
    const lost = await bench.enqueue('check', 'rep_1');
    const kept = await bench.enqueue('check', 'rep_2');
    const leases = await bench.queue.lease(agentId);
    const keptHold = { jobId: kept.id, fence: leases.find((row) => row.id === kept.id)?.fence ?? 0 };
    expect(await bench.queue.reclaim(agentId, [keptHold, { jobId: 'job_unknown', fence: 1 }])).toEqual([
      { jobId: 'job_unknown', fence: 1 },
    ]);
    await bench.queue.sweep();
    expect(await bench.statusOf(lost.id)).toBe('leased');
    await bench.clock.advance(5001);
    await bench.queue.sweep();
    expect(await bench.statusOf(lost.id)).toBe('queued');
    expect(await bench.statusOf(kept.id)).toBe('leased');
  });

  it('gives a repository one writer at a time, and a forget all of it', async () => {
    await using bench = await Bench.open(open);
    const first = await bench.enqueue('backup');
    await bench.enqueue('backup');
    const reader = await bench.enqueue('check');
    const leased = await bench.queue.lease(agentId);
    expect(leased.map((row) => row.id)).toEqual([first.id, reader.id]);
    await bench.enqueue('forget');
    expect(await bench.queue.lease(agentId)).toEqual([]);
  });

  it('lets restores pass what only waits', async () => {
    await using bench = await Bench.open(open);
    for (const repository of ['rep_1', 'rep_2', 'rep_3']) await bench.enqueue('check', repository);
    const restore = await bench.enqueue('apply-restore', 'rep_1');
    const leased = await bench.queue.lease(agentId);
    expect(leased.map((row) => row.id)[0]).toBe(restore.id);
    expect(leased).toHaveLength(3);
  });

  it('does a restore again whose agent died, and leaves one that failed to the person who waits for it', async () => {
    await using bench = await Bench.open(open);
    const lost = await bench.enqueue('apply-restore');
    await bench.leaseOne();
    await bench.clock.advance((leaseSeconds + 1) * 1000);
    expect(await bench.queue.sweep()).toBe(1);
    const again = await bench.leaseOne();
    expect(again).toMatchObject({ jobId: lost.id, attempt: 2 });
    expect(await bench.queue.settle(agentId, again, failed('unavailable'))).toBe('settled');
    expect(await bench.statusOf(lost.id)).toBe('failed');
  });

  it('never changes an ended job nor counts a fence twice, in any order of events', async () => {
    await using bench = await Bench.open(open);
    const step = fc.constantFrom('lease', 'start', 'succeed', 'fail', 'late', 'sweep', 'advance', 'cancel' as const);
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 14 }), async (steps) => {
        const { id } = await bench.enqueue('check', `rep_${Math.floor(bench.clock.monotonicMs())}`);
        const holds: JobHold[] = [];
        let ended: string | undefined;
        for (const one of steps) {
          await act(bench, id, one, holds);
          const row = await bench.row(id);
          if (ended !== undefined) expect(row.status).toBe(ended);
          if (row.ended_at !== null) ended = row.status;
          expect(row.attempt).toBeLessThanOrEqual(row.max_attempts);
        }
        expect(bench.ended.filter((entry) => entry.startsWith(id)).length).toBe(ended === undefined ? 0 : 1);
        if (ended === undefined) await finish(bench, id);
      }),
      { numRuns: 25 },
    );
  });
});

async function act(bench: Bench, id: string, step: string, holds: JobHold[]): Promise<void> {
  const last = holds.at(-1);
  if (step === 'lease') for (const row of await bench.queue.lease(agentId)) holds.push({ jobId: row.id, fence: row.fence });
  if (step === 'start' && last !== undefined) await bench.queue.start(agentId, last);
  if (step === 'succeed' && last !== undefined) await bench.queue.settle(agentId, last, succeeded);
  if (step === 'fail' && last !== undefined) await bench.queue.settle(agentId, last, failed('unavailable'));
  if (step === 'late' && holds[0] !== undefined) await bench.queue.settle(agentId, holds[0], succeeded);
  if (step === 'sweep') await bench.queue.sweep();
  if (step === 'advance') await bench.clock.advance(40_000);
  if (step === 'cancel')
    await bench.queue.cancel(systemContext, id, 'stop').catch((error: unknown) => expect(error).toMatchObject({ code: 'job-ended' }));
}

async function finish(bench: Bench, id: string): Promise<void> {
  await bench.queue.cancel(systemContext, id, 'stop');
  await bench.clock.advance(40_000);
  await bench.queue.sweep();
  expect(await bench.statusOf(id)).toBe('cancelled');
}

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FortFailError } from '@fortfail/base';
import { FakeClock } from '@fortfail/base/testing';
import { describe, expect, it } from 'vitest';
import type { JobEnd, JobVoice, PerformJob } from './jobs/job-context.ts';
import { AgentFixture, backupLease, checkLease, jobNumber } from './testing/agent-fixture.ts';
import { FakeOrchestrator } from './testing/fake-orchestrator.ts';

const done: JobEnd = { status: 'succeeded', result: null, summary: 'done' };
const instantly: PerformJob = async () => done;

/** Jobs that end when the test says so, in the order they began. */
function heldJobs(): { perform: PerformJob; begun: { kind: string; voice: JobVoice; end: () => void }[] } {
  const begun: { kind: string; voice: JobVoice; end: () => void }[] = [];
  const perform: PerformJob = (payload, voice) =>
    new Promise((resolve, reject) => {
      voice.signal.addEventListener('abort', () => reject(voice.signal.reason), { once: true });
      begun.push({ kind: payload.kind, voice, end: () => resolve(done) });
    });
  return { perform, begun };
}

async function site(
  options: { keepsAcks?: boolean } = {},
): Promise<{ fixture: AgentFixture; orchestrator: FakeOrchestrator } & AsyncDisposable> {
  const fixture = new AgentFixture();
  const orchestrator = await new FakeOrchestrator(fixture.config.socketPath, options).listen();
  const dispose = async (): Promise<void> => {
    await fixture[Symbol.asyncDispose]();
    await orchestrator[Symbol.asyncDispose]();
    expect(orchestrator.misfits).toEqual([]);
  };
  return { fixture, orchestrator, [Symbol.asyncDispose]: dispose };
}

const outboxOf = (fixture: AgentFixture): string[] => readdirSync(join(fixture.config.agentFolder, 'outbox'));

describe('the agent and its orchestrator', () => {
  it('says hello without an id on first contact, keeps the one it is given, and shows it the next time', async () => {
    await using its = await site();
    const agent = await its.fixture.start(instantly);
    const hello = await its.orchestrator.next('hello');
    expect(hello).toMatchObject({
      agentId: null,
      hostname: its.fixture.config.hostname,
      jobs: [],
      restoreRoot: its.fixture.config.restoreRoot,
    });
    await its.orchestrator.next('heartbeat');
    expect(readFileSync(join(its.fixture.config.agentFolder, 'id'), 'utf8')).toBe('agt_00000000000000aa\n');
    await its.fixture.stop(agent);
    await its.fixture.start(instantly);
    const second = await its.orchestrator.next('hello', 1);
    expect(second.agentId).toBe('agt_00000000000000aa');
    expect(second.instance).not.toBe(hello.instance);
  });

  it('works on a lease and tells its outcome until it is acknowledged', async () => {
    await using its = await site();
    await its.fixture.start(instantly);
    await its.orchestrator.next('heartbeat');
    its.orchestrator.send(checkLease(1));
    const outcome = await its.orchestrator.next('outcome');
    expect(its.orchestrator.of('started')).toMatchObject([{ jobId: jobNumber(1), fence: 1 }]);
    expect(outcome).toMatchObject({ jobId: jobNumber(1), fence: 1, status: 'succeeded', summary: 'done', error: null });
    its.orchestrator.send(checkLease(2));
    await its.orchestrator.next('outcome', 1);
    await expect.poll(() => outboxOf(its.fixture)).toEqual([]);
  });

  it('tells a failure by its kind', async () => {
    await using its = await site();
    const failure = new FortFailError({ kind: 'no-space', code: 'full', message: 'unable to store', hint: 'Free space.' });
    await its.fixture.start(() => Promise.reject(failure));
    await its.orchestrator.next('heartbeat');
    its.orchestrator.send(checkLease(1));
    const outcome = await its.orchestrator.next('outcome');
    expect(outcome).toMatchObject({
      status: 'failed',
      error: { kind: 'no-space', code: 'full', hint: 'Free space.' },
      summary: 'unable to store',
    });
  });

  it('keeps outcomes over a death of the orchestrator and delivers them in order, once each', async () => {
    await using its = await site({ keepsAcks: true });
    await its.fixture.start(instantly);
    await its.orchestrator.next('heartbeat');
    for (const number of [1, 2, 3]) {
      its.orchestrator.send(checkLease(number));
      await its.orchestrator.next('outcome', number - 1);
    }
    await its.orchestrator.die();
    its.orchestrator.keepsAcks = false;
    its.orchestrator.frames.length = 0;
    await its.orchestrator.listen();
    await its.orchestrator.until(() => its.orchestrator.of('outcome').length === 3 && its.orchestrator.of('heartbeat').length > 0);
    expect(its.orchestrator.of('outcome').map(({ jobId }) => jobId)).toEqual([1, 2, 3].map(jobNumber));
    const order = its.orchestrator.frames.map(({ type }) => type);
    expect(order.slice(0, 5)).toEqual(['hello', 'outcome', 'outcome', 'outcome', 'heartbeat']);
    expect((await its.orchestrator.next('hello')).jobs.map(({ jobId }) => jobId)).toEqual([1, 2, 3].map(jobNumber));
    await expect.poll(() => outboxOf(its.fixture)).toEqual([]);
  });

  it('does not begin a job again whose outcome still waits', async () => {
    await using its = await site({ keepsAcks: true });
    let begun = 0;
    await its.fixture.start(async () => {
      begun += 1;
      return done;
    });
    await its.orchestrator.next('heartbeat');
    its.orchestrator.send(checkLease(1));
    await its.orchestrator.next('outcome');
    its.orchestrator.send(checkLease(1));
    its.orchestrator.send(checkLease(2));
    await its.orchestrator.next('outcome', 1);
    expect(begun).toBe(2);
    expect(its.orchestrator.of('outcome').map(({ jobId }) => jobId)).toEqual([jobNumber(1), jobNumber(2)]);
  });

  it('goes on with its jobs while the orchestrator is away, and names them when it is back', async () => {
    await using its = await site();
    const { perform, begun } = heldJobs();
    await its.fixture.start(perform);
    await its.orchestrator.next('heartbeat');
    its.orchestrator.send(checkLease(7, 3));
    await its.orchestrator.next('started');
    await its.orchestrator.die();
    await its.orchestrator.listen();
    const hello = await its.orchestrator.next('hello', 1);
    expect(hello.jobs).toEqual([{ jobId: jobNumber(7), fence: 3 }]);
    begun[0]?.end();
    expect(await its.orchestrator.next('outcome')).toMatchObject({ jobId: jobNumber(7), fence: 3, status: 'succeeded' });
  });

  it('aborts a job whose lease is lost, and says nothing more of it', async () => {
    await using its = await site();
    const { perform, begun } = heldJobs();
    await its.fixture.start(perform);
    await its.orchestrator.next('heartbeat');
    its.orchestrator.send(checkLease(1));
    await its.orchestrator.next('started');
    its.orchestrator.send({ type: 'revoked', jobId: jobNumber(1), fence: 1 });
    its.orchestrator.send(checkLease(2));
    await its.orchestrator.next('started', 1);
    expect(begun[0]?.voice.signal.aborted).toBe(true);
    begun[1]?.end();
    expect((await its.orchestrator.next('outcome')).jobId).toBe(jobNumber(2));
  });

  it('tells of a snapshot that was made although the lease was lost', async () => {
    await using its = await site();
    let publish: (end: JobEnd) => void = () => undefined;
    await its.fixture.start(
      () =>
        new Promise<JobEnd>((resolve) => {
          publish = resolve;
        }),
    );
    await its.orchestrator.next('heartbeat');
    its.orchestrator.send(backupLease(1));
    await its.orchestrator.next('started');
    its.orchestrator.send({ type: 'revoked', jobId: jobNumber(1), fence: 1 });
    its.orchestrator.sendText('{}');
    const figures = { files: 1, directories: 1, bytes: 1, addedBytes: 1, storedBytes: 1, errors: 0, tookSeconds: 1 };
    const result = {
      kind: 'backup' as const,
      snapshot: 'a'.repeat(64),
      time: '2026-11-21T09:00:00Z',
      hostname: 'h',
      paths: ['/'],
      ...figures,
    };
    publish({ status: 'succeeded', result, summary: 'done' });
    expect(await its.orchestrator.next('outcome')).toMatchObject({ jobId: jobNumber(1), fence: 1, result: { snapshot: result.snapshot } });
  });

  it('aborts what the welcome says is no longer its own', async () => {
    await using its = await site();
    const { perform, begun } = heldJobs();
    await its.fixture.start(perform);
    await its.orchestrator.next('heartbeat');
    its.orchestrator.send(checkLease(1));
    await its.orchestrator.next('started');
    await its.orchestrator.die();
    its.orchestrator.revoked = [{ jobId: jobNumber(1), fence: 1 }];
    await its.orchestrator.listen();
    await its.orchestrator.next('hello', 1);
    await expect.poll(() => begun[0]?.voice.signal.aborted).toBe(true);
    expect(its.orchestrator.of('outcome')).toEqual([]);
  });

  it('gives way to a newer lease of the same job, one attempt after the other', async () => {
    await using its = await site();
    const { perform, begun } = heldJobs();
    await its.fixture.start(perform);
    await its.orchestrator.next('heartbeat');
    its.orchestrator.send(checkLease(1, 1));
    await its.orchestrator.next('started');
    its.orchestrator.send(checkLease(1, 2));
    expect(await its.orchestrator.next('started', 1)).toMatchObject({ jobId: jobNumber(1), fence: 2 });
    expect(begun[0]?.voice.signal.aborted).toBe(true);
    begun[1]?.end();
    expect(await its.orchestrator.next('outcome')).toMatchObject({ fence: 2, status: 'succeeded' });
  });

  it('stops a job on order, also one that waits for its turn', async () => {
    await using its = await site();
    const { perform } = heldJobs();
    await its.fixture.start(perform);
    await its.orchestrator.next('heartbeat');
    its.orchestrator.send(backupLease(1));
    its.orchestrator.send(backupLease(2));
    await its.orchestrator.next('started');
    its.orchestrator.send({ type: 'cancel', jobId: jobNumber(2), fence: 1, reason: 'cancelled by ann' });
    expect(await its.orchestrator.next('outcome')).toMatchObject({ jobId: jobNumber(2), status: 'cancelled', summary: 'cancelled by ann' });
    its.orchestrator.send({ type: 'cancel', jobId: jobNumber(1), fence: 1, reason: 'cancelled by ann' });
    expect(await its.orchestrator.next('outcome', 1)).toMatchObject({ jobId: jobNumber(1), status: 'cancelled' });
    expect(its.orchestrator.of('started')).toHaveLength(1);
  });

  it('works on so many jobs at once, and one writer in a repository', async () => {
    await using its = await site();
    const { perform, begun } = heldJobs();
    await its.fixture.start(perform);
    await its.orchestrator.next('heartbeat');
    its.orchestrator.send(backupLease(1));
    its.orchestrator.send(backupLease(2));
    its.orchestrator.send(checkLease(3));
    its.orchestrator.send(checkLease(4));
    await its.orchestrator.next('started', 1);
    expect(its.orchestrator.of('started').map(({ jobId }) => jobId)).toEqual([jobNumber(1), jobNumber(3)]);
    begun[1]?.end();
    expect((await its.orchestrator.next('started', 2)).jobId).toBe(jobNumber(4));
    begun[0]?.end();
    expect((await its.orchestrator.next('started', 3)).jobId).toBe(jobNumber(2));
    begun[2]?.end();
    begun[3]?.end();
    await its.orchestrator.next('outcome', 3);
  });

  it('passes over frames that it does not know', async () => {
    await using its = await site();
    await its.fixture.start(instantly);
    await its.orchestrator.next('heartbeat');
    for (const text of ['not json', '{"v":1,"seq":9,"type":"new-in-2030"}', '{"v":1,"seq":9,"type":"lease","jobId":"../../etc"}', '[]']) {
      its.orchestrator.sendText(text);
    }
    its.orchestrator.send(checkLease(1));
    await its.orchestrator.next('outcome');
    expect(its.orchestrator.connections).toBe(1);
  });

  it('sends progress and log lines at most once a second, the newest progress only', async () => {
    await using its = await site();
    const clock = new FakeClock();
    const { perform, begun } = heldJobs();
    await its.fixture.start(perform, clock);
    await its.orchestrator.next('heartbeat');
    its.orchestrator.send(checkLease(1));
    await its.orchestrator.next('started');
    const progress = {
      phase: 'check',
      filesTotal: 9,
      bytesDone: 0,
      bytesTotal: null,
      errors: 0,
      current: [],
      bytesPerSecond: null,
      secondsRemaining: null,
    };
    for (const filesDone of [1, 2, 3]) begun[0]?.voice.progress({ ...progress, filesDone });
    begun[0]?.voice.log('error', 'unable to read', '/x');
    await clock.advance(1000);
    expect((await its.orchestrator.next('log')).lines).toMatchObject([{ level: 'error', message: 'unable to read', item: '/x' }]);
    begun[0]?.voice.progress({ ...progress, filesDone: 4 });
    await clock.advance(1000);
    await its.orchestrator.next('progress', 1);
    expect(its.orchestrator.of('progress').map((frame) => frame.progress.filesDone)).toEqual([3, 4]);
  });

  it('answers a question with an error record when it cannot be answered', async () => {
    await using its = await site();
    await its.fixture.start(instantly);
    await its.orchestrator.next('heartbeat');
    const repository = { id: 'rep_00000000000000ff', name: 'x', location: join(its.fixture.folder, 'x') };
    its.orchestrator.send({
      type: 'ask',
      id: 'q1',
      question: { method: 'list-files', repository, snapshot: 'latest', path: '/', cursor: null, limit: 10 },
    });
    expect(await its.orchestrator.next('answer')).toMatchObject({
      id: 'q1',
      ok: false,
      error: { kind: 'not-found', code: 'password-missing' },
    });
  });

  it('beats every five seconds and names what it has in hand', async () => {
    await using its = await site();
    const clock = new FakeClock();
    const { perform } = heldJobs();
    await its.fixture.start(perform, clock);
    await its.orchestrator.next('heartbeat');
    its.orchestrator.send(checkLease(1));
    await its.orchestrator.next('started');
    await clock.advance(5000);
    expect((await its.orchestrator.next('heartbeat', 1)).jobs).toEqual([{ jobId: jobNumber(1), fence: 1 }]);
  });

  it('waits for an orchestrator that is not there yet, longer each time, and finds it', async () => {
    await using fixture = new AgentFixture();
    const clock = new FakeClock();
    await fixture.start(instantly, clock);
    for (let tries = 0; tries < 5; tries += 1) await clock.advance(15_000);
    await using orchestrator = await new FakeOrchestrator(fixture.config.socketPath).listen();
    const greeted = orchestrator.next('hello');
    while (orchestrator.frames.length === 0) await clock.advance(15_000);
    await greeted;
  });
});

describe('the agent\u2019s data folder', () => {
  it('lets only one agent work in it, and is free after one was killed', async () => {
    await using fixture = new AgentFixture();
    const agent = await fixture.start(instantly);
    await expect(fixture.start(instantly)).rejects.toMatchObject({ kind: 'conflict', code: 'agent-running' });
    await fixture.stop(agent);
    writeFileSync(join(fixture.config.dataFolder, 'run', 'agent.sock'), '');
    await fixture.start(instantly);
  });

  it('removes left-overs of its own drills and nothing else', async () => {
    await using fixture = new AgentFixture();
    for (const name of ['drl_0123456789abcdef-1a2b', 'drl_0123456789abcdef', 'somebody-elses']) {
      mkdirSync(join(fixture.config.scratchRoot, name, 'deep'), { recursive: true });
    }
    await fixture.start(instantly);
    expect(readdirSync(fixture.config.scratchRoot)).toEqual(['somebody-elses']);
  });

  it('stops politely: jobs are aborted and waited for, nothing is called cancelled', async () => {
    await using its = await site();
    const { perform, begun } = heldJobs();
    let released = false;
    const agent = await its.fixture.start(async (payload, voice) => {
      try {
        return await perform(payload, voice);
      } finally {
        await new Promise((resolve) => setImmediate(resolve));
        released = true;
      }
    });
    await its.orchestrator.next('heartbeat');
    its.orchestrator.send(checkLease(1));
    await its.orchestrator.next('started');
    await its.fixture.stop(agent);
    expect(begun[0]?.voice.signal.aborted).toBe(true);
    expect(released).toBe(true);
    expect(its.orchestrator.of('outcome')).toEqual([]);
    expect(outboxOf(its.fixture)).toEqual([]);
  });
});

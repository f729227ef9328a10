import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { noLogger } from '@fortfail/base';
import { FakeClock } from '@fortfail/base/testing';
import type { PlanOrder } from '@fortfail/protocol';
import { signOrder } from '@fortfail/trust';
import { describe, expect, it } from 'vitest';
import type { JobEnd, PerformJob } from '../jobs/job-context.ts';
import { PlanBook, whatShrank } from '../orders/plan-book.ts';
import { AgentFixture, backupLease } from '../testing/agent-fixture.ts';
import { FakeOrchestrator, testAgentId } from '../testing/fake-orchestrator.ts';

type Entry = PlanOrder['plans'][number];
const hour = 3_600_000;

const entry = (changes: Partial<Entry['plan']> = {}): Entry => ({
  plan: {
    id: 'pln_0000000000000001',
    name: 'etc',
    agentId: testAgentId,
    source: { kind: 'files', paths: ['/etc', '/srv/data'], excludes: [] },
    repositoryId: 'rep_0000000000000001',
    schedule: { cron: '0 3 * * *', zone: 'UTC', jitterSeconds: 0 },
    keep: { last: 7, minimum: 1 },
    promise: { rpoSeconds: 86_400, rtoSeconds: 600 },
    drillSchedule: null,
    enabled: true,
    version: 1,
    createdAt: '2026-11-01T00:00:00Z',
    updatedAt: '2026-11-01T00:00:00Z',
    ...changes,
  },
  repository: { id: 'rep_0000000000000001', name: 'main', location: '/nowhere' },
});

const figures = {
  snapshot: 'a'.repeat(64),
  time: '2026-11-22T05:00:00Z',
  hostname: 'h',
  paths: ['/etc'],
  files: 1,
  directories: 1,
  bytes: 1,
};
const made: JobEnd = {
  status: 'succeeded',
  result: { kind: 'backup', ...figures, addedBytes: 1, storedBytes: 1, errors: 0, tookSeconds: 1 },
  summary: 'Backed up 1 file.',
};

interface Its extends AsyncDisposable {
  readonly fixture: AgentFixture;
  readonly orchestrator: FakeOrchestrator;
  readonly clock: FakeClock;
  readonly done: { planId: string; tags: readonly string[] }[];
  readonly perform: PerformJob;
  plans(entries: readonly Entry[], serial?: number, key?: FakeOrchestrator['linkKey']): Promise<void>;
  /** Time goes by, with room for the disk. */
  pass(ms: number): Promise<void>;
}

async function setUp(): Promise<Its> {
  const fixture = new AgentFixture();
  const orchestrator = await new FakeOrchestrator(fixture.config.socketPath).listen();
  const clock = new FakeClock();
  const done: Its['done'] = [];
  return {
    fixture,
    orchestrator,
    clock,
    done,
    perform: async (payload) => {
      if (payload.kind === 'backup') done.push({ planId: payload.planId, tags: payload.tags });
      return made;
    },
    async plans(entries, serial = 1, key = orchestrator.linkKey) {
      const order: PlanOrder = { iss: 'test', aud: testAgentId, serial, plans: [...entries], iat: 1 };
      orchestrator.send({ type: 'plans', order: await signOrder(key, order) });
    },
    async pass(ms) {
      clock.jump(new Date(clock.now().getTime() + ms));
      for (let looks = 0; looks < 2; looks += 1) {
        await clock.advance(31_000);
        // The looks read and write files.
        for (let turns = 0; turns < 20; turns += 1) await new Promise((resolve) => setImmediate(resolve));
      }
    },
    async [Symbol.asyncDispose]() {
      await fixture[Symbol.asyncDispose]();
      await orchestrator[Symbol.asyncDispose]();
      expect(orchestrator.misfits).toEqual([]);
    },
  };
}

const plansPath = ({ fixture }: Its): string => join(fixture.config.agentFolder, 'plans.json');
const has = (path: string): boolean => statSync(path, { throwIfNoEntry: false }) !== undefined;

describe('a host that gets no orders', () => {
  it('runs its accepted plan by itself once the grace is over, and tells so when it can', async () => {
    await using its = await setUp();
    await its.fixture.start(its.perform, its.clock);
    await its.orchestrator.next('heartbeat');
    await its.plans([entry()]);
    await expect.poll(() => has(plansPath(its))).toBe(true);
    await its.orchestrator.die();
    // 09:00 now; due at 03:00 tomorrow, so nothing before 05:00.
    await its.pass(19.9 * hour);
    expect(its.done).toEqual([]);
    await its.pass(0.2 * hour);
    await expect.poll(() => its.done).toEqual([{ planId: 'pln_0000000000000001', tags: ['plan=etc'] }]);
    await its.pass(5 * hour);
    expect(its.done).toHaveLength(1);
    await its.orchestrator.listen();
    const told = its.orchestrator.next('self-run');
    let isTold = false;
    void told.then(() => {
      isTold = true;
    });
    while (!isTold) await its.pass(60_000);
    expect(await told).toMatchObject({
      planId: 'pln_0000000000000001',
      dueAt: '2026-11-22T03:00:00.000Z',
      status: 'succeeded',
      result: { kind: 'backup', snapshot: 'a'.repeat(64) },
      summary: 'Backed up 1 file.',
    });
    expect(its.orchestrator.of('alarm').map(({ kind }) => kind)).toEqual(['self-run']);
    expect(its.orchestrator.of('outcome')).toEqual([]);
  });

  it('runs it also when it was restarted meanwhile, and once only', async () => {
    await using its = await setUp();
    const first = await its.fixture.start(its.perform, its.clock);
    await its.orchestrator.next('heartbeat');
    await its.plans([entry()]);
    await expect.poll(() => has(plansPath(its))).toBe(true);
    await its.orchestrator.die();
    await its.fixture.stop(first);
    its.clock.jump(new Date(its.clock.now().getTime() + 21 * hour));
    const second = await its.fixture.start(its.perform, its.clock);
    await its.pass(60_000);
    await expect.poll(() => its.done).toHaveLength(1);
    await its.fixture.stop(second);
    await its.fixture.start(its.perform, its.clock);
    await its.pass(60_000);
    expect(its.done).toHaveLength(1);
  });

  it('leaves alone what was ordered, what is switched off, and what was due before it knew of it', async () => {
    await using its = await setUp();
    await its.fixture.start(its.perform, its.clock);
    await its.orchestrator.next('heartbeat');
    await its.plans([
      entry({ id: 'pln_0000000000000002', enabled: false }),
      entry({ schedule: { cron: '0 10 * * *', zone: 'UTC', jitterSeconds: 0 } }),
    ]);
    await expect.poll(() => has(plansPath(its))).toBe(true);
    await its.pass(1.1 * hour);
    its.orchestrator.send(backupLease(1));
    await its.orchestrator.next('outcome');
    expect(its.done).toHaveLength(1);
    await its.pass(5 * hour);
    expect(its.done).toHaveLength(1);
  });

  it('waits as long as the policy of the host says', async () => {
    await using its = await setUp();
    its.fixture.policy({ selfrun_grace: '5m' });
    await its.fixture.start(its.perform, its.clock);
    await its.orchestrator.next('heartbeat');
    await its.plans([entry({ schedule: { cron: '0 10 * * *', zone: 'UTC', jitterSeconds: 0 } })]);
    await expect.poll(() => has(plansPath(its))).toBe(true);
    await its.pass(1.2 * hour);
    await expect.poll(() => its.done).toHaveLength(1);
  });

  it('judges what it runs by itself as it judges orders', async () => {
    await using its = await setUp();
    its.fixture.policy({ selfrun_grace: '5m', paths: ['/home'] });
    await its.fixture.start(its.perform, its.clock);
    await its.orchestrator.next('heartbeat');
    await its.plans([entry({ schedule: { cron: '0 10 * * *', zone: 'UTC', jitterSeconds: 0 } })]);
    await expect.poll(() => has(plansPath(its))).toBe(true);
    await its.pass(1.2 * hour);
    expect(await its.orchestrator.next('self-run')).toMatchObject({ status: 'failed', error: { kind: 'denied', code: 'path-refused' } });
    expect(its.done).toEqual([]);
  });
});

describe('plans that are sent', () => {
  it('are refused and told when another key signed them, and keep what was accepted', async () => {
    await using its = await setUp();
    await its.fixture.start(its.perform, its.clock);
    await its.orchestrator.next('heartbeat');
    await its.plans([entry()], 5);
    await expect.poll(() => has(plansPath(its))).toBe(true);
    const kept = readFileSync(plansPath(its), 'utf8');
    await its.plans([], 6, new FakeOrchestrator('').linkKey);
    expect((await its.orchestrator.next('alarm')).kind).toBe('plans-forged');
    await its.plans([], 4);
    its.orchestrator.send(backupLease(1));
    await its.orchestrator.next('outcome');
    expect(readFileSync(plansPath(its), 'utf8')).toBe(kept);
  });

  it('ring the host’s own alarm when they protect less, by the channels of its policy', async () => {
    const heard: string[] = [];
    const server: Server = createServer((request, response) => {
      let text = String(request.headers.title);
      request.on('data', (part: Buffer) => {
        text += ` ${part}`;
      });
      request.on('end', () => {
        heard.push(text);
        response.end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    await using its = await setUp();
    its.fixture.policy({ alarm: [`ntfy:http://127.0.0.1:${(server.address() as AddressInfo).port}/topic`] });
    await its.fixture.start(its.perform, its.clock);
    await its.orchestrator.next('heartbeat');
    await its.plans([entry()], 1);
    await its.plans([entry({ source: { kind: 'files', paths: ['/etc'], excludes: [] } })], 2);
    expect(await its.orchestrator.next('alarm')).toMatchObject({ kind: 'plan-shrunk', sentence: expect.stringContaining("'/srv/data'") });
    await expect.poll(() => heard).toEqual([expect.stringMatching(/^FortFail .*: plan-shrunk The plans of this host protect less/)]);
    server.closeAllConnections();
    server.close();
  });

  it.each([
    ['is gone', [], /is gone/],
    ['is switched off', [entry({ enabled: false })], /switched off/],
    ['excludes more', [entry({ source: { kind: 'files', paths: ['/etc', '/srv/data'], excludes: ['*.key'] } })], /now excludes '\*\.key'/],
    ['runs less often', [entry({ schedule: { cron: '0 3 * * 1', zone: 'UTC', jitterSeconds: 0 } })], /less often/],
    ['keeps less', [entry({ keep: { last: 2, minimum: 1 } })], /keeps fewer/],
    ['goes elsewhere', [{ ...entry(), repository: { id: 'rep_0000000000000002', name: 'x', location: '/x' } }], /another repository/],
  ])('are known to shrink when a plan %s', (_, after, sentence) => {
    expect(whatShrank([entry()], after, new Date('2026-11-21T09:00:00Z'))).toEqual([expect.stringMatching(sentence)]);
  });

  it('do not shrink when they protect as much or more', () => {
    const now = new Date('2026-11-21T09:00:00Z');
    const wider = entry({
      source: { kind: 'files', paths: ['/etc', '/srv'], excludes: [] },
      schedule: { cron: '0 * * * *', zone: 'UTC', jitterSeconds: 0 },
    });
    expect(whatShrank([entry()], [entry()], now)).toEqual([]);
    expect(whatShrank([entry()], [wider, entry({ id: 'pln_0000000000000002', name: 'new' })], now)).toEqual([]);
  });

  it('are read back after a restart, and count as none when their file is spoilt', async () => {
    const fixture = new AgentFixture();
    const { agentFolder } = fixture.config;
    mkdirSync(agentFolder, { recursive: true });
    const book = await PlanBook.open(agentFolder, noLogger);
    await book.accept({ iss: 'test', aud: testAgentId, serial: 3, plans: [entry()], iat: 1 }, new Date('2026-11-21T09:00:00Z'));
    const again = await PlanBook.open(agentFolder, noLogger);
    expect(again.plans).toEqual([entry()]);
    expect(again.sinceOf('pln_0000000000000001')).toEqual(new Date('2026-11-21T09:00:00Z'));
    writeFileSync(join(agentFolder, 'plans.json'), '{"serial":');
    expect((await PlanBook.open(agentFolder, noLogger)).plans).toEqual([]);
    rmSync(fixture.folder, { recursive: true });
  });
});

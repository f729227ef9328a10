import { randomBytes } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Alert, Job, RestorePoint } from '@fortfail/protocol';
import { decodeJoinString, encodeJoinString } from '@fortfail/trust';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { bareAgent, endings, Host, patienceMs, printed, SiteTalk } from '../support/hosts.ts';
import { wrongClock } from '../support/hosts-clock.ts';
import { Cable, OldProxy } from '../support/hosts-proxy.ts';
import { fortfail, must, restic019 } from '../support/programs.ts';
import { BarePart, clientOf } from '../support/replica.ts';
import { until } from '../support/site.ts';

/** Where agents believe the site to be, and where it is: a cable that can be cut, a proxy without WebSockets, and itself. */
const addresses = { cable: '127.0.7.1', proxy: '127.0.7.2', site: '127.0.7.9' } as const;

/**
 * One site, and hosts that reach it through what breaks. A bare orchestrator and bare agents, so that a kill hits them and
 * nothing starts them again. Each test has a host of its own, and the site goes on with what the ones before left.
 */
describe('hosts and the way between them', () => {
  let folder: string;
  let site: BarePart;
  let talk: SiteTalk;
  let port: number;
  let cable: Cable;
  let proxy: OldProxy;
  let hosts: Host[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'fortfail-ways-'));
    site = new BarePart('orchestrator', join(folder, 'site'), { PORT: '0', FORTFAIL_POLICY: join(folder, 'no-policy.json') });
    await site.start();
    talk = new SiteTalk(clientOf(site.data));
    const names = [addresses.cable, addresses.proxy, addresses.site];
    port = (await talk.client.ask('expose', { body: { names, host: addresses.site, port: 0 } })).port ?? 0;
    cable = await Cable.open({ address: addresses.cable, to: addresses.site, port });
    proxy = await OldProxy.open({ address: addresses.proxy, to: addresses.site, port }, site.data);
  }, patienceMs);
  afterAll(async () => {
    await site?.kill('SIGTERM');
    await cable?.[Symbol.asyncDispose]();
    await proxy?.[Symbol.asyncDispose]();
    if (process.env.FORTFAIL_TEST_KEEP !== '1') rmSync(folder, { recursive: true, force: true });
  }, patienceMs);
  beforeEach(() => {
    hosts = [];
  });
  afterEach(async () => {
    cable.mend();
    for (const host of hosts) await host.kill();
    if (!site.isUp) await site.start();
  }, patienceMs);

  type Way = keyof typeof addresses;
  interface Joined {
    readonly host: Host;
    readonly agentId: string;
  }

  /** A join string whose bearer goes that way. */
  async function joinBy(way: Way): Promise<string> {
    const fields = decodeJoinString((await talk.joinString()).joinString);
    return encodeJoinString({ ...fields, u: `https://${addresses[way]}:${port}` });
  }

  function newHost(name: string, env: Readonly<Record<string, string>> = {}): Host {
    const host = new Host(folder, name, { program: bareAgent, env });
    hosts.push(host);
    return host;
  }

  async function comeIn(name: string, way: Way, env: Readonly<Record<string, string>> = {}): Promise<Joined> {
    const host = newHost(name, env);
    const { agentId } = await host.enrol(await joinBy(way));
    await host.start();
    await talk.connected(agentId);
    return { host, agentId };
  }

  /** A plan with enough to read that there is a middle. */
  async function protect({ host, agentId }: Joined, megabytes: number, cron?: string): Promise<string> {
    const tree = join(host.folder, 'tree');
    mkdirSync(tree);
    for (let index = 0; index < 200; index += 1) writeFileSync(join(tree, `${index}`), `file ${index} of ${host.name}\n`.repeat(100));
    renew(host, megabytes);
    const repositoryId = await talk.repository(`of-${host.name}`, repositoryOf(host), agentId);
    return await talk.plan(`plan-${host.name}`, repositoryId, [tree], cron);
  }

  const repositoryOf = (host: Host): string => join(host.data, 'repositories', 'main');
  const renew = (host: Host, megabytes: number): void =>
    writeFileSync(join(host.folder, 'tree', 'large'), randomBytes(megabytes * 1_000_000));

  function packsOf(host: Host): number {
    const data = join(repositoryOf(host), 'data');
    return existsSync(data) ? readdirSync(data).reduce((sum, name) => sum + readdirSync(join(data, name)).length, 0) : 0;
  }

  /** Orders a backup and waits until bytes of it are stored; answers the job. */
  async function inMiddle(host: Host, planId: string): Promise<string> {
    const before = packsOf(host);
    const { job } = await talk.client.ask('backUp', { params: { planId } });
    await until('the backup to be in its middle', () => packsOf(host) > before + 1 || undefined, patienceMs);
    expect(endings).not.toContain((await talk.client.ask('getJob', { params: { jobId: job.id } })).status);
    return job.id;
  }

  const pointsOf = async (planId: string): Promise<RestorePoint[]> =>
    (await talk.client.ask('listRestorePoints', { query: { planId, limit: 200 } })).items;
  const alertsOf = async (id: string): Promise<Alert[]> =>
    (await talk.client.ask('listAlerts', { query: { limit: 200 } })).items.filter(({ object }) => object.id === id);
  const alertOf = (id: string, kind: string): Promise<Alert> =>
    until(`an alert ${kind}`, async () => (await alertsOf(id)).find((alert) => alert.kind === kind && alert.endedAt === null), patienceMs);

  /** A job ended well; its snapshot is one point; no snapshot is unknown; the repository is whole. */
  async function onceInEffect(host: Host, planId: string, jobId: string): Promise<Job> {
    const end = await talk.settled(jobId);
    expect(end, JSON.stringify(end)).toMatchObject({ status: 'succeeded', error: null });
    const points = await pointsOf(planId);
    expect(points.filter(({ snapshot }) => snapshot === end.result?.snapshot)).toHaveLength(1);
    const [key = ''] = readdirSync(join(host.data, 'agent', 'keys')).filter((name) => name.endsWith('.password'));
    const env = { RESTIC_REPOSITORY: repositoryOf(host), RESTIC_PASSWORD_FILE: join(host.data, 'agent', 'keys', key) };
    await must(fortfail, ['check', '--read-data'], { env });
    if (restic019 !== undefined) await must(restic019, ['check', '--no-cache', '--no-lock'], { env });
    const stored = printed<{ id: string }[]>(await must(fortfail, ['snapshots', '--json'], { env }));
    expect(points.map(({ snapshot }) => snapshot).sort()).toEqual(stored.map(({ id }) => id).sort());
    return end;
  }

  it('do a job to its end when the cable is cut in its middle and mended soon', async () => {
    const joined = await comeIn('cut', 'cable');
    const planId = await protect(joined, 120);
    const jobId = await inMiddle(joined.host, planId);
    cable.cut();
    await talk.agentBecomes(joined.agentId, 'gone', ({ connected }) => !connected);
    cable.mend();
    const end = await onceInEffect(joined.host, planId, jobId);
    expect(end.attempt).toBe(1);
  });

  it('keep what came of a job while the cable is cut, also through a kill, and tell it once', async () => {
    const joined = await comeIn('outbox', 'cable');
    const planId = await protect(joined, 60);
    const jobId = await inMiddle(joined.host, planId);
    cable.cut();
    const outbox = join(joined.host.data, 'agent', 'outbox');
    await until('the outcome to wait', () => (existsSync(outbox) && readdirSync(outbox).length > 0) || undefined, patienceMs);
    await joined.host.kill();
    await joined.host.start();
    expect(readdirSync(outbox)).toHaveLength(1);
    cable.mend();
    const end = await onceInEffect(joined.host, planId, jobId);
    expect(await pointsOf(planId)).toHaveLength(1);
    expect(end.attempt).toBe(1);
    await until('the outcome to be acknowledged', () => readdirSync(outbox).length === 0 || undefined, patienceMs);
  });

  it('settle a job whose agent, orchestrator, or both are killed in its middle', async () => {
    const joined = await comeIn('killed', 'cable');
    const { host } = joined;
    const planId = await protect(joined, 120);
    for (const victims of [[host], [site], [host, site]]) {
      renew(host, 120);
      const jobId = await inMiddle(host, planId);
      for (const victim of victims) await victim.kill();
      for (const victim of victims.toReversed()) await victim.start();
      const end = await onceInEffect(host, planId, jobId);
      expect(end.attempt).toBe(victims.includes(host) ? 2 : 1);
    }
  });

  it('speak by long polls where a proxy refuses WebSockets, ten minutes off as they are', async () => {
    const joined = await comeIn('late', 'proxy', wrongClock(-10 * 60_000));
    const polls = (): number => proxy.passed.get('/agent-link/poll') ?? 0;
    expect([proxy.refused > 0, polls() > 0]).toEqual([true, true]);
    const planId = await protect(joined, 30);
    const { job } = await talk.client.ask('backUp', { params: { planId } });
    await onceInEffect(joined.host, planId, job.id);
    expect((await joined.host.do(['agent', 'show'])).stdout).toMatch(/Connected by long poll/);
    await site.kill();
    await site.start();
    await talk.connected(joined.agentId);
    renew(joined.host, 30);
    await onceInEffect(joined.host, planId, (await talk.client.ask('backUp', { params: { planId } })).job.id);
  });

  it('work by a clock that is ten minutes ahead', async () => {
    const joined = await comeIn('early', 'cable', wrongClock(10 * 60_000));
    const planId = await protect(joined, 5);
    const { job } = await talk.client.ask('backUp', { params: { planId } });
    await onceInEffect(joined.host, planId, job.id);
    cable.cut();
    await talk.agentBecomes(joined.agentId, 'gone', ({ connected }) => !connected);
    cable.mend();
    await talk.connected(joined.agentId);
  });

  it('run their plans by themselves when no order comes for hours, and tell all of it in order, once', async () => {
    const first = newHost('alone');
    writeFileSync(first.policy, JSON.stringify({ v: 1, selfrun_grace: '1s' }), { mode: 0o644 });
    const { agentId } = await first.enrol(await joinBy('cable'));
    await first.start();
    await talk.connected(agentId);
    // Once an hour, and not within the next minutes of the true time.
    const minute = (new Date().getMinutes() + 30) % 60;
    const planId = await protect({ host: first, agentId }, 5, `${minute} * * * *`);
    await until('the plans to be kept there', () => readPlans(first).includes(planId) || undefined, patienceMs);
    await site.kill();
    const outbox = join(first.data, 'agent', 'outbox');
    const letters = (): string[] => (existsSync(outbox) ? readdirSync(outbox).sort() : []).filter((name) => /^\d{12}-.*\.json$/.test(name));
    for (const hours of [1, 2, 3]) {
      await first.kill();
      const later = new Host(folder, 'alone', { program: bareAgent, env: wrongClock(hours * 3_600_000) });
      hosts.push(later);
      await later.start();
      // An alarm that it runs by itself, then what came of it.
      await until(`run ${hours} to be done`, () => letters().length >= 2 * hours || undefined, patienceMs);
      await later.kill();
    }
    const kept = letters().map((name) => JSON.parse(readFileSync(join(outbox, name), 'utf8')) as Record<string, string>);
    expect(kept.map(({ type, kind }) => kind ?? type)).toEqual(['self-run', 'self-run', 'self-run', 'self-run', 'self-run', 'self-run']);
    const runs = kept.filter(({ type }) => type === 'self-run');
    expect(runs).toHaveLength(3);
    await site.start();
    await first.start();
    await until('everything to be acknowledged', () => letters().length === 0 || undefined, patienceMs);
    const points = await pointsOf(planId);
    const told = runs.map((run) => (run.result as unknown as { snapshot: string }).snapshot);
    expect(points.map(({ snapshot }) => snapshot).sort()).toEqual(told.toSorted());
    const jobs = (await talk.client.ask('listJobs', { query: { planId, limit: 200 } })).items.filter(({ cause }) => cause === 'self-run');
    expect(jobs.map(({ result }) => result?.snapshot).toReversed()).toEqual(told);
    expect(await alertOf(planId, 'self-run')).toMatchObject({ severity: 'at-risk', count: 3 });
  });

  it('are kept apart when a data folder was copied: the newer one stays out, the first goes on, somebody is told', async () => {
    const joined = await comeIn('original', 'cable');
    const planId = await protect(joined, 5);
    const copy = newHost('copied');
    cpSync(joined.host.data, copy.data, { recursive: true, filter: (path) => !path.includes('/run/') });
    await copy.start();
    const alert = await alertOf(joined.agentId, 'agent-clone');
    expect(alert.sentence).toMatch(/Two copies of the agent/);
    await until('the copy to know', async () => /Another process/.test((await copy.do(['agent', 'show'])).stdout) || undefined, patienceMs);
    const { job } = await talk.client.ask('backUp', { params: { planId } });
    await onceInEffect(joined.host, planId, job.id);
    expect(packsOf(copy)).toBe(0);
    expect(await talk.agent(joined.agentId)).toMatchObject({ status: 'active', connected: true });
  });

  it('lose their link at once when they are revoked, and come back only by a new join string', async () => {
    const joined = await comeIn('revoked', 'cable');
    const planId = await protect(joined, 120);
    const jobId = await inMiddle(joined.host, planId);
    await must(fortfail, ['agent', 'decide', joined.agentId, 'revoke', '--yes', '--data', site.data]);
    await until('it to know', async () => /was revoked/.test((await joined.host.do(['agent', 'show'])).stdout) || undefined, patienceMs);
    expect(await talk.agent(joined.agentId)).toMatchObject({ status: 'revoked', connected: false });
    expect((await talk.settled(jobId)).status).toBe('cancelled');
    await joined.host.kill();
    await joined.host.start();
    await until('it to be refused', () => joined.host.text.split('"revoked"').length > 2 || undefined, patienceMs);
    await joined.host.kill();
    const input = await joinBy('cable');
    const again = printed<{ agentId: string }>(await joined.host.do(['agent', 'enrol', '--replace', '--json'], { input }));
    expect(again.agentId).not.toBe(joined.agentId);
    await joined.host.start();
    await talk.connected(again.agentId);
  });

  it('are held when their join string is tried again elsewhere, until somebody decides', async () => {
    const victim = newHost('victim');
    const joinString = await joinBy('cable');
    const { agentId } = await victim.enrol(joinString);
    await victim.start();
    await talk.connected(agentId);
    const planId = await protect({ host: victim, agentId }, 5);
    const thief = newHost('thief');
    const refused = await thief.try(['agent', 'enrol'], joinString);
    expect([refused.code, refused.stderr]).toEqual([22, expect.stringMatching(/unknown, used, expired or for another host/)]);
    expect((await alertOf(agentId, 'token-reused')).severity).toBe('broken');
    await talk.agentBecomes(agentId, 'held', ({ status, connected }) => status === 'held' && !connected);
    const { job } = await talk.client.ask('backUp', { params: { planId } });
    await victim.kill();
    await victim.start();
    await until('it to know', async () => /This agent is held/.test((await victim.do(['agent', 'show'])).stdout) || undefined, patienceMs);
    expect((await talk.client.ask('getJob', { params: { jobId: job.id } })).status).toBe('queued');
    await must(fortfail, ['agent', 'decide', agentId, 'keep', '--yes', '--data', site.data]);
    await victim.kill();
    await victim.start();
    await onceInEffect(victim, planId, job.id);
    expect((await alertsOf(agentId)).filter(({ endedAt }) => endedAt === null)).toEqual([]);
  });

  it('leave the audit chain whole, and every witness agrees', async () => {
    const verified = await must(fortfail, ['audit', 'verify', '--witnesses', '--data', site.data]);
    expect(verified.stdout).toMatch(/chain main is whole/);
    expect(verified.stdout).not.toMatch(/DIFFERS/);
  });
});

function readPlans(host: Host): string {
  const path = join(host.data, 'agent', 'plans.json');
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}

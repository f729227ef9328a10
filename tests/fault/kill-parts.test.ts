import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isFortFailError } from '@fortfail/base';
import type { Job, Restore, RestorePoint } from '@fortfail/protocol';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { fortfail, must, restics } from '../support/programs.ts';
import { childrenOf, isAlive, Site, until } from '../support/site.ts';

const victims = ['orchestrator', 'agent', 'both'] as const;
type Victim = (typeof victims)[number];

const endings: readonly Job['status'][] = ['succeeded', 'partial', 'failed', 'cancelled'];

/**
 * One site whose parts are killed in the middle of every kind of job. Each test starts the site anew, on the data folder
 * that the one before it left, so that the delays between restarts stay short.
 */
describe('kill -9 in the middle of a job', () => {
  let folder: string;
  let tree: string;
  let site: Site;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'fortfail-parts-'));
    tree = join(folder, 'tree');
    mkdirSync(join(tree, 'many'), { recursive: true });
    mkdirSync(join(folder, 'small'));
    writeFileSync(join(folder, 'small', 'file'), 'small');
    for (let index = 0; index < 1500; index += 1) writeFileSync(join(tree, 'many', `${index}`), `file ${index} `.repeat(200));
    writeFileSync(join(tree, 'large'), randomBytes(100_000_000));
  }, 60_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  beforeEach(async () => {
    site = new Site(join(folder, 'data'), ['--protect', tree]);
    await site.said(/FortFail is up/);
    await everyMinute();
  }, 120_000);
  afterEach(async () => {
    await site.stop();
  }, 60_000);

  /** The API, over the moments in which it is down. */
  const ask: Site['client']['ask'] = (name, input) =>
    until(`an answer to ${name}`, async () => {
      try {
        return await site.client.ask(name, input);
      } catch (error) {
        if (isFortFailError(error, 'unavailable')) return undefined;
        throw error;
      }
    });
  const planOf = async (name: RegExp): Promise<string> =>
    (await ask('listPlans', {})).items.find(({ plan }) => name.test(plan.name))?.plan.id ?? '';
  /** A plan that is due every minute, so that slots fall into all that happens here. */
  const everyMinute = async (): Promise<void> => {
    if ((await planOf(/every-minute/)) !== '') return;
    const [repository] = (await ask('listRepositories', {})).items;
    const body = {
      name: 'every-minute',
      source: { kind: 'files' as const, paths: [join(folder, 'small')] },
      repositoryId: repository?.id ?? '',
      schedule: { cron: '* * * * *' },
      keep: { last: 10 },
      promise: { rpoSeconds: 3600, rtoSeconds: 3600 },
    };
    await ask('createPlan', { body });
  };
  const job = (jobId: string): Promise<Job> => ask('getJob', { params: { jobId } });
  const pointsOf = async (planId: string): Promise<RestorePoint[]> =>
    (await ask('listRestorePoints', { query: { planId, limit: 200 } })).items;
  const settled = (jobId: string): Promise<Job> =>
    until(`job ${jobId} to end`, async () => {
      const now = await job(jobId);
      return endings.includes(now.status) ? now : undefined;
    });

  async function kill(victim: Victim): Promise<void> {
    if (victim !== 'orchestrator') await site.kill('agent');
    if (victim !== 'agent') await site.kill('orchestrator');
  }

  /** Orders a job, kills in its middle and waits for its end; once more when the kill came too late. */
  async function survive(victim: Victim, order: () => Promise<string>, isInMiddle: () => boolean): Promise<Job> {
    for (let tries = 1; ; tries += 1) {
      const jobId = await order();
      const seen = await until(`job ${jobId} to be in its middle`, async () => {
        const now = await job(jobId);
        return endings.includes(now.status) || (now.status === 'running' && isInMiddle()) ? now : undefined;
      });
      if (!endings.includes(seen.status)) await kill(victim);
      const end = await settled(jobId);
      expect(end, JSON.stringify(end)).toMatchObject({ status: 'succeeded', error: null });
      // The agent alone goes on with its work; killed, it begins again with an attempt more.
      if (victim === 'orchestrator') expect(end.attempt).toBe(1);
      else if (end.attempt === 1 && tries < 4) continue;
      else expect(end.attempt).toBe(2);
      return end;
    }
  }

  function storedPacks(): number {
    const data = join(folder, 'data', 'repositories', 'main', 'data');
    return readdirSync(data).reduce((sum, name) => sum + readdirSync(join(data, name)).length, 0);
  }
  const namesIn = (...path: string[]): string[] => (existsSync(join(folder, ...path)) ? readdirSync(join(folder, ...path)) : []);

  it('a backup survives the death of the orchestrator, of the agent, and of both', async () => {
    const planId = await planOf(/tree/);
    for (const victim of victims) {
      const before = await pointsOf(planId);
      let orders = 0;
      let packs = 0;
      const order = async (): Promise<string> => {
        orders += 1;
        writeFileSync(join(tree, 'large'), randomBytes(100_000_000));
        packs = storedPacks();
        return (await ask('backUp', { params: { planId } })).job.id;
      };
      await survive(victim, order, () => storedPacks() > packs + 1);
      const after = await pointsOf(planId);
      expect(after.length - before.length).toBeGreaterThanOrEqual(orders);
      expect(after[0]).toMatchObject({ grade: 'complete', files: 1501, errors: 0 });
    }
  });

  it('a drill survives the death of the orchestrator, of the agent, and of both', async () => {
    const planId = await planOf(/tree/);
    for (const victim of victims) {
      const before = (await ask('listDrills', { query: { planId, limit: 200 } })).items.length;
      let orders = 0;
      const order = async (): Promise<string> => {
        orders += 1;
        return (await ask('drillPlan', { params: { planId } })).job.id;
      };
      await survive(victim, order, () => namesIn('data', 'scratch').length > 0);
      const drills = (await ask('listDrills', { query: { planId, limit: 200 } })).items;
      expect(drills.length - before).toBe(orders);
      expect(drills[0]).toMatchObject({ outcome: 'passed', files: 1501, differenceCount: 0 });
      expect(namesIn('data', 'scratch')).toEqual([]);
    }
  });

  it('a restore survives the death of the orchestrator, of the agent, and of both', async () => {
    const [point] = await pointsOf(await planOf(/tree/));
    for (const victim of victims) {
      let restore: Restore | undefined;
      const order = async (): Promise<string> => {
        const { id } = await ask('proposeRestore', { body: { restorePointId: point?.id ?? '' } });
        const params = { restoreId: id };
        const proposed = await until('the proposal', async () => {
          const now = await ask('getRestore', { params });
          return now.status === 'proposing' ? undefined : now;
        });
        restore = await ask('applyRestore', { params, body: { digest: proposed.proposal?.digest ?? '' } });
        return restore.jobId ?? '';
      };
      const staged = (): string[] => namesIn('data', 'restore').filter((name) => name.startsWith('.fortfail-restore-'));
      await survive(victim, order, () => staged().length > 0);
      const report = await ask('getRestore', { params: { restoreId: restore?.id ?? '' } });
      expect(report).toMatchObject({ status: 'succeeded', report: { files: 1501, errors: 0 } });
      const target = join(report.report?.target ?? '', tree);
      expect(readdirSync(join(target, 'many'))).toHaveLength(1500);
      expect(readFileSync(join(target, 'large')).equals(readFileSync(join(tree, 'large')))).toBe(true);
      expect(staged()).toEqual([]);
      rmSync(report.report?.target ?? '', { recursive: true });
    }
  });

  it('records every slot of the meantime, keeps the audit chain whole and the repository clean', async () => {
    const planId = await planOf(/every-minute/);
    const slots = (await ask('listSlots', { params: { planId } })).items.map((slot) => ({ ...slot, ms: Date.parse(slot.dueAt) }));
    const [newest, oldest] = [slots[0]?.ms ?? 0, slots.at(-1)?.ms ?? 0];
    expect(slots.map(({ ms }) => ms)).toEqual(Array.from(slots, (_, index) => newest - index * 60_000));
    const { plan } = await ask('getPlan', { params: { planId } });
    if (slots.length > 0) expect(oldest - Date.parse(plan.createdAt)).toBeLessThanOrEqual(60_000);
    expect(slots.slice(2).filter(({ status }) => status === 'due' || status === 'running')).toEqual([]);
    const jobs = (await ask('listJobs', { query: { limit: 200 } })).items;
    const points = (await ask('listRestorePoints', { query: { limit: 200 } })).items;
    for (const { kind, status, result } of jobs) {
      if (kind !== 'backup' || status !== 'succeeded') continue;
      expect(points.filter(({ snapshot }) => snapshot === result?.snapshot)).toHaveLength(1);
    }
    expect((await must(fortfail, ['audit', 'verify', '--data', site.data])).stdout).toMatch(/chain main is whole/);
    const [repository] = (await ask('listRepositories', {})).items;
    const env = {
      RESTIC_REPOSITORY: repository?.location ?? '',
      RESTIC_PASSWORD_FILE: repository?.passwordFile ?? '',
      RESTIC_CACHE_DIR: join(folder, 'cache'),
    };
    for (const judge of restics) await must(judge, ['check', '--read-data'], { env });
    await must(fortfail, ['check', '--read-data'], { env });
    const snapshots = JSON.parse((await must(fortfail, ['snapshots', '--json'], { env })).stdout) as { id: string }[];
    const ids = new Set(snapshots.map(({ id }) => id));
    expect(points.filter(({ snapshot }) => !ids.has(snapshot))).toEqual([]);
  });

  it('of start itself ends its parts by themselves, and the next start takes up what was under way', async () => {
    const planId = await planOf(/tree/);
    writeFileSync(join(tree, 'large'), randomBytes(100_000_000));
    const packs = storedPacks();
    const { id } = (await ask('backUp', { params: { planId } })).job;
    await until('the backup to be in its middle', () => storedPacks() > packs + 1 || undefined);
    const parts = childrenOf(site.child.pid);
    expect(parts).toHaveLength(2);
    site.child.kill('SIGKILL');
    await site.end;
    await until('the parts to end', () => !parts.some(isAlive) || undefined);
    site = new Site(site.data);
    await site.said(/FortFail is up/);
    expect(await settled(id)).toMatchObject({ status: 'succeeded' });
    const { result } = await job(id);
    expect((await pointsOf(planId)).filter(({ snapshot }) => snapshot === result?.snapshot)).toHaveLength(1);
    expect((await must(fortfail, ['audit', 'verify', '--data', site.data])).stdout).toMatch(/chain main is whole/);
  });
});

import { randomBytes, randomInt } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { isFortFailError } from '@fortfail/base';
import type { Job } from '@fortfail/protocol';
import { afterAll, beforeAll, describe, expect, it, onTestFailed } from 'vitest';
import type { LocalClient } from '../../apps/cli/src/client/local-client.ts';
import type { Database } from '../../apps/orchestrator/src/database/database.ts';
import { openPostgres } from '../../apps/orchestrator/src/database/postgres-database.ts';
import { SiteKeys } from '../../apps/orchestrator/src/keys/site-keys.ts';
import { type EmbeddedPostgres, startPostgres, whyNoPostgres } from '../../apps/orchestrator/src/testing/embedded-postgres.ts';
import { fortfail, must } from '../support/programs.ts';
import { Balancer, BarePart, clientOf, Listener } from '../support/replica.ts';
import { until } from '../support/site.ts';

const reason = whyNoPostgres();
if (reason !== undefined) process.stderr.write(`skipped: two orchestrators and kill -9 (${reason})\n`);

const endings: readonly Job['status'][] = ['succeeded', 'partial', 'failed', 'cancelled'];
const enoughKills = 6;
/** On a slow machine there are fewer kills. */
const chaosMs = 25_000;
const minute = 60_000;

/** Two orchestrators on one database, a resident agent each, and an agent behind a balancer that moves between them. */
describe.skipIf(reason !== undefined)('kill -9 of one of two orchestrators', () => {
  let folder: string;
  let server: EmbeddedPostgres;
  let database: Database;
  let orchestrators: readonly [BarePart, BarePart];
  let agents: readonly BarePart[];
  let balancer: Balancer;
  const sockets = (): string[] => orchestrators.map(({ data }) => join(data, 'run', 'orchestrator.sock'));

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ff-two-'));
    server = await startPostgres();
    const url = await server.createDatabase('site');
    SiteKeys.open(join(folder, 'shared'), {});
    const env = {
      DATABASE_URL: url.reveal(),
      PORT: '0',
      SITE_NAME: 'two',
      LINK_KEY_FILE: join(folder, 'shared', 'keys', 'link.key'),
      EVIDENCE_KEY_FILE: join(folder, 'shared', 'keys', 'evidence.key'),
    };
    orchestrators = [new BarePart('orchestrator', join(folder, 'a'), env), new BarePart('orchestrator', join(folder, 'b'), env)];
    // At the same moment on an empty database: one of them makes the tables and the site.
    await Promise.all(orchestrators.map((part) => part.start()));
    database = await openPostgres(url);
    balancer = await Balancer.open(join(folder, 'c'), sockets());
    mkdirSync(join(folder, 'c', 'agent'), { mode: 0o700 });
    writeFileSync(join(folder, 'c', 'agent', 'id'), 'agt_00000000000000cc\n', { mode: 0o600 });
    agents = ['a', 'b', 'c'].map((name) => new BarePart('agent', join(folder, name)));
    // Whoever comes first over an orchestrator's own socket is its resident agent, so the one that moves comes last.
    for (const some of [agents.slice(0, 2), agents.slice(2)]) {
      await Promise.all(some.map((part) => part.start()));
      await until('them to be connected', () => some.every(({ text }) => text.includes('connected to the orchestrator')) || undefined);
    }
  }, 60_000);
  afterAll(async () => {
    await Promise.all(agents.map((part) => part.kill('SIGTERM')));
    await Promise.all(orchestrators.map((part) => part.kill('SIGTERM')));
    await balancer[Symbol.asyncDispose]();
    await database[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
    if (process.env.FORTFAIL_TEST_KEEP !== '1') rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  const anyone = (): LocalClient => clientOf(orchestrators[randomInt(2)]?.data ?? '');
  /** Whichever answers. */
  const ask: LocalClient['ask'] = (name, input) =>
    until(`an answer to ${name}`, async () => {
      try {
        return await anyone().ask(name, input);
      } catch (error) {
        if (isFortFailError(error, 'unavailable')) return undefined;
        throw error;
      }
    });
  const settled = (jobId: string): Promise<Job> =>
    until(`job ${jobId} to end`, async () => {
      const job = await ask('getJob', { params: { jobId } });
      return endings.includes(job.status) ? job : undefined;
    });

  /** A repository and a plan that is due every minute, on each agent. */
  async function makePlans(): Promise<string[]> {
    const { items } = await ask('listAgents', {});
    const plans: string[] = [];
    for (const [index, agent] of items.entries()) {
      const tree = join(folder, `tree-${index}`);
      mkdirSync(tree);
      for (let file = 0; file < 100; file += 1) writeFileSync(join(tree, `${file}`), `file ${file} `.repeat(200));
      writeFileSync(join(tree, 'large'), randomBytes(8_000_000));
      const body = { name: `r${index}`, path: join(folder, `repository-${index}`), agentId: agent.id };
      const { repository, job } = await ask('createRepository', { body });
      expect(await settled(job.id)).toMatchObject({ status: 'succeeded' });
      const plan = {
        name: `p${index}`,
        source: { kind: 'files' as const, paths: [tree] },
        repositoryId: repository.id,
        schedule: { cron: '* * * * *' },
        keep: { last: 100 },
        promise: { rpoSeconds: 3600, rtoSeconds: 3600 },
      };
      plans.push((await ask('createPlan', { body: plan })).id);
    }
    return plans;
  }

  /** Orders what it can, now here and now there, while one orchestrator after the other is killed and comes back. */
  async function rage(plans: readonly string[]): Promise<number> {
    const endMs = performance.now() + chaosMs;
    let kills = 0;
    const goesOn = (): boolean => kills < enoughKills && performance.now() < endMs;
    const order = async (planId: string): Promise<void> => {
      while (goesOn()) {
        writeFileSync(join(folder, `tree-${plans.indexOf(planId)}`, 'large'), randomBytes(8_000_000));
        try {
          const { job } = await anyone().ask(randomInt(3) === 0 ? 'drillPlan' : 'backUp', { params: { planId } });
          await settled(job.id);
        } catch (error) {
          // One is open already, there is no point yet, or nobody was there to answer.
          if (!isFortFailError(error, 'conflict') && !isFortFailError(error, 'unavailable')) throw error;
          await sleep(50);
        }
      }
    };
    const kill = async (): Promise<void> => {
      while (goesOn()) {
        await sleep(randomInt(200, 2000));
        const victim = orchestrators[kills % 2];
        await victim?.kill();
        kills += 1;
        await sleep(randomInt(0, 1500));
        await victim?.start();
      }
    };
    await Promise.all([kill(), ...plans.map(order)]);
    return kills;
  }

  it('loses no job, runs none twice in effect, records each slot once and tells every event once', async () => {
    onTestFailed(() => {
      for (const part of [...orchestrators, ...agents]) process.stdout.write(`== ${part.data}\n${part.text}\n`);
    });
    await until('all agents to be connected, as either tells it', async () => {
      for (const { data } of orchestrators) {
        const { items } = await clientOf(data).ask('listAgents', {});
        if (items.length < 3 || items.some(({ connected }) => !connected)) return undefined;
      }
      return true;
    });
    const plans = await makePlans();
    const { seq: from } = await ask('listEvents', { query: { after: 0, limit: 1 } }).then(async () => {
      const head = await database.read.selectFrom('event_head').select('seq').executeTakeFirstOrThrow();
      return { seq: head.seq };
    });
    using first = new Listener(sockets(), from);
    using second = new Listener(sockets().reverse(), from);
    // As if nobody had been there for a while, so that many slots are due at once, when the first kill comes.
    const since = new Date(Math.floor(Date.now() / minute) * minute - 20 * minute).toISOString();
    const before = await database.transaction(async (tx) => {
      await tx.updateTable('schedule_mark').set({ at: since }).where('kind', '=', 'backup').execute();
      // A slot that came due meanwhile comes due once more.
      await tx.deleteFrom('slot').execute();
      return new Set((await tx.selectFrom('job').select('id').execute()).map(({ id }) => id));
    });
    const kills = await rage(plans);
    expect(kills).toBeGreaterThan(1);
    await until('all jobs to end', async () => {
      const open = await database.read.selectFrom('job').select('id').where('ended_at', 'is', null).execute();
      return open.length === 0 || undefined;
    });

    const jobs = await database.read.selectFrom('job').selectAll().execute();
    expect(jobs.filter(({ status }) => status !== 'succeeded').map(({ kind, status, error }) => ({ kind, status, error }))).toEqual([]);
    const points = await database.read.selectFrom('restore_point').selectAll().execute();
    for (const job of jobs.filter(({ kind }) => kind === 'backup')) {
      const { snapshot } = JSON.parse(job.result ?? '{}') as { snapshot?: string };
      expect(points.filter((point) => point.snapshot === snapshot)).toHaveLength(1);
    }
    const drills = await database.read.selectFrom('drill').selectAll().execute();
    expect(drills).toHaveLength(jobs.filter(({ kind }) => kind === 'drill').length);
    expect(drills.filter(({ outcome }) => outcome !== 'passed')).toEqual([]);

    for (const planId of plans) {
      const slots = await database.read.selectFrom('slot').selectAll().where('plan_id', '=', planId).orderBy('due_at').execute();
      const due = slots.map(({ due_at }) => Date.parse(due_at));
      expect(due).toEqual(Array.from(due, (_, index) => Date.parse(since) + (index + 1) * minute));
      expect(due.length).toBeGreaterThanOrEqual(20);
      const ordered = slots.flatMap(({ job_id }) => (job_id === null ? [] : [job_id]));
      const backups = jobs.filter(({ id, plan_id, kind }) => plan_id === planId && kind === 'backup' && !before.has(id));
      const scheduled = backups.filter(({ cause }) => cause === 'schedule' || cause === 'catch-up');
      expect(scheduled.map(({ id }) => id).sort()).toEqual(ordered.toSorted());
      expect(new Set(ordered).size).toBe(ordered.length);
    }

    const { seq: head } = await database.read.selectFrom('event_head').select('seq').executeTakeFirstOrThrow();
    const all = Array.from({ length: head - from }, (_, index) => from + index + 1);
    for (const listener of [first, second]) {
      await until('the listener to have heard all', () => (listener.seen.at(-1) ?? 0) >= head || undefined);
      expect(listener.seen.slice(0, all.length)).toEqual(all);
      expect(listener.resets).toBe(0);
      expect(listener.moves).toBeGreaterThan(0);
    }

    for (const { data } of orchestrators) expect(await clientOf(data).ask('verifyAudit', {})).toMatchObject({ whole: true });
    const repositories = (await ask('listRepositories', {})).items;
    for (const { id, location, passwordFile } of repositories) {
      const env = { RESTIC_REPOSITORY: location, RESTIC_PASSWORD_FILE: passwordFile ?? '', RESTIC_CACHE_DIR: join(folder, 'cache') };
      const listed = JSON.parse((await must(fortfail, ['snapshots', '--json'], { env })).stdout) as { id: string }[];
      const known = points.filter(({ repository_id }) => repository_id === id).map(({ snapshot }) => snapshot);
      expect(listed.map((snapshot) => snapshot.id).sort()).toEqual(known.sort());
    }
  }, 120_000);
});

import { join } from 'node:path';
import { type Clock, FortFailError } from '@fortfail/base';
import type { Plan, PlanDraftInput, PlanState, Repository } from '@fortfail/protocol';
import type { ApiClient } from '../client/local-client.ts';
import { isWithin, planName } from './protected-paths.ts';

/** The plan that protects FortFail's own configuration, catalog and audit. */
export const ownPlanName = 'fortfail-itself';
export const repositoryName = 'main';

/** How long a fresh orchestrator may wait for its agent. */
const agentPatienceMs = 30_000;
const pauseMs = 100;

export interface SiteSetUp {
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly dataPath: string;
  /** Absolute paths, each to have a plan of its own. */
  readonly paths: readonly string[];
}

/** What `start` promises unless someone says otherwise. */
function defaultsFor(repositoryId: string): Omit<PlanDraftInput, 'name' | 'source'> {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return {
    repositoryId,
    schedule: { cron: '0 * * * *', zone },
    keep: { hourly: 48, daily: 7, weekly: 4, minimum: 1 },
    promise: { rpoSeconds: 2 * 3600, rtoSeconds: 4 * 3600 },
    drillSchedule: { cron: '30 3 * * 0', zone },
  };
}

async function until<T>(set: SiteSetUp, patienceMs: number, look: () => Promise<T | undefined>, late: () => FortFailError): Promise<T> {
  const endMs = set.clock.monotonicMs() + patienceMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (set.clock.monotonicMs() > endMs) throw late();
    await set.clock.sleep(pauseMs, set.signal);
  }
}

async function connectedAgent(set: SiteSetUp): Promise<void> {
  await until(
    set,
    agentPatienceMs,
    async () => (await set.client.ask('listAgents', { signal: set.signal })).items.find(({ connected }) => connected),
    () =>
      new FortFailError({
        kind: 'unavailable',
        code: 'no-agent',
        message: 'unable to reach the agent: it did not connect in time',
        hint: 'Its log is in the data folder, run/log/agent.log.',
      }),
  );
}

/** The repository `main`, made by the agent on the first start. */
export async function ensureRepository(set: SiteSetUp): Promise<Repository> {
  const { client, signal } = set;
  await connectedAgent(set);
  const known = (await client.ask('listRepositories', { signal })).items.find(({ name }) => name === repositoryName);
  if (known?.status === 'ready') return known;
  let repositoryId = known?.id;
  if (known === undefined || known.status === 'failed') {
    const body = { name: repositoryName, path: join(set.dataPath, 'repositories', repositoryName) };
    repositoryId = (await client.ask('createRepository', { body, signal })).repository.id;
  }
  return await until(
    set,
    60_000,
    async () => {
      const now = await client.ask('getRepository', { params: { repositoryId: repositoryId ?? '' }, signal });
      if (now.status === 'failed') throw await creationFailure(set, now);
      return now.status === 'ready' ? now : undefined;
    },
    () =>
      new FortFailError({ kind: 'unavailable', code: 'repository-late', message: `unable to make repository '${repositoryName}' in time` }),
  );
}

async function creationFailure({ client, signal }: SiteSetUp, repository: Repository): Promise<FortFailError> {
  const jobs = (await client.ask('listJobs', { query: { status: 'failed' }, signal })).items;
  const why = jobs.find((job) => job.kind === 'initialise' && job.repositoryId === repository.id)?.error;
  return new FortFailError({
    kind: 'unavailable',
    code: 'repository-failed',
    message: why?.message ?? `unable to make repository '${repository.name}'`,
    hint: why?.hint ?? 'The agent wrote why into run/log/agent.log in the data folder.',
  });
}

async function allPlans({ client, signal }: SiteSetUp): Promise<PlanState[]> {
  const plans: PlanState[] = [];
  let cursor: string | undefined;
  do {
    const page = await client.ask('listPlans', { query: { limit: 200, ...(cursor === undefined ? {} : { cursor }) }, signal });
    plans.push(...page.items);
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return plans;
}

const protects = (plan: Plan, path: string): boolean =>
  plan.source.kind === 'files' && plan.source.paths.length === 1 && plan.source.paths[0] === path;

/** Characters that a pattern would take for more than themselves. */
const literal = (path: string): string => path.replaceAll(/[\\*?[\]]/g, '\\$&');

/**
 * A plan for each path and one for FortFail itself; those that exist are left as they are. Answers with all plans that
 * this site has, so that a start without paths goes on with what was protected before.
 */
export async function ensurePlans(set: SiteSetUp, repository: Repository): Promise<readonly PlanState[]> {
  const before = await allPlans(set);
  const names = new Set(before.map(({ plan }) => plan.name));
  const wanted: PlanDraftInput[] = [];
  for (const path of set.paths) {
    if (before.some(({ plan }) => protects(plan, path))) continue;
    const name = planName(path, names);
    names.add(name);
    const excludes = isWithin(set.dataPath, path) ? [literal(set.dataPath)] : [];
    wanted.push({ ...defaultsFor(repository.id), name, source: { kind: 'files', paths: [path], excludes } });
  }
  if (!before.some(({ plan }) => plan.source.kind === 'config'))
    wanted.push({
      ...defaultsFor(repository.id),
      name: names.has(ownPlanName) ? `${ownPlanName}-2` : ownPlanName,
      source: { kind: 'config' },
    });
  for (const body of wanted) await set.client.ask('createPlan', { body, signal: set.signal });
  return wanted.length === 0 ? before : await allPlans(set);
}

import { summariseVerdicts, verdictOrder } from '@fortfail/policy';
import type { Job, Restore, RouteAnswer, RouteBody, RouteName, RouteQuery } from '@fortfail/protocol';
import { browseHandlers } from './browse-handlers.ts';
import { filesOf } from './files.ts';
import { missing, Refusal } from './refusal.ts';
import { siteHandlers } from './site-handlers.ts';
import { slotsOf, stateOf } from './states.ts';
import { idOf, iso, type World } from './world.ts';

/** One call, its parts already checked against the route's schemas. */
export interface Call<N extends RouteName> {
  readonly world: World;
  readonly path: Readonly<Record<string, string>>;
  readonly query: NonNullable<RouteQuery<N>>;
  readonly body: RouteBody<N>;
  /** Tells the page that something should be read again. */
  readonly changed: (
    object: 'job' | 'restore' | 'plan' | 'restore-point' | 'drill' | 'agent' | 'alert' | 'kit' | 'grant',
    id: string,
  ) => void;
  readonly setSession: (isIn: boolean) => void;
}

export type Handlers = { readonly [N in RouteName]?: (call: Call<N>) => RouteAnswer<N> | Promise<RouteAnswer<N>> };

/** Inputs that are refused, so that a test can ask for an error without reaching into the server. */
export const sentinels = {
  wrongPassword: 'wrong password',
  usedLink: 'used-link-0000000000000000',
  fullTarget: '/full',
  busyTarget: '/not-empty',
} as const;

let lastJob = 40_000;
let lastRestore = 0;

const addJob = (world: World, given: Pick<Job, 'kind'> & Partial<Job>): Job => {
  lastJob += 1;
  const job: Job = {
    id: idOf('job', lastJob),
    status: 'queued',
    planId: null,
    planName: null,
    agentId: idOf('agt', 1),
    restorePointId: null,
    restoreId: null,
    drillId: null,
    repositoryId: idOf('rep', 1),
    cause: 'person',
    attempt: 1,
    maxAttempts: 3,
    queuedAt: iso(world.now()),
    startedAt: null,
    endedAt: null,
    leaseUntil: null,
    progress: null,
    outcome: null,
    result: null,
    error: null,
    ...given,
  };
  world.jobs = [job, ...world.jobs];
  world.logs.set(job.id, []);
  return job;
};

const find = <T extends { readonly id: string }>(items: readonly T[], what: string, id: string | undefined): T => {
  const item = items.find((each) => each.id === id);
  if (!item) throw missing(what, id ?? '');
  return item;
};

const planOf = ({ world, path }: { readonly world: World; readonly path: Readonly<Record<string, string>> }) => {
  const plan = world.plans.find(({ id }) => id === path.planId);
  if (!plan) throw missing('plan', path.planId ?? '');
  return plan;
};

const pageOf = <T>(
  items: readonly T[],
  query: { cursor?: string | undefined; limit?: unknown },
): { items: T[]; nextCursor: string | null } => {
  const from = Number(query.cursor ?? 0);
  const limit = Number(query.limit ?? 50);
  return { items: items.slice(from, from + limit), nextCursor: from + limit < items.length ? String(from + limit) : null };
};

const statesOf = (world: World) =>
  world.plans.map((plan) => stateOf(world, plan)).sort((a, b) => verdictOrder.indexOf(a.verdict) - verdictOrder.indexOf(b.verdict));

const alertCounts = ({ site }: World): RouteAnswer<'overview'>['alerts'] => {
  const open = site.alerts.filter(({ endedAt }) => endedAt === null);
  return { open: open.length, unacknowledged: open.filter(({ acknowledgedAt }) => acknowledgedAt === null).length };
};

const overview = ({ world }: Call<'overview'>): RouteAnswer<'overview'> => {
  const plans = statesOf(world);
  const points = world.points.filter(({ forgottenAt }) => forgottenAt === null).length;
  const { counts, title } = summariseVerdicts(
    plans.map(({ verdict }) => ({ verdict, wouldComeBack: verdict === 'kept' || verdict === 'held' })),
  );
  return {
    now: iso(world.now()),
    site: 'fort-01',
    version: '0.1.0',
    title,
    subtitle:
      plans.length === 0
        ? 'Name a folder and it is backed up, restored and compared within minutes.'
        : 'Not fully safe since 00:29 today, when billing-exports passed its promise of 1 h. Judged from 401 restore points and 2 agents; the oldest fact used is 38 s old, except for lab-nas.',
    counts,
    facts:
      plans.length === 0
        ? []
        : [
            { label: 'Most you would lose', value: '9 h 12 m', detail: 'billing-exports, of 1 h' },
            { label: 'Slowest to return', value: '5 h 48 m', detail: 'media-library, of 4 h' },
            { label: 'Drilled in 7 days', value: '10', detail: 'of 13 plans' },
            { label: 'Restore points', value: String(points), detail: 'in 1 repository' },
          ],
    plans,
    running: world.jobs.filter(({ status }) => status === 'running'),
    repositories: [
      {
        id: world.repository.id,
        name: world.repository.name,
        location: world.repository.location,
        storedBytes: world.repository.storedBytes,
        points,
      },
    ],
    alerts: alertCounts(world),
    audit: { seq: 48_213, hash: '9f2c'.padEnd(60, '0').concat('41d0') },
  };
};

const order =
  (kind: Job['kind']) => (call: { world: World; path: Readonly<Record<string, string>>; changed: Call<'backUp'>['changed'] }) => {
    const plan = planOf(call);
    const job = addJob(call.world, { kind, planId: plan.id, planName: plan.name });
    call.changed('job', job.id);
    return { job };
  };

const retention = ({ world, path }: Call<'previewRetention'>): RouteAnswer<'previewRetention'> => {
  const plan = planOf({ world, path });
  const points = world.points.filter((point) => point.planId === plan.id && point.forgottenAt === null);
  const judged = points.map((point, index) => {
    const verdict = point.grade === 'partial' || index > 40 ? ('remove' as const) : ('keep' as const);
    const reasons =
      verdict === 'remove'
        ? [point.grade === 'partial' ? 'partial, newer is whole' : 'no rule keeps it']
        : [`hourly ${index + 1} of 48`, ...(index < 7 ? [`daily ${index + 1} of 7`] : [])];
    return { restorePointId: point.id, time: point.time, grade: point.grade, verdict, reasons };
  });
  const remove = judged.filter(({ verdict }) => verdict === 'remove').length;
  return { decidedAt: iso(world.now()), keep: judged.length - remove, remove, points: judged };
};

const proposalOf = (world: World, restore: Restore): NonNullable<Restore['proposal']> => {
  const isBusy = restore.target === sentinels.busyTarget;
  return {
    target: restore.target ?? `/var/lib/fortfail/restore/${iso(world.now()).slice(0, 19).replaceAll(':', '-')}`,
    files: restore.include.length || 12_880,
    directories: 3,
    others: 1,
    bytes: 229_600 * (restore.include.length || 400),
    packs: 4,
    bytesToRead: 3_100_000,
    freeBytes: 214_000_000_000,
    conflicts: isBusy ? [{ path: `${sentinels.busyTarget}/LocalSettings.php`, onDisk: 'file, 14.4 kB', inPoint: 'file, 14.2 kB' }] : [],
    conflictCount: isBusy ? 1 : 0,
    limits: [],
    expectedSeconds: 2,
    digest: '51ae'.padEnd(60, '0').concat('77c0'),
  };
};

const proposeRestore = ({ world, body, changed }: Call<'proposeRestore'>): Restore => {
  const point = find(world.points, 'restore point', body.restorePointId);
  if (body.target === sentinels.fullTarget)
    throw new Refusal(507, 'no-space', 'target-full', `unable to restore into '${sentinels.fullTarget}', the disk is full`, {
      hint: 'Choose a folder on another disk.',
    });
  lastRestore += 1;
  const restoreId = idOf('rst', lastRestore);
  const job = addJob(world, { kind: 'propose-restore', planId: point.planId, planName: point.planName, restoreId });
  const restore: Restore = {
    id: restoreId,
    restorePointId: point.id,
    planName: point.planName,
    include: body.include ?? [],
    target: body.target ?? null,
    agentId: body.targetAgentId ?? idOf('agt', 1),
    status: 'proposing',
    proposal: null,
    report: null,
    error: null,
    jobId: job.id,
    createdAt: iso(world.now()),
    endedAt: null,
  };
  world.restores = [restore, ...world.restores];
  changed('restore', restoreId);
  return restore;
};

/** The agent's answer to a proposal, given when a test says so. */
export const answerProposal = (world: World, restoreId: string): void => {
  world.restores = world.restores.map((restore) =>
    restore.id === restoreId ? { ...restore, status: 'proposed', proposal: proposalOf(world, restore) } : restore,
  );
};

const applyRestore = ({ world, path, body, changed }: Call<'applyRestore'>): Restore => {
  const restore = find(world.restores, 'restore', path.restoreId);
  if (restore.proposal?.digest !== body.digest)
    throw new Refusal(409, 'conflict', 'proposal-outdated', 'unable to apply an outdated proposal', { hint: 'Ask for another one.' });
  const job = addJob(world, { kind: 'apply-restore', planName: restore.planName, restoreId: restore.id });
  const next: Restore = { ...restore, status: 'applying', jobId: job.id };
  world.restores = world.restores.map((each) => (each.id === next.id ? next : each));
  changed('restore', next.id);
  return next;
};

const listFiles = ({ world, path, query }: Call<'listFiles'>): RouteAnswer<'listFiles'> => {
  const point = find(world.points, 'restore point', path.restorePointId);
  const folder = query.path ?? '/';
  const entries = filesOf(point.paths[0] ?? '/', folder, point.time);
  if (!entries) throw missing('folder', folder);
  const { items, nextCursor } = pageOf(entries, query);
  return { restorePointId: point.id, path: folder, entries: items, nextCursor };
};

const signInWithPassword = ({ world, body, setSession }: Call<'signInWithPassword'>): RouteAnswer<'signInWithPassword'> => {
  if (body.password === sentinels.wrongPassword)
    throw new Refusal(401, 'denied', 'wrong-name-or-password', 'unable to sign in with this name and password');
  setSession(true);
  return world.me;
};

const signInWithLink = ({ world, body, setSession }: Call<'signInWithLink'>): RouteAnswer<'signInWithLink'> => {
  if (body.link === sentinels.usedLink)
    throw new Refusal(401, 'denied', 'link-used', 'unable to use this link, it was used already or is too old', {
      hint: 'Print another with `fortfail login-link`.',
    });
  setSession(true);
  world.me = { ...world.me, via: 'link', hasPassword: false };
  return world.me;
};

const readable = {
  signInState: () => ({ setUp: true, site: 'fort-01', version: '0.1.0' }),
  me: ({ world }) => world.me,
  overview,
  listPlans: ({ world, query }) => pageOf(statesOf(world), query),
  getPlan: (call) => stateOf(call.world, planOf(call)),
  listSlots: (call) => pageOf(slotsOf(call.world, planOf(call)), call.query),
  previewRetention: retention,
  listRestorePoints: ({ world, query }) =>
    pageOf(
      world.points
        .filter(
          (point) =>
            point.forgottenAt === null && (!query.planId || point.planId === query.planId) && (!query.grade || point.grade === query.grade),
        )
        .sort((a, b) => (a.time < b.time ? 1 : -1)),
      query,
    ),
  getRestorePoint: ({ world, path }) => find(world.points, 'restore point', path.restorePointId),
  listFiles,
  listRestores: ({ world, query }) => pageOf(world.restores, query),
  getRestore: ({ world, path }) => find(world.restores, 'restore', path.restoreId),
  listDrills: ({ world, query }) =>
    pageOf(
      world.drills.filter((drill) => !query.planId || drill.planId === query.planId).sort((a, b) => (a.startedAt < b.startedAt ? 1 : -1)),
      query,
    ),
  getDrill: ({ world, path }) => find(world.drills, 'drill', path.drillId),
  listJobs: ({ world, query }) => pageOf(world.jobs, query),
  getJob: ({ world, path }) => find(world.jobs, 'job', path.jobId),
  getJobLog: ({ world, path }) => ({ lines: world.logs.get(path.jobId ?? '') ?? [], truncated: false }),
  listRepositories: ({ world }) => ({ items: [world.repository], nextCursor: null }),
  listAgents: ({ world }) => ({ items: world.agents, nextCursor: null }),
} satisfies Handlers;

const changing = {
  signInWithPassword,
  signInWithLink,
  changePassword: ({ world, body }) => {
    world.me = { ...world.me, name: body.name ?? world.me.name, hasPassword: true, via: 'session' };
    return world.me;
  },
  signOut: ({ setSession }) => {
    setSession(false);
    return {};
  },
  backUp: order('backup'),
  drillPlan: order('drill'),
  forget: (call) => {
    const gone = new Set(call.body.restorePointIds);
    call.world.points = call.world.points.map((point) => (gone.has(point.id) ? { ...point, forgottenAt: iso(call.world.now()) } : point));
    return order('forget')(call);
  },
  proposeRestore,
  applyRestore,
  cancelJob: ({ world, path, changed }) => {
    const job: Job = {
      ...find(world.jobs, 'job', path.jobId),
      status: 'cancelled',
      endedAt: iso(world.now()),
      outcome: 'It was stopped by Mara',
    };
    world.jobs = world.jobs.map((each) => (each.id === job.id ? job : each));
    changed('job', job.id);
    return job;
  },
} satisfies Handlers;

/** What the mock answers, by the protocol's own table. */
export const handlers: Handlers = { ...readable, ...changing, ...browseHandlers, ...siteHandlers };

import type { Agent, Drill, Job, JobLogLine, Me, Plan, Repository, Restore, RestorePoint } from '@fortfail/protocol';
import { hostileNames } from './files.ts';
import { type Seed, seeds } from './seeds.ts';
import { makeSite, type SiteWorld } from './site-world.ts';

/** In milliseconds, as all times of the fixture. */
export const MINUTE = 60_000;
export const DAY = 1440 * MINUTE;

/** Everything the mock knows. Tests change it directly and then tell the page with an event. */
export interface World {
  readonly now: () => number;
  me: Me;
  agents: Agent[];
  repository: Repository;
  plans: Plan[];
  seedOf: Map<string, Seed>;
  points: RestorePoint[];
  drills: Drill[];
  jobs: Job[];
  logs: Map<string, JobLogLine[]>;
  restores: Restore[];
  /** Alerts, audit, kit, persons. */
  site: SiteWorld;
}

const hex = (value: number, length: number): string => value.toString(16).padStart(length, '0').slice(-length);
/** An id of a kind: `pln_0000000000000003`. */
export const idOf = (kind: string, value: number): string => `${kind}_${hex(value, 16)}`;
const longId = (value: number): string => hex(value * 2_654_435_761, 16).repeat(4);
/** RFC 3339 in UTC. */
export const iso = (time: number): string => new Date(time).toISOString();

const agentsAt = (now: number): Agent[] => [
  {
    id: idOf('agt', 1),
    hostname: 'fort-01',
    kind: 'resident',
    version: '0.1.0',
    connected: true,
    lastSeenAt: iso(now),
    restoreRoot: '/var/lib/fortfail/restore',
    isRoot: true,
    status: 'active',
    reason: null,
    enrolledAt: iso(now - 90 * 24 * 60 * MINUTE),
    words: null,
    identity: null,
    sealing: null,
    signing: null,
    certificateUntil: null,
    generation: 1,
    policyDigest: null,
    hasOwner: false,
    witnessSeq: null,
    plans: 3,
    openJobs: 0,
  },
  {
    id: idOf('agt', 2),
    hostname: 'lab-nas',
    kind: 'remote',
    version: '0.1.0',
    connected: false,
    lastSeenAt: iso(now - 209 * MINUTE),
    restoreRoot: null,
    isRoot: false,
    status: 'active',
    reason: null,
    enrolledAt: iso(now - 90 * 24 * 60 * MINUTE),
    words: ['amber', 'basil', 'cedar', 'delta', 'ember', 'fjord'],
    identity: null,
    sealing: null,
    signing: null,
    certificateUntil: null,
    generation: 1,
    policyDigest: null,
    hasOwner: false,
    witnessSeq: null,
    plans: 0,
    openJobs: 0,
  },
];

const planOf = (seed: Seed, index: number, now: number): Plan => ({
  id: idOf('pln', index + 1),
  name: seed.name,
  source: seed.path === null ? { kind: 'config' } : { kind: 'files', paths: [seed.path], excludes: index === 3 ? ['*.tmp', 'cache/'] : [] },
  repositoryId: idOf('rep', 1),
  schedule: { cron: seed.cron, zone: 'UTC', jitterSeconds: 0 },
  keep: { hourly: 48, daily: 7, weekly: 4, minimum: 1 },
  promise: { rpoSeconds: seed.rpoMinutes * 60, rtoSeconds: seed.rtoMinutes * 60 },
  drillSchedule: seed.drill === null ? null : { cron: '15 3 * * 0', zone: 'UTC', jitterSeconds: 600 },
  enabled: seed.enabled ?? true,
  agentId: idOf('agt', seed.host + 1),
  version: 3,
  createdAt: iso(now - 90 * DAY),
  updatedAt: iso(now - 2 * DAY),
});

const pointsOf = (plan: Plan, seed: Seed, index: number, now: number): RestorePoint[] => {
  if (seed.ageMinutes === null) return [];
  const age = seed.ageMinutes;
  const number = Math.min(48, Math.max(9, Math.round((20 * 1440) / seed.every)));
  return Array.from({ length: number }, (_, back): RestorePoint => {
    const time = now - (age + back * seed.every) * MINUTE;
    const grade = back === 0 ? seed.grade : back === 5 ? 'partial' : back % 9 === 4 ? 'drilled' : back % 7 === 3 ? 'checked' : 'complete';
    const key = index * 1000 + back;
    return {
      id: idOf('rpt', key + 1),
      planId: plan.id,
      planName: plan.name,
      repositoryId: plan.repositoryId,
      kind: seed.path === null ? 'config' : 'files',
      snapshot: longId(key + 7),
      grade,
      time: iso(time),
      receivedAt: iso(time + 9000),
      hostname: seed.host === 0 ? 'fort-01' : 'lab-nas',
      paths: [seed.path ?? '/config'],
      files: 12_880 + index * 311 - back,
      directories: 1204,
      bytes: 3_100_000_000 + index * 410_000_000 - back * 1_000_000,
      addedBytes: 41_000_000 + back * 310_000,
      storedBytes: 21_000_000,
      errors: grade === 'partial' ? 2 : 0,
      tookSeconds: 9.2 + index,
      forgottenAt: null,
      lastDrillId: grade === 'drilled' ? idOf('drl', index * 100 + 1) : null,
    };
  });
};

const phasesOf = (seconds: number): Drill['phases'] =>
  (
    [
      ['open', 0.08],
      ['plan', 0.06],
      ['fetch', 0.52],
      ['metadata', 0.12],
      ['verify', 0.22],
    ] as const
  ).map(([name, share]) => ({ name, seconds: seconds * share }));

const drillsOf = (plan: Plan, seed: Seed, index: number, now: number): Drill[] => {
  const { drill } = seed;
  if (drill === null) return [];
  return Array.from({ length: 13 }, (_, back): Drill => {
    const seconds = (drill.seconds || 400) * (back === 6 ? 2.1 : 1 + ((back * 37) % 11) / 60);
    const startedAt = now - (drill.daysAgo + back * 7) * DAY;
    const failed = back === 0 && drill.failed === true;
    return {
      id: idOf('drl', index * 100 + back + 1),
      restorePointId: idOf('rpt', index * 1000 + 1),
      planId: plan.id,
      planName: plan.name,
      jobId: idOf('job', 900_000 + index * 100 + back),
      snapshot: longId(index * 1000 + 7),
      outcome: failed ? 'failed' : 'passed',
      files: 12_880,
      directories: 1204,
      bytes: 3_100_000_000,
      comparedBytes: failed ? 3_068_000_000 : 3_100_000_000,
      comparedEntries: 14_084,
      rtoSeconds: back === 0 ? drill.seconds : seconds,
      promisedRtoSeconds: plan.promise.rtoSeconds,
      rpoSeconds: 1940,
      phases: phasesOf(back === 0 ? drill.seconds : seconds),
      differences: failed
        ? [
            { path: `${seed.path}/cur/1763.M2`, what: 'content', expected: 'sha256 51ae…77c0', found: 'damaged pack 3fa9…c1' },
            { path: `${seed.path}/${hostileNames.image}`, what: 'mode', expected: '0640', found: '0600' },
          ]
        : [],
      differenceCount: failed ? 2 : 0,
      asserted: [
        'Every file of the point was restored and its bytes equal what was recorded.',
        'Modes, owners, times and links are as recorded.',
      ],
      notTested: ['Whether the programs that use these files start with them.', 'A restore on another machine.'],
      scratch: '/var/lib/fortfail/scratch',
      host: 'fort-01',
      versions: { fortfail: '0.1.0', node: '24.21.0' },
      startedAt: iso(startedAt),
      endedAt: iso(startedAt + seconds * 1000 + 4000),
    };
  });
};

const jobOf = (given: Partial<Job> & Pick<Job, 'id' | 'kind' | 'status' | 'queuedAt'>): Job => ({
  planId: null,
  planName: null,
  agentId: idOf('agt', 1),
  restorePointId: null,
  restoreId: null,
  drillId: null,
  repositoryId: idOf('rep', 1),
  cause: 'schedule',
  attempt: 1,
  maxAttempts: 3,
  startedAt: null,
  endedAt: null,
  leaseUntil: null,
  progress: null,
  outcome: null,
  result: null,
  error: null,
  ...given,
});

const progressOf = (bytesDone: number, bytesTotal: number, current: string): NonNullable<Job['progress']> => ({
  phase: 'read',
  filesDone: Math.round((bytesDone / bytesTotal) * 1_940_000),
  filesTotal: 1_940_000,
  bytesDone,
  bytesTotal,
  errors: 2,
  current: [current],
  bytesPerSecond: 1_310_000_000,
  secondsRemaining: 250,
});

const jobsAt = (plans: readonly Plan[], now: number): Job[] => {
  const of = (name: string) => {
    const plan = plans.find((each) => each.name === name);
    return { planId: plan?.id ?? null, planName: plan?.name ?? null };
  };
  const at = (minutes: number): string => iso(now - minutes * MINUTE);
  const ended = (minutes: number, took: number) => ({ queuedAt: at(minutes + took), startedAt: at(minutes + took), endedAt: at(minutes) });
  return [
    jobOf({
      id: idOf('job', 31_902),
      kind: 'backup',
      status: 'running',
      ...of('shop-uploads'),
      queuedAt: at(7),
      startedAt: at(7),
      leaseUntil: iso(now + 53_000),
      progress: progressOf(564e9, 910e9, `/srv/shop/uploads/${hostileNames.image}`),
    }),
    jobOf({
      id: idOf('job', 31_901),
      kind: 'drill',
      status: 'running',
      cause: 'person',
      ...of('home-dirs'),
      queuedAt: at(12),
      startedAt: at(12),
      leaseUntil: iso(now + 40_000),
      progress: { ...progressOf(120e9, 316e9, '/home/ivo/mail/inbox'), phase: 'fetch', errors: 0 },
    }),
    jobOf({ id: idOf('job', 31_900), kind: 'backup', status: 'queued', ...of('git-repos'), queuedAt: at(1) }),
    jobOf({
      id: idOf('job', 31_899),
      kind: 'backup',
      status: 'failed',
      ...of('billing-exports'),
      ...ended(41, 1),
      attempt: 3,
      error: {
        kind: 'no-space',
        code: 'repository-full',
        message: 'unable to store pack 3fa9, no space left on /srv/backup',
        hint: 'Free 12 GB there, then back up again.',
      },
    }),
    jobOf({
      id: idOf('job', 31_898),
      kind: 'backup',
      status: 'succeeded',
      ...of('fortfail-itself'),
      ...ended(9, 0.1),
      restorePointId: idOf('rpt', 12_001),
      outcome: 'A complete point of 412 files was made',
      result: { filesNew: 3, filesChanged: 12, bytesRead: 41_000_000, bytesAdded: 214_000, tookSeconds: 4.1 },
    }),
    jobOf({
      id: idOf('job', 31_897),
      kind: 'backup',
      status: 'partial',
      ...of('home-dirs'),
      ...ended(88, 3),
      restorePointId: idOf('rpt', 10_001),
      outcome: '2 of 88,204 files could not be read',
      result: { filesNew: 318, errors: 2, bytesAdded: 2_100_000_000 },
    }),
    jobOf({
      id: idOf('job', 31_896),
      kind: 'drill',
      status: 'succeeded',
      ...of('web-certs'),
      ...ended(5760, 1),
      drillId: idOf('drl', 901),
      outcome: 'Everything came back in 22 s',
      result: { files: 212, comparedBytes: 2_400_000 },
    }),
    jobOf({ id: idOf('job', 31_895), kind: 'check', status: 'cancelled', cause: 'person', ...ended(6000, 2) }),
  ];
};

const logsAt = (jobs: readonly Job[], now: number): World['logs'] => {
  const said: readonly (readonly [number, JobLogLine['level'], string, string?])[] = [
    [416, 'info', 'lease taken, attempt 1'],
    [415, 'info', 'repository open, key read from its file on this host'],
    [414, 'info', 'parent 5d02b17c, 1,203,800 entries known'],
    [327, 'info', 'pack 91ab stored, 16.8 MB in 212 ms'],
    [244, 'warn', 'changed while it was read, kept as read', 'tmp/up_8812.part'],
    [168, 'warn', 'permission denied, left out', `private/${hostileNames.script}`],
    [127, 'info', 'pack 07c4 stored, 16.9 MB in 198 ms'],
    [55, 'info', 'index part 3 of 5 stored'],
    [1, 'info', '564 GB of 910 GB, 1,204,118 files, 2 errors'],
  ];
  const lines = said.map(
    ([seconds, level, message, item]): JobLogLine => ({ at: iso(now - seconds * 1000), level, message, ...(item ? { item } : {}) }),
  );
  return new Map(jobs.map(({ id }, index) => [id, index === 0 ? lines : lines.slice(0, 3)]));
};

/** A site as it would stand at `now`. */
export const makeWorld = (now: () => number): World => {
  const time = now();
  const plans = seeds.map((seed, index) => planOf(seed, index, time));
  const each = <T>(make: (plan: Plan, seed: Seed, index: number, now: number) => T[]): T[] =>
    plans.flatMap((plan, index) => {
      const seed = seeds[index];
      return seed ? make(plan, seed, index, time) : [];
    });
  const jobs = jobsAt(plans, time);
  return {
    now,
    me: {
      id: idOf('per', 1),
      name: 'Mara',
      roles: ['admin'],
      via: 'session',
      hasPassword: true,
      passkeys: [],
      sessionUntil: iso(time + DAY),
    },
    agents: agentsAt(time),
    repository: {
      id: idOf('rep', 1),
      name: 'main',
      agentId: idOf('agt', 1),
      location: 'local:/var/lib/fortfail/repositories/main',
      resticId: longId(99),
      passwordFile: '/var/lib/fortfail/agent/keys/rep_0000000000000001.password',
      status: 'ready',
      points: 0,
      storedBytes: 779_000_000_000,
      createdAt: iso(time - 90 * DAY),
      checkedAt: iso(time - DAY),
    },
    plans,
    seedOf: new Map(plans.flatMap((plan, index) => (seeds[index] ? [[plan.id, seeds[index]] as const] : []))),
    points: each(pointsOf),
    drills: each(drillsOf),
    jobs,
    logs: logsAt(jobs, time),
    restores: [],
    site: makeSite(time),
  };
};

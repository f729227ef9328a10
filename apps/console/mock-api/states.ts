import { judgePlan } from '@fortfail/policy';
import type { Plan, PlanState, RestorePoint, Slot } from '@fortfail/protocol';
import { DAY, idOf, iso, MINUTE, type World } from './world.ts';

const nextSlot = (now: number, newest: number | undefined, everyMinutes: number): number => {
  const step = everyMinutes * MINUTE;
  const from = newest ?? now;
  return from + Math.max(1, Math.ceil((now - from) / step + 0.0001)) * step;
};

/** Every due moment of thirty days, newest first. */
export const slotsOf = (world: World, plan: Plan): Slot[] => {
  const seed = world.seedOf.get(plan.id);
  if (!seed) return [];
  const now = world.now();
  const number = Math.min(1000, Math.floor((29.5 * 1440) / seed.every));
  const first = Math.floor(now / MINUTE / seed.every) * seed.every * MINUTE;
  const backups = Array.from({ length: number }, (_, back): Slot => {
    const dueAt = first - back * seed.every * MINUTE;
    const daysBack = Math.floor((now - dueAt) / DAY);
    const hour = new Date(dueAt).getUTCHours();
    const bad = seed.bad?.[daysBack];
    const isBad = bad !== undefined && (seed.every >= 1440 || (hour >= 12 && hour < (bad === 'missed' ? 15 : 13)));
    const isBroken =
      seed.ageMinutes !== null && now - dueAt < (seed.ageMinutes - seed.every / 2) * MINUTE && seed.ageMinutes > seed.rpoMinutes;
    const status = isBroken ? 'failed' : isBad ? bad : 'complete';
    return {
      planId: plan.id,
      dueAt: iso(dueAt),
      kind: 'backup',
      status,
      jobId: back === 0 ? idOf('job', 31_898) : null,
      reason: status === 'missed' ? 'the agent was updating; caught up once at 15:02' : null,
    };
  });
  const drills = world.drills.filter((drill) => drill.planId === plan.id && now - Date.parse(drill.startedAt) < 29 * DAY);
  return [
    ...backups,
    ...drills.map(
      (drill): Slot => ({
        planId: plan.id,
        dueAt: drill.startedAt,
        kind: 'drill',
        status: drill.outcome === 'passed' ? 'complete' : 'failed',
        jobId: drill.jobId,
        reason: null,
      }),
    ),
  ];
};

const daysOf = (world: World, plan: Plan): PlanState['days'] => {
  const seed = world.seedOf.get(plan.id);
  const now = world.now();
  return Array.from({ length: 30 }, (_, index) => {
    const back = 29 - index;
    const drilled = world.drills.some(
      (drill) => drill.planId === plan.id && Math.floor((now - Date.parse(drill.startedAt)) / DAY) === back,
    );
    return {
      day: iso(now - back * DAY).slice(0, 10),
      worst: seed?.bad?.[back] ?? (plan.enabled || back > 3 ? 'complete' : 'skipped'),
      drilled,
    };
  });
};

/** The plan's state, judged as the product judges it. */
export const stateOf = (world: World, plan: Plan): PlanState => {
  const now = world.now();
  const points = world.points.filter((point) => point.planId === plan.id && point.forgottenAt === null);
  const newest = points.find(({ grade }) => grade !== 'partial');
  const drill = world.drills.find((each) => each.planId === plan.id);
  const seed = world.seedOf.get(plan.id);
  const next = seed && plan.enabled && !seed.silent ? nextSlot(now, newest && Date.parse(newest.time), seed.every) : undefined;
  const lastDrill = drill ? { id: drill.id, at: drill.startedAt, outcome: drill.outcome, rtoSeconds: drill.rtoSeconds } : null;
  const judged = judgePlan(
    {
      name: plan.name,
      isEnabled: plan.enabled,
      createdAt: new Date(plan.createdAt),
      promise: plan.promise,
      newestPoint: newest ? { time: new Date(newest.time) } : null,
      lastDrill: lastDrill && { ...lastDrill, at: new Date(lastDrill.at) },
      nextSlotAt: next === undefined ? null : new Date(next),
      failedSlots: seed && seed.ageMinutes !== null && seed.ageMinutes > seed.rpoMinutes ? 9 : 0,
      silentSince: seed?.silent ? new Date(now - 209 * MINUTE) : null,
      agentName: 'lab-nas',
    },
    new Date(now),
  );
  const count = (grade: RestorePoint['grade']): number => points.filter((point) => point.grade === grade).length;
  return {
    plan,
    verdict: judged.verdict,
    sentence: judged.sentence,
    newestPoint: newest ? { id: newest.id, time: newest.time, ageSeconds: judged.ageSeconds ?? 0, grade: newest.grade } : null,
    lastDrill,
    nextSlotAt: next === undefined ? null : iso(next),
    ageAtNextSlotSeconds: judged.ageAtNextSlotSeconds,
    points: { partial: count('partial'), complete: count('complete'), checked: count('checked'), drilled: count('drilled') },
    days: daysOf(world, plan),
    runningJobId: world.jobs.find((job) => job.planId === plan.id && job.status === 'running')?.id ?? null,
  };
};

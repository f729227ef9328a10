import { formatAge, formatMeasured, formatMoment } from './words.ts';

/** Kept: it would come back as promised. At risk: it would, and will not soon. Unknown: nobody can tell. */
export type Verdict = 'kept' | 'at-risk' | 'broken' | 'unknown' | 'held';

/** Worst first: the order of lists. */
export const verdictOrder = ['broken', 'at-risk', 'unknown', 'held', 'kept'] as const satisfies readonly Verdict[];

/** What is known of a plan when its promise is judged. Times are the site's. */
export interface PlanFacts {
  readonly name: string;
  readonly isEnabled: boolean;
  readonly createdAt: Date;
  readonly promise: { readonly rpoSeconds: number; readonly rtoSeconds: number };
  /** The newest point that is complete or better; `dataTimeOf` gives its time. Partial ones never keep a promise. */
  readonly newestPoint: { readonly time: Date } | null;
  readonly lastDrill: { readonly at: Date; readonly outcome: 'passed' | 'failed'; readonly rtoSeconds: number } | null;
  readonly nextSlotAt: Date | null;
  /** Slots that ended failed, partial or missed since the newest complete point. */
  readonly failedSlots: number;
  /** Since when its agent has been silent; null while it is heard. */
  readonly silentSince: Date | null;
  readonly agentName?: string | undefined;
}

export interface Judgement {
  readonly verdict: Verdict;
  /** Whether the promise is kept by what is known, also of a held plan: it counts as one that would come back. */
  readonly wouldComeBack: boolean;
  /** What is true, since when, what to do. */
  readonly sentence: string;
  readonly ageSeconds: number | null;
  readonly ageAtNextSlotSeconds: number | null;
}

/** The age of data counts from when its backup began; a host's clock that runs ahead does not make it younger. */
export function dataTimeOf(point: { readonly time: Date; readonly receivedAt: Date }): Date {
  return point.time.getTime() < point.receivedAt.getTime() ? point.time : point.receivedAt;
}

/** Compares a plan's promise with what was measured. */
export function judgePlan(facts: PlanFacts, now: Date): Judgement {
  const sinceNewest = (moment: Date): number => Math.max(0, (moment.getTime() - (facts.newestPoint?.time.getTime() ?? 0)) / 1000);
  const ageSeconds = facts.newestPoint === null ? null : sinceNewest(now);
  const ageAtNextSlotSeconds = facts.newestPoint === null || facts.nextSlotAt === null ? null : sinceNewest(facts.nextSlotAt);
  const figures = { ageSeconds, ageAtNextSlotSeconds };
  const found = firstFinding(facts, figures, now);
  const wouldComeBack = found.verdict === 'kept' || found.verdict === 'at-risk';
  if (facts.isEnabled) return { ...found, ...figures, wouldComeBack: found.verdict === 'kept' };
  const sentence = `${facts.name} is switched off: no slot runs. ${found.sentence}`;
  return { verdict: 'held', sentence, ...figures, wouldComeBack };
}

interface Finding {
  readonly verdict: Exclude<Verdict, 'held'>;
  readonly sentence: string;
}

interface Figures {
  readonly ageSeconds: number | null;
  readonly ageAtNextSlotSeconds: number | null;
}

/** The worst thing that is true decides, and is the one that is said. */
function firstFinding(facts: PlanFacts, figures: Figures, now: Date): Finding {
  return (
    judgeAge(facts, figures.ageSeconds, now) ??
    judgeDrill(facts, now) ??
    judgeSilence(facts, now) ??
    judgeFuture(facts, figures, now) ??
    judgeProof(facts, figures.ageSeconds, now)
  );
}

function judgeAge(facts: PlanFacts, ageSeconds: number | null, now: Date): Finding | undefined {
  const { name, promise } = facts;
  if (ageSeconds === null) {
    const waitedSeconds = (now.getTime() - facts.createdAt.getTime()) / 1000;
    if (waitedSeconds <= promise.rpoSeconds) return undefined;
    return {
      verdict: 'broken',
      sentence: `${name} has had no complete point since it was made ${formatAge(waitedSeconds)} ago. Back it up now.`,
    };
  }
  if (ageSeconds <= promise.rpoSeconds) return undefined;
  const why = facts.failedSlots > 0 ? ` ${slotsFailed(facts.failedSlots)} Look at the last job, then back up.` : ' Back it up now.';
  const promised = `the promise is ${formatAge(promise.rpoSeconds)}`;
  return { verdict: 'broken', sentence: `${name} has no new complete point for ${formatAge(ageSeconds)}; ${promised}.${why}` };
}

function judgeDrill({ name, lastDrill, promise }: PlanFacts, now: Date): Finding | undefined {
  if (lastDrill === null) return undefined;
  if (lastDrill.outcome === 'failed') {
    const when = formatMoment(lastDrill.at, now);
    return {
      verdict: 'broken',
      sentence: `The drill of ${name} on ${when} failed: what came back was not what was stored. See what differs.`,
    };
  }
  if (lastDrill.rtoSeconds <= promise.rtoSeconds) return undefined;
  const took = formatMeasured(lastDrill.rtoSeconds);
  const next = 'Make the restore faster, or promise what it takes.';
  return { verdict: 'broken', sentence: `${name} took ${took} to come back, the promise is ${formatAge(promise.rtoSeconds)}. ${next}` };
}

function judgeSilence({ name, silentSince, agentName }: PlanFacts, now: Date): Finding | undefined {
  if (silentSince === null) return undefined;
  const who = agentName ?? `The agent of ${name}`;
  const since = formatMoment(silentSince, now);
  return { verdict: 'unknown', sentence: `${who} has not called since ${since}. What ${name} holds cannot be judged. Start its agent.` };
}

function judgeFuture(facts: PlanFacts, { ageSeconds, ageAtNextSlotSeconds }: Figures, now: Date): Finding | undefined {
  const { name, promise, nextSlotAt } = facts;
  if (ageSeconds === null) return undefined;
  const breaksIn = formatAge(promise.rpoSeconds - ageSeconds);
  if (facts.failedSlots > 0) {
    const sentence = `${slotsFailed(facts.failedSlots)} The promise of ${name} breaks in ${breaksIn} unless a point is made. Look at the last job.`;
    return { verdict: 'at-risk', sentence };
  }
  if (!facts.isEnabled) return undefined;
  if (nextSlotAt === null)
    return { verdict: 'at-risk', sentence: `${name} has no next slot. The promise breaks in ${breaksIn}. Change its schedule.` };
  if (ageAtNextSlotSeconds === null || ageAtNextSlotSeconds <= promise.rpoSeconds) return undefined;
  const nextIn = formatAge((nextSlotAt.getTime() - now.getTime()) / 1000);
  const sentence = `The next slot of ${name} is in ${nextIn}. The promise breaks in ${breaksIn} unless a point is made sooner.`;
  return { verdict: 'at-risk', sentence };
}

function judgeProof({ name, lastDrill, promise }: PlanFacts, ageSeconds: number | null, now: Date): Finding {
  if (ageSeconds === null) return { verdict: 'unknown', sentence: `${name} has no complete point yet. Its first backup will tell.` };
  const age = `${formatAge(ageSeconds)} of ${formatAge(promise.rpoSeconds)}`;
  if (lastDrill === null) {
    const cannot = `Whether it comes back within ${formatAge(promise.rtoSeconds)} cannot be told. Drill it.`;
    return { verdict: 'unknown', sentence: `${name} is ${age} old and was never drilled. ${cannot}` };
  }
  const came = `came back in ${formatMeasured(lastDrill.rtoSeconds)} of ${formatAge(promise.rtoSeconds)} on ${formatMoment(lastDrill.at, now)}`;
  return { verdict: 'kept', sentence: `${name} is ${age} old and ${came}.` };
}

function slotsFailed(count: number): string {
  return count === 1 ? 'The last slot made no complete point.' : `The last ${count} slots made no complete point.`;
}

import { FortFailError } from '@fortfail/base';
import { offsetsOfZone } from '../zone.ts';
import { type BucketRule, bucketOf, bucketRules, compareBytes } from './buckets.ts';
import { type OffsetAt, parseSpan, type StatedTime, statedTimeOf, subtractSpan } from './calendar.ts';

/** A plan's keep rules, in the shape the protocol gives them. */
export interface KeepRules {
  readonly last?: number | undefined;
  readonly hourly?: number | undefined;
  readonly daily?: number | undefined;
  readonly weekly?: number | undefined;
  readonly monthly?: number | undefined;
  readonly yearly?: number | undefined;
  /** As restic writes durations: `1y5m7d2h`, counted back from the newest complete point. */
  readonly within?: string | undefined;
  /** Never fewer complete points than this remain. */
  readonly minimum: number;
}

export interface RetainedPoint {
  readonly id: string;
  /** When the site heard of it: the only time retention believes. */
  readonly receivedAt: Date;
  readonly grade: 'partial' | 'complete' | 'checked' | 'drilled';
  /** A person's stop: the point stays whatever the rules say. */
  readonly isHeld?: boolean | undefined;
}

export interface RetentionVerdict<T extends RetainedPoint> {
  readonly point: T;
  readonly verdict: 'keep' | 'remove' | 'held';
  /** For people, in the order of the rules. Never empty. */
  readonly reasons: readonly string[];
}

export interface RetentionOptions {
  readonly now: Date;
  /** The zone whose days, weeks and months count: the plan's. */
  readonly zone?: string | undefined;
}

interface Judged<T extends RetainedPoint> {
  readonly point: T;
  readonly time: StatedTime;
  readonly isPartial: boolean;
  readonly isFuture: boolean;
  readonly reasons: string[];
}

const words: Readonly<Record<BucketRule, string>> = {
  last: 'point',
  hourly: 'hour',
  daily: 'day',
  weekly: 'week',
  monthly: 'month',
  yearly: 'year',
};

/**
 * Which points of one plan stay under its keep rules, newest first, each with its reasons.
 *
 * - Decided on the time the site received a point, in the plan's zone; the host's clock has no say.
 * - Only complete points use up a rule. A partial one stays beside them while it is the newest, or the only one of its
 *   hour, day... under a rule that is not used up; it never takes the place of a complete one.
 * - The newest complete point stays always, and so do at least `minimum` of them. Without any complete point the newest
 *   partial one stays.
 * - A point received "after now" (the site's clock went back) stays and is not counted.
 *
 * Throws `invalid-input` when the rules hold nothing: then nobody meant "remove all".
 */
export function retainPoints<T extends RetainedPoint>(
  points: readonly T[],
  keep: KeepRules,
  options: RetentionOptions,
): RetentionVerdict<T>[] {
  if (bucketRules.every((rule) => (keep[rule] ?? 0) <= 0) && (keep.within ?? '') === '') {
    const hint = 'Give at least one rule, for example {"last": 7}.';
    throw new FortFailError({ kind: 'invalid-input', code: 'empty-policy', message: 'invalid keep rules, there is none', hint });
  }
  const offsetAt = offsetsOfZone(options.zone ?? 'UTC');
  const judged = judge(points, options.now, offsetAt);
  const counted = judged.filter(({ isFuture }) => !isFuture);
  for (const { reasons, isFuture } of judged) if (isFuture) reasons.push('received after now, by a clock that went back');
  for (const rule of bucketRules) applyRule(counted, rule, keep[rule] ?? 0);
  if (keep.within !== undefined) applyWithin(counted, keep.within, offsetAt);
  applyGuards(counted, keep.minimum);
  return judged.map(({ point, reasons }) => settle(point, reasons));
}

function judge<T extends RetainedPoint>(points: readonly T[], now: Date, offsetAt: OffsetAt): Judged<T>[] {
  const judged = points.map((point): Judged<T> => {
    const isFuture = point.receivedAt.getTime() > now.getTime();
    return { point, time: statedTimeOf(point.receivedAt, offsetAt), isPartial: point.grade === 'partial', isFuture, reasons: [] };
  });
  return judged.sort((a, b) => b.point.receivedAt.getTime() - a.point.receivedAt.getTime() || compareBytes(b.point.id, a.point.id));
}

function applyRule<T extends RetainedPoint>(points: readonly Judged<T>[], rule: BucketRule, count: number): void {
  const bucketAt = (position: number, time: StatedTime): number => bucketOf(rule, time, position);
  const complete = new Set(points.flatMap(({ time, isPartial }, position) => (isPartial ? [] : [bucketAt(position, time)])));
  const oldest = points.findLastIndex(({ isPartial }) => !isPartial);
  let left = count;
  let newestBucket: number | undefined;
  let partialBucket: number | undefined;
  for (const [position, { time, isPartial, reasons }] of points.entries()) {
    if (left <= 0) return;
    const bucket = bucketAt(position, time);
    if (isPartial) {
      if (!complete.has(bucket) && bucket !== partialBucket) reasons.push(partialReason(rule));
      partialBucket = bucket;
    } else if (bucket !== newestBucket) {
      reasons.push(countedReason(rule, count - left + 1, count));
      newestBucket = bucket;
      left -= 1;
    } else if (position === oldest) {
      reasons.push(`${rule} not full yet`);
    }
  }
}

function countedReason(rule: BucketRule, number: number, count: number): string {
  return rule === 'last' ? `${number} of the last ${count}` : `${rule} ${number} of ${count}`;
}

function partialReason(rule: BucketRule): string {
  return rule === 'last' ? 'partial, among the last points' : `partial, but the only point of its ${words[rule]}`;
}

function applyWithin<T extends RetainedPoint>(points: readonly Judged<T>[], within: string, offsetAt: OffsetAt): void {
  const newest = points.find(({ isPartial }) => !isPartial) ?? points[0];
  if (newest === undefined) return;
  const start = subtractSpan(newest.time, parseSpan(within), offsetAt);
  for (const { time, reasons } of points) if (time.epochNs > start) reasons.push(`within ${within} of the newest point`);
}

/** What no rule may take: the newest, and the minimum. */
function applyGuards<T extends RetainedPoint>(points: readonly Judged<T>[], minimum: number): void {
  const complete = points.filter(({ isPartial }) => !isPartial);
  const newest = complete[0];
  const latest = points[0];
  if (newest !== undefined && newest.reasons.length === 0) newest.reasons.push('newest complete point');
  if (latest?.isPartial === true && latest.reasons.length === 0) latest.reasons.push('newest point, although partial');
  let kept = complete.filter(({ reasons, point }) => reasons.length > 0 || point.isHeld === true).length;
  for (const { reasons, point } of complete) {
    if (kept >= minimum) return;
    if (reasons.length > 0 || point.isHeld === true) continue;
    reasons.push(`at least ${minimum} stay`);
    kept += 1;
  }
}

function settle<T extends RetainedPoint>(point: T, reasons: readonly string[]): RetentionVerdict<T> {
  if (point.isHeld === true) return { point, verdict: 'held', reasons: ['held by a person', ...reasons] };
  if (reasons.length > 0) return { point, verdict: 'keep', reasons };
  const why = point.grade === 'partial' ? 'partial, and a complete point covers its time' : 'no rule keeps it';
  return { point, verdict: 'remove', reasons: [why] };
}

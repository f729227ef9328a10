import { FortFailError } from '@fortfail/base';
import { offsetsOfZone } from '../zone.ts';
import { type BucketRule, bucketOf, bucketRules } from './buckets.ts';
import { type CalendarSpan, formatSpan, isZeroSpan, parseStatedTime, type StatedTime, statedTimeOf, subtractSpan } from './calendar.ts';
import { type GroupBy, groupSnapshots, type SnapshotGroupKey } from './snapshot-group.ts';

/** What of a snapshot document retention looks at. */
export interface ForgetSnapshot {
  readonly id: string;
  readonly time: string;
  readonly hostname?: string | undefined;
  readonly paths: readonly string[];
  readonly tags?: readonly string[] | undefined;
}

/** restic's `--keep-*`. A count of -1 keeps all. */
export interface ForgetPolicy {
  readonly last?: number | undefined;
  readonly hourly?: number | undefined;
  readonly daily?: number | undefined;
  readonly weekly?: number | undefined;
  readonly monthly?: number | undefined;
  readonly yearly?: number | undefined;
  readonly within?: CalendarSpan | undefined;
  readonly withinHourly?: CalendarSpan | undefined;
  readonly withinDaily?: CalendarSpan | undefined;
  readonly withinWeekly?: CalendarSpan | undefined;
  readonly withinMonthly?: CalendarSpan | undefined;
  readonly withinYearly?: CalendarSpan | undefined;
  /** Each list is one `--keep-tag`: a snapshot with all of its tags stays. `''` matches a snapshot without tags. */
  readonly tags?: readonly (readonly string[])[] | undefined;
}

export interface KeepReason<T extends ForgetSnapshot> {
  readonly snapshot: T;
  /** restic's words: `daily snapshot`, `oldest weekly snapshot`, `within 2d`, `has tags [a, b]`. */
  readonly matches: readonly string[];
}

export interface ForgetGroup<T extends ForgetSnapshot> {
  readonly key: SnapshotGroupKey;
  /** Newest first, as `remove` and `reasons`. */
  readonly keep: readonly T[];
  readonly remove: readonly T[];
  readonly reasons: readonly KeepReason<T>[];
  /** True when the policy would leave nothing of the group: restic 0.18 and newer refuse to do that. */
  readonly losesAll: boolean;
}

export interface ForgetOptions {
  /** Snapshots after this moment are "in the future". */
  readonly now: Date;
  readonly groupBy?: GroupBy | undefined;
  /** The zone restic would run in: where it states a snapshot's offset, `within` follows its changes of the clock. */
  readonly zone?: string | undefined;
  /** restic before 0.16 did not keep the oldest snapshot for a count that is not used up. */
  readonly keepsOldest?: boolean | undefined;
}

interface Dated<T extends ForgetSnapshot> {
  readonly snapshot: T;
  readonly time: StatedTime;
}

interface Counter {
  readonly rule: BucketRule;
  readonly reason: string;
  left: number;
  bucket: number;
}

interface Span {
  readonly rule: BucketRule;
  readonly reason: string;
  /** Kept are snapshots strictly after this. */
  readonly after: bigint;
  bucket: number;
}

const withinRules = [
  ['hourly', 'withinHourly'],
  ['daily', 'withinDaily'],
  ['weekly', 'withinWeekly'],
  ['monthly', 'withinMonthly'],
  ['yearly', 'withinYearly'],
] as const;

/** True when a policy has no rule: then everything is kept. */
export function isEmptyPolicy(policy: ForgetPolicy): boolean {
  const spans = [policy.within, ...withinRules.map(([, key]) => policy[key])];
  return bucketRules.every((rule) => (policy[rule] ?? 0) === 0) && spans.every(isZeroSpan) && (policy.tags ?? []).length === 0;
}

/** Reads a `--keep-*` count: a whole number, or `unlimited`. Throws `invalid-input`. */
export function parseKeepCount(text: string): number {
  if (text === 'unlimited') return -1;
  const count = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(count)) return count;
  const hint = "Give a whole number, or 'unlimited'.";
  throw new FortFailError({ kind: 'invalid-input', code: 'keep-count', message: `invalid number of snapshots to keep '${text}'`, hint });
}

/**
 * Which snapshots restic's `forget` would keep and remove, and why, group by group (`internal/data/snapshot_policy.go`).
 * Buckets are judged in the offset each snapshot's own time states. Throws `invalid-input` for a time that is none.
 */
export function applyForgetPolicy<T extends ForgetSnapshot>(
  snapshots: readonly T[],
  policy: ForgetPolicy,
  options: ForgetOptions,
): ForgetGroup<T>[] {
  const groups = groupSnapshots(snapshots, options.groupBy ?? { host: true, paths: true, tags: false });
  return groups.map(({ key, members }) => ({ key, ...applyToGroup(members, policy, options) }));
}

function applyToGroup<T extends ForgetSnapshot>(
  members: readonly T[],
  policy: ForgetPolicy,
  options: ForgetOptions,
): Omit<ForgetGroup<T>, 'key'> {
  const dated = members.map((snapshot) => ({ snapshot, time: parseStatedTime(snapshot.time) }));
  dated.sort((a, b) => (a.time.epochNs < b.time.epochNs ? 1 : a.time.epochNs > b.time.epochNs ? -1 : 0));
  if (isEmptyPolicy(policy)) {
    const keep = dated.map(({ snapshot }) => snapshot);
    return { keep, remove: [], reasons: keep.map((snapshot) => ({ snapshot, matches: ['policy is empty'] })), losesAll: false };
  }
  const judge = makeJudge(dated, policy, options);
  const reasons: KeepReason<T>[] = [];
  const remove: T[] = [];
  for (const [position, { snapshot, time }] of dated.entries()) {
    const matches = judge(snapshot, time, position);
    if (matches.length > 0) reasons.push({ snapshot, matches });
    else remove.push(snapshot);
  }
  return { keep: reasons.map(({ snapshot }) => snapshot), remove, reasons, losesAll: reasons.length === 0 && remove.length > 0 };
}

type Judge = (snapshot: ForgetSnapshot, time: StatedTime, position: number) => string[];

function makeJudge(dated: readonly Dated<ForgetSnapshot>[], policy: ForgetPolicy, options: ForgetOptions): Judge {
  const newest = newestNotInFuture(dated, options.now);
  const startOf = (span: CalendarSpan): bigint => subtractSpan(newest, span, localOffsets(newest, options.zone));
  const within = policy.within;
  const withinStart = within === undefined || isZeroSpan(within) ? undefined : startOf(within);
  const counters = countersOf(policy);
  const spans = spansOf(policy, startOf);
  const oldest = dated.length - 1;
  return (snapshot, time, position) => {
    const isOldest = position === oldest;
    const matches = (policy.tags ?? []).filter((tags) => hasTags(snapshot, tags)).map((tags) => `has tags [${tags.join(', ')}]`);
    if (within !== undefined && withinStart !== undefined && time.epochNs > withinStart) matches.push(`within ${formatSpan(within)}`);
    for (const counter of counters) matches.push(...count(counter, time, position, isOldest && options.keepsOldest !== false));
    for (const span of spans) matches.push(...inSpan(span, time, position, isOldest && options.keepsOldest !== false));
    return matches;
  };
}

function countersOf(policy: ForgetPolicy): Counter[] {
  return bucketRules.map((rule) => ({ rule, reason: `${rule} snapshot`, left: policy[rule] ?? 0, bucket: -1 }));
}

function spansOf(policy: ForgetPolicy, startOf: (span: CalendarSpan) => bigint): Span[] {
  return withinRules.flatMap(([rule, key]) => {
    const span = policy[key];
    return span === undefined || isZeroSpan(span)
      ? []
      : [{ rule, reason: `${rule} within ${formatSpan(span)}`, after: startOf(span), bucket: -1 }];
  });
}

/** The oldest snapshot of all is kept by every rule that is not used up, so that history reaches as far back as it may. */
function count(counter: Counter, time: StatedTime, position: number, isOldest: boolean): string[] {
  if (counter.left === 0) return [];
  const bucket = bucketOf(counter.rule, time, position);
  const isNew = bucket !== counter.bucket;
  if (!isNew && !isOldest) return [];
  counter.bucket = bucket;
  if (counter.left > 0) counter.left -= 1;
  return [isNew ? counter.reason : `oldest ${counter.reason}`];
}

function inSpan(span: Span, time: StatedTime, position: number, isOldest: boolean): string[] {
  if (time.epochNs <= span.after) return [];
  const bucket = bucketOf(span.rule, time, position);
  const isNew = bucket !== span.bucket;
  if (!isNew && !isOldest) return [];
  span.bucket = bucket;
  return [isNew ? span.reason : `oldest ${span.reason}`];
}

function hasTags(snapshot: ForgetSnapshot, wanted: readonly string[]): boolean {
  const tags = snapshot.tags ?? [];
  for (const tag of wanted) {
    if (tag === '' && tags.length === 0) return true;
    if (!tags.includes(tag)) return false;
  }
  return true;
}

/** Go's zero time, which restic uses when every snapshot lies in the future. */
const goZeroTime: StatedTime = { epochNs: -62_135_596_800_000_000_000n, offsetSeconds: 0 };

function newestNotInFuture(dated: readonly Dated<ForgetSnapshot>[], now: Date): StatedTime {
  const nowNs = statedTimeOf(now).epochNs;
  return dated.find(({ time }) => time.epochNs < nowNs)?.time ?? goZeroTime;
}

/** Go reads a time whose offset is the local zone's at that instant as local time, and calendar arithmetic then follows it. */
function localOffsets(time: StatedTime, zone: string | undefined): ((epochSeconds: number) => number) | undefined {
  if (zone === undefined) return undefined;
  const offsetAt = offsetsOfZone(zone);
  return offsetAt(Number(time.epochNs / 1_000_000_000n)) === time.offsetSeconds ? offsetAt : undefined;
}

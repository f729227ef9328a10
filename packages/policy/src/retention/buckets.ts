import { type StatedTime, wallClockOf } from './calendar.ts';

export const bucketRules = ['last', 'hourly', 'daily', 'weekly', 'monthly', 'yearly'] as const;
export type BucketRule = (typeof bucketRules)[number];

/**
 * The bucket a moment falls into under a rule: two moments of one bucket are in the same hour, day, ISO week, month or
 * year of their own wall clocks. Under `last` each position is its own bucket.
 */
export function bucketOf(rule: BucketRule, time: StatedTime, position: number): number {
  if (rule === 'last') return position;
  const { year, month, day, hour, weekYear, week } = wallClockOf(time);
  switch (rule) {
    case 'hourly':
      return ((year * 100 + month) * 100 + day) * 100 + hour;
    case 'daily':
      return (year * 100 + month) * 100 + day;
    case 'weekly':
      return weekYear * 100 + week;
    case 'monthly':
      return year * 100 + month;
    case 'yearly':
      return year;
  }
}

/** Strings in the order of their UTF-8 bytes, as Go sorts them. */
export function compareBytes(a: string, b: string): number {
  const left = [...a];
  const right = [...b];
  const length = Math.min(left.length, right.length);
  for (let position = 0; position < length; position += 1) {
    const difference = (left[position]?.codePointAt(0) ?? 0) - (right[position]?.codePointAt(0) ?? 0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

import { FortFailError } from '@fortfail/base';

/** A moment as a document states it: the instant, to the nanosecond, and the offset its wall clock had. */
export interface StatedTime {
  readonly epochNs: bigint;
  readonly offsetSeconds: number;
}

/** Fields of a wall clock. `week` and `weekYear` are ISO 8601's. */
export interface WallClock {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly weekYear: number;
  readonly week: number;
}

/** A span in calendar units, as restic writes it: `1y5m7d2h`. */
export interface CalendarSpan {
  readonly years: number;
  readonly months: number;
  readonly days: number;
  readonly hours: number;
}

/** Tells how many seconds a zone is ahead of UTC at an instant. */
export type OffsetAt = (epochSeconds: number) => number;

const timePattern = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:Z|([+-])(\d\d):(\d\d))$/;
const billion = 1_000_000_000n;

/** Reads RFC 3339 with any fraction and offset; throws `invalid-input`. */
export function parseStatedTime(text: string): StatedTime {
  const parts = timePattern.exec(text);
  const [, year, month, day, hour, minute, second, fraction = '', sign, offsetHours = '0', offsetMinutes = '0'] = parts ?? [];
  const wallMs = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  if (parts === null || Number.isNaN(wallMs)) {
    throw new FortFailError({ kind: 'invalid-input', code: 'time', message: `invalid time '${text}'` });
  }
  const offsetSeconds = (sign === '-' ? -1 : 1) * (Number(offsetHours) * 3600 + Number(offsetMinutes) * 60);
  const epochSeconds = BigInt(wallMs / 1000 - offsetSeconds);
  return { epochNs: epochSeconds * billion + BigInt(fraction.padEnd(9, '0')), offsetSeconds };
}

/** A JavaScript date as a stated time, with the wall clock of a zone (UTC when none is given). */
export function statedTimeOf(date: Date, offsetAt: OffsetAt = () => 0): StatedTime {
  return { epochNs: BigInt(date.getTime()) * 1_000_000n, offsetSeconds: offsetAt(Math.floor(date.getTime() / 1000)) };
}

export function wallClockOf(time: StatedTime): WallClock {
  const date = new Date(Number(floorDivide(time.epochNs, billion) + BigInt(time.offsetSeconds)) * 1000);
  const day = { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() };
  return { ...day, hour: date.getUTCHours(), ...isoWeekOf(day.year, day.month, day.day) };
}

function isoWeekOf(year: number, month: number, day: number): { weekYear: number; week: number } {
  const date = utcDate(year, month - 1, day);
  // The week's Thursday decides its year.
  date.setUTCDate(date.getUTCDate() + 3 - ((date.getUTCDay() + 6) % 7));
  const weekYear = date.getUTCFullYear();
  const week = 1 + Math.floor((date.getTime() - utcDate(weekYear, 0, 1).getTime()) / (7 * 86_400_000));
  return { weekYear, week };
}

/**
 * `time` minus a span, as Go's AddDate and Add do it: the wall clock's fields are changed first and then normalised, so
 * 31 March minus a month is 3 March (2 in a leap year); hours are elapsed time. Without `offsetAt` the offset stays.
 */
export function subtractSpan(time: StatedTime, span: CalendarSpan, offsetAt?: OffsetAt): bigint {
  const wallSeconds = floorDivide(time.epochNs, billion) + BigInt(time.offsetSeconds);
  const wall = new Date(Number(wallSeconds) * 1000);
  const moved = utcDate(wall.getUTCFullYear() - span.years, wall.getUTCMonth() - span.months, wall.getUTCDate() - span.days);
  moved.setUTCHours(wall.getUTCHours(), wall.getUTCMinutes(), wall.getUTCSeconds());
  const movedSeconds = Math.floor(moved.getTime() / 1000);
  const utcSeconds = movedSeconds - offsetOfWall(movedSeconds, time.offsetSeconds, offsetAt);
  const fractionNs = time.epochNs - floorDivide(time.epochNs, billion) * billion;
  return (BigInt(utcSeconds) - BigInt(span.hours) * 3600n) * billion + fractionNs;
}

/** Go's rule for a wall clock that occurs twice or never: try the offset found there, and look again from that instant. */
function offsetOfWall(wallSeconds: number, fixed: number, offsetAt: OffsetAt | undefined): number {
  return offsetAt === undefined ? fixed : offsetAt(wallSeconds - offsetAt(wallSeconds));
}

/** Like Date.UTC, but years below 100 mean themselves. */
function utcDate(year: number, monthIndex: number, day: number): Date {
  const date = new Date(0);
  date.setUTCFullYear(year, monthIndex, day);
  return date;
}

function floorDivide(value: bigint, divisor: bigint): bigint {
  const quotient = value / divisor;
  return value % divisor < 0n ? quotient - 1n : quotient;
}

/** Reads `1y5m7d2h` as restic does: the last amount of a unit holds, nothing is no time at all. Throws `invalid-input`. */
export function parseSpan(text: string): CalendarSpan {
  const span = { years: 0, months: 0, days: 0, hours: 0 };
  const units = { y: 'years', m: 'months', d: 'days', h: 'hours' } as const;
  if (!/^(\d+[ymdh])*$/.test(text)) {
    const hint = 'Write years, months, days and hours, for example 1y5m7d2h.';
    throw new FortFailError({ kind: 'invalid-input', code: 'duration', message: `invalid duration '${text}'`, hint });
  }
  for (const [, amount, unit] of text.matchAll(/(\d+)([ymdh])/g)) span[units[unit as keyof typeof units]] = Number(amount);
  return span;
}

/** The span as restic prints it: parts that are zero are left out. */
export function formatSpan(span: CalendarSpan): string {
  const parts: [number, string][] = [
    [span.years, 'y'],
    [span.months, 'm'],
    [span.days, 'd'],
    [span.hours, 'h'],
  ];
  return parts
    .filter(([amount]) => amount !== 0)
    .map(([amount, unit]) => `${amount}${unit}`)
    .join('');
}

export function isZeroSpan(span: CalendarSpan | undefined): boolean {
  return span === undefined || formatSpan(span) === '';
}

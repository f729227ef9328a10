import { FortFailError } from '@fortfail/base';

/** Where a clock face is: how many seconds it is ahead of UTC at an instant. */
export interface Zone {
  offsetSeconds(epochSeconds: number): number;
}

/** UTC; times in it end in `Z`. */
export const utcZone: Zone = { offsetSeconds: () => 0 };

/** A zone that never changes its offset. */
export function fixedZone(offsetSeconds: number): Zone {
  return { offsetSeconds: () => offsetSeconds };
}

/** Within such a span no offset changes: since 1973 every transition on record lies on a quarter of an hour of UTC. */
const stableSeconds = 900;
const settledSince = 94_694_400;

/** The zone of this process (`TZ`, else the system's), which is the one restic writes times in. */
export function createLocalZone(): Zone {
  let bucket = Number.NaN;
  let offset = 0;
  return {
    offsetSeconds(epochSeconds) {
      const wanted = Math.floor(epochSeconds / stableSeconds);
      if (wanted !== bucket) {
        offset = readLocalOffset(epochSeconds);
        bucket = epochSeconds > settledSince ? wanted : Number.NaN;
      }
      return offset;
    },
  };
}

function readLocalOffset(epochSeconds: number): number {
  const date = new Date(epochSeconds * 1000);
  const minutes = -date.getTimezoneOffset();
  if (Number.isNaN(minutes)) return 0;
  if (epochSeconds > settledSince) return minutes * 60;
  // Local mean time has seconds, which getTimezoneOffset() leaves out: take them from the clock face.
  const seconds = date.getSeconds() - date.getUTCSeconds();
  const face = date.getMinutes() - date.getUTCMinutes() + (date.getHours() - date.getUTCHours()) * 60;
  const day = Math.sign(minutes) * 1440;
  const faceMinutes = [face, face + day, face - day].find((candidate) => Math.abs(candidate - minutes) <= 1) ?? minutes;
  return faceMinutes * 60 + seconds;
}

interface CivilDate {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

/** Proleptic Gregorian calendar, for any day a 64-bit time can name. */
function civilFromDays(daysSinceEpoch: number): CivilDate {
  const shifted = daysSinceEpoch + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthIndex = Math.floor((5 * dayOfYear + 2) / 153);
  const month = monthIndex < 10 ? monthIndex + 3 : monthIndex - 9;
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * monthIndex + 2) / 5) + 1,
  };
}

function daysFromCivil(year: number, month: number, day: number): number {
  const shiftedYear = month <= 2 ? year - 1 : year;
  const era = Math.floor(shiftedYear / 400);
  const yearOfEra = shiftedYear - era * 400;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

const twoDigits = Array.from({ length: 100 }, (_, value) => String(value).padStart(2, '0'));
const two = (value: number): string => twoDigits[value] ?? String(value);

function offsetText(offsetSeconds: number): string {
  if (offsetSeconds === 0) return 'Z';
  // Go cuts towards zero, so an offset of less than a minute prints as +00:00.
  const minutes = Math.trunc(offsetSeconds / 60);
  const size = Math.abs(minutes);
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

/**
 * Nanoseconds since 1970 in Go's RFC3339Nano: the fraction without trailing zeros, `Z` only when the offset is 0, and
 * the year held within 0..9999 as restic does.
 */
export function formatGoTime(epochNs: bigint, zone: Zone): string {
  let seconds = Number(epochNs / 1_000_000_000n);
  let fraction = Number(epochNs % 1_000_000_000n);
  if (fraction < 0) {
    fraction += 1_000_000_000;
    seconds -= 1;
  }
  const offset = zone.offsetSeconds(seconds);
  const local = seconds + offset;
  const days = Math.floor(local / 86_400);
  const secondOfDay = local - days * 86_400;
  const { year, month, day } = civilFromDays(days);
  const shownYear = String(Math.min(9999, Math.max(0, year))).padStart(4, '0');
  const hour = Math.floor(secondOfDay / 3600);
  const minute = Math.floor(secondOfDay / 60) % 60;
  const fractionText = fraction === 0 ? '' : `.${String(fraction).padStart(9, '0').replace(/0+$/, '')}`;
  return `${shownYear}-${two(month)}-${two(day)}T${two(hour)}:${two(minute)}:${two(secondOfDay % 60)}${fractionText}${offsetText(offset)}`;
}

const timePattern = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:[.,](\d+))?(?:Z|([+-])(\d\d):(\d\d))$/;

export interface GoTime {
  readonly epochNs: bigint;
  readonly offsetSeconds: number;
}

/** Instant and offset of an RFC 3339 text; digits below the nanosecond are cut off. Throws `damaged`. */
export function parseGoTime(text: string): GoTime {
  const match = timePattern.exec(text);
  if (match === null) throw badTime(text);
  const [, year, month, day, hour, minute, second, fraction = '', sign, offsetHour = '0', offsetMinute = '0'] = match;
  const fields = { month: Number(month), day: Number(day), hour: Number(hour), minute: Number(minute), second: Number(second) };
  const isInRange =
    fields.month >= 1 &&
    fields.month <= 12 &&
    fields.day >= 1 &&
    fields.day <= 31 &&
    fields.hour < 24 &&
    fields.minute < 60 &&
    fields.second < 60;
  if (!isInRange) throw badTime(text);
  const offsetSeconds = (sign === '-' ? -1 : 1) * (Number(offsetHour) * 3600 + Number(offsetMinute) * 60);
  const days = daysFromCivil(Number(year), fields.month, fields.day);
  const seconds = days * 86_400 + fields.hour * 3600 + fields.minute * 60 + fields.second - offsetSeconds;
  return { epochNs: joinNs(seconds, Number(fraction.padEnd(9, '0').slice(0, 9))), offsetSeconds: offsetSeconds + 0 };
}

function joinNs(seconds: number, fraction: number): bigint {
  return BigInt(seconds) * 1_000_000_000n + BigInt(fraction);
}

function badTime(text: string): FortFailError {
  return new FortFailError({ kind: 'damaged', code: 'time', message: `unable to read time '${text}'` });
}

/** Nanoseconds of an RFC 3339 text; the fast way for the three times of every node. Throws `damaged`. */
export function parseGoTimeNs(text: string): bigint {
  const suffix = text.charCodeAt(text.length - 1) === 0x5a ? 1 : 6;
  const end = text.length - suffix;
  // "2020-01-02T03:04:05.123456789Z" or "+01:00" and their shorter forms; everything else takes the careful way.
  if (end < 19 || end > 29 || end === 20) return parseGoTime(text).epochNs;
  const year = digitsAt(text, 0, 4);
  const month = digitsAt(text, 5, 2);
  const day = digitsAt(text, 8, 2);
  const hour = digitsAt(text, 11, 2);
  const minute = digitsAt(text, 14, 2);
  const second = digitsAt(text, 17, 2);
  const fraction = end === 19 ? 0 : digitsAt(text, 20, end - 20) * (powersOfTen[29 - end] ?? 1);
  const offset = suffix === 1 ? 0 : offsetAt(text, end);
  const isSound = month >= 1 && month <= 12 && day >= 1 && day <= 31 && hour < 24 && minute < 60 && second < 60;
  if (!isSound || Number.isNaN(year + hour + minute + second + fraction + offset)) return parseGoTime(text).epochNs;
  return joinNs(daysFromCivil(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset, fraction);
}

const powersOfTen = Array.from({ length: 10 }, (_, power) => 10 ** power);

/** Value of `count` digits, NaN when one of them is none. */
function digitsAt(text: string, from: number, count: number): number {
  let value = 0;
  for (let i = from; i < from + count; i += 1) {
    const digit = text.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) return Number.NaN;
    value = value * 10 + digit;
  }
  return value;
}

function offsetAt(text: string, from: number): number {
  const sign = text.charCodeAt(from);
  if (sign !== 0x2b && sign !== 0x2d) return Number.NaN;
  const seconds = digitsAt(text, from + 1, 2) * 3600 + digitsAt(text, from + 4, 2) * 60;
  return sign === 0x2d ? -seconds : seconds;
}

import type { ValueParser } from './option.ts';

const sizeFactors: Readonly<Record<string, number>> = { '': 1, b: 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };

/** A size as restic takes it: `100`, `50M`, `2g`, `7b`; factors of 1024. */
export const sizeBytes: ValueParser<number> = (text, refuse) => {
  const match = /^(\d+)([bkmgt]?)$/i.exec(text);
  const bytes = match === null ? Number.NaN : Number(match[1]) * (sizeFactors[(match[2] ?? '').toLowerCase()] ?? Number.NaN);
  return Number.isSafeInteger(bytes) ? bytes : refuse('a size such as 500, 50M or 2G');
};

/** A whole number that is not negative. */
export const wholeNumber: ValueParser<number> = (text, refuse) => {
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(number) ? number : refuse('a whole number');
};

/** A counter of `forget`: -1 stands for `unlimited`. */
export const keepCount: ValueParser<number> = (text, refuse) => {
  if (text === 'unlimited') return -1;
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(number) ? number : refuse("a whole number or 'unlimited'");
};

/** A calendar duration as restic writes it, kept as text for the policy: `1y5m7d2h`. */
export const calendarDuration: ValueParser<string> = (text, refuse) =>
  /^(-?\d+[ymdh])+$/.test(text) ? text : refuse('a duration such as 1y5m7d2h');

const secondsOf: Readonly<Record<string, number>> = { h: 3600, m: 60, s: 1, ms: 1e-3, us: 1e-6, ns: 1e-9 };

/** A Go duration (`5m`, `1h30m`, `90s`) in milliseconds. */
export const durationMs: ValueParser<number> = (text, refuse) => {
  if (text === '0') return 0;
  if (!/^(\d+(\.\d+)?(ms|us|ns|h|m|s))+$/.test(text)) return refuse('a duration such as 90s, 5m or 2h');
  let seconds = 0;
  for (const [, number, , unit] of text.matchAll(/(\d+(\.\d+)?)(ms|us|ns|h|m|s)/g))
    seconds += Number(number) * (secondsOf[unit ?? ''] ?? 0);
  return Math.round(seconds * 1000);
};

/** One of a few words. */
export function choice<const W extends string>(...words: readonly W[]): ValueParser<W> {
  return (text, refuse) => words.find((word) => word === text) ?? refuse(`one of ${words.join(', ')}`);
}

export interface GroupBy {
  readonly host: boolean;
  readonly paths: boolean;
  readonly tags: boolean;
}

/** `host,paths,tags` in any choice; the empty text makes one group of all. */
export const groupBy: ValueParser<GroupBy> = (text, refuse) => {
  const words = text === '' ? [] : text.split(',');
  const known = new Map([
    ['host', 'host'],
    ['hosts', 'host'],
    ['path', 'paths'],
    ['paths', 'paths'],
    ['tag', 'tags'],
    ['tags', 'tags'],
  ]);
  const fields = words.map((word) => known.get(word) ?? refuse("a list of host, paths and tags, separated by commas, or ''"));
  return { host: fields.includes('host'), paths: fields.includes('paths'), tags: fields.includes('tags') };
};

/** One `--tag a,b`: all of these tags. `''` gives the empty tag, which stands for untagged snapshots. */
export const tagList: ValueParser<readonly string[]> = (text) => text.split(',').map((tag) => tag.trim());

/** A port to listen on; 0 lets the system choose. */
export const port: ValueParser<number> = (text, refuse) => {
  const number = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  return number <= 65_535 ? number : refuse('a port number from 0 to 65535');
};

/** `2012-11-01 22:08:41` in local time, as restic takes it. */
export const localTime: ValueParser<Date> = (text, refuse) => {
  const match = /^(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)$/.exec(text);
  const [year, month, day, hour, minute, second] = (match ?? []).slice(1).map(Number) as [number, number, number, number, number, number];
  if (match === null) return refuse("a time such as '2012-11-01 22:08:41'");
  const time = new Date(year, month - 1, day, hour, minute, second);
  return time.getMonth() === month - 1 && time.getDate() === day ? time : refuse("a time such as '2012-11-01 22:08:41'");
};

/** `2/3` as [2, 3]: how many shares are needed, of how many. */
export const shareNumbers: ValueParser<readonly [number, number]> = (text, refuse) => {
  const [, k, n] = /^(\d{1,2})\/(\d{1,2})$/.exec(text) ?? [];
  return k === undefined || n === undefined ? refuse('how many shares of how many, such as 2/3') : [Number(k), Number(n)];
};

import { describe, expect, it } from 'vitest';
import type { ValueParser } from './option.ts';
import { calendarDuration, durationMs, groupBy, keepCount, localTime, port, sizeBytes, tagList, wholeNumber } from './value-parsers.ts';

const read = <V>(parser: ValueParser<V>, text: string): V | string => {
  try {
    return parser(text, (expected) => {
      throw new Error(`not ${expected}`);
    });
  } catch (error) {
    return (error as Error).message;
  }
};

describe('values on the command line', () => {
  it.each([
    ['0', 0],
    ['500', 500],
    ['500b', 500],
    ['1k', 1024],
    ['50M', 52_428_800],
    ['2g', 2_147_483_648],
    ['1T', 1_099_511_627_776],
    ['-1', 'not a size such as 500, 50M or 2G'],
    ['1.5M', 'not a size such as 500, 50M or 2G'],
    ['99999999999T', 'not a size such as 500, 50M or 2G'],
  ])('reads the size %s', (text, expected) => expect(read(sizeBytes, text)).toBe(expected));

  it.each([
    ['5m', 300_000],
    ['1h30m', 5_400_000],
    ['1.5s', 1500],
    ['250ms', 250],
    ['0', 0],
    ['5', 'not a duration such as 90s, 5m or 2h'],
    ['', 'not a duration such as 90s, 5m or 2h'],
  ])('reads the duration %s', (text, expected) => expect(read(durationMs, text)).toBe(expected));

  it('reads counters, unlimited included', () => {
    expect([read(keepCount, '3'), read(keepCount, 'unlimited'), read(keepCount, '0')]).toEqual([3, -1, 0]);
    expect(read(keepCount, '-1')).toContain('unlimited');
    expect(read(wholeNumber, '1e3')).toBe('not a whole number');
  });

  it('reads calendar durations, groups, tags and ports', () => {
    expect(read(calendarDuration, '1y5m7d2h')).toBe('1y5m7d2h');
    expect(read(calendarDuration, '5w')).toContain('not a duration');
    expect(read(groupBy, 'host,paths')).toEqual({ host: true, paths: true, tags: false });
    expect(read(groupBy, 'hosts')).toEqual({ host: true, paths: false, tags: false });
    expect(read(groupBy, 'colour')).toContain('not a list of host');
    expect([read(tagList, 'a, b'), read(tagList, '')]).toEqual([['a', 'b'], ['']]);
    expect([read(port, '0'), read(port, '65535')]).toEqual([0, 65_535]);
    expect(read(port, '65536')).toContain('not a port');
  });

  it('reads times in this zone, and none that no calendar has', () => {
    expect(read(localTime, '2012-11-01 22:08:41')).toEqual(new Date(2012, 10, 1, 22, 8, 41));
    expect(read(localTime, '2023-02-30 00:00:00')).toContain('not a time');
    expect(read(localTime, 'now')).toContain('not a time');
  });
});

import { describe, expect, it } from 'vitest';
import { formatSpan, parseSpan, parseStatedTime, subtractSpan, wallClockOf } from './calendar.ts';

const minus = (time: string, span: string): string =>
  new Date(Number(subtractSpan(parseStatedTime(time), parseSpan(span)) / 1_000_000n)).toISOString();

describe('calendar', () => {
  it('reads times with nanoseconds and any offset', () => {
    expect(parseStatedTime('2026-01-01T00:00:00.123456789+05:30')).toEqual({
      epochNs: 1_767_205_800_123_456_789n,
      offsetSeconds: 19_800,
    });
    expect(parseStatedTime('1969-12-31T23:59:59.5Z').epochNs).toBe(-500_000_000n);
    for (const text of ['2026-13-01T00:00:00Z', '2026-01-01', 'yesterday']) expect(() => parseStatedTime(text)).toThrow('invalid time');
  });

  it('subtracts months as Go does', () => {
    expect(minus('2026-03-31T10:00:00Z', '1m')).toBe('2026-03-03T10:00:00.000Z');
    expect(minus('2024-03-31T10:00:00Z', '1m')).toBe('2024-03-02T10:00:00.000Z');
    expect(minus('2026-01-15T10:00:00Z', '1y1m20d10h')).toBe('2024-11-25T00:00:00.000Z');
  });

  it('knows ISO weeks at the turn of years', () => {
    const week = (time: string): string => {
      const { weekYear, week: number } = wallClockOf(parseStatedTime(time));
      return `${weekYear}-${number}`;
    };
    expect(week('2024-12-29T10:00:00Z')).toBe('2024-52');
    expect(week('2024-12-30T10:00:00Z')).toBe('2025-1');
    expect(week('2021-01-01T10:00:00Z')).toBe('2020-53');
  });

  it('reads and prints durations as restic does', () => {
    expect(formatSpan(parseSpan('3d1y'))).toBe('1y3d');
    expect(formatSpan(parseSpan('1d2d0h'))).toBe('2d');
    for (const text of ['1x', '-1d', '1d1', 'd', 'unlimited']) expect(() => parseSpan(text)).toThrow('invalid duration');
  });
});

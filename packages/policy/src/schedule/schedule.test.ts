import { isFortFailError } from '@fortfail/base';
import { describe, expect, it } from 'vitest';
import { checkSchedule, dueSlots, jitterMs, lastSlot, nextSlot } from './schedule.ts';

const berlin = (cron: string) => ({ cron, zone: 'Europe/Berlin' });
const due = (cron: string, since: string, until: string): string[] =>
  dueSlots(berlin(cron), new Date(since), new Date(until)).slots.map((slot) => slot.toISOString().slice(5, 16));
const refusal = (cron: string, zone = 'UTC'): string => {
  try {
    checkSchedule({ cron, zone });
    return 'fine';
  } catch (error) {
    return isFortFailError(error, 'invalid-input') ? `${error.message}. ${error.hint}` : 'unclassified';
  }
};

describe('schedules', () => {
  it('refuses what cannot be read, naming the field', () => {
    expect(refusal('61 * * * *')).toBe("invalid schedule '61 * * * *'. The minute must be 0 to 59, not 61.");
    expect(refusal('0 25 * * *')).toContain('The hour must be 0 to 23, not 25.');
    expect(refusal('0 0 * * 1-8')).toContain('The day of the week must be 0 to 7, not 8.');
    expect(refusal('* * * *')).toContain('It has 4 fields and needs five');
    expect(refusal('0 * * * * *')).toContain('It has 6 fields and needs five');
    expect(refusal('@hourly')).toContain('It has 1 fields');
    expect(refusal('0 0 30 2 *')).toContain('No day fits it');
    expect(refusal('x * * * *')).toContain("invalid schedule 'x * * * *'");
    expect(refusal('0 0 * * *', 'Europe/Nowhere')).toContain("invalid time zone 'Europe/Nowhere'");
    for (const cron of ['0 * * * *', '*/15 8-18 * * MON-FRI', '0 0 L * *', '5,35 * * * *']) expect(refusal(cron)).toBe('fine');
  });

  it('runs a fixed time once when the clocks go back, and after the gap when they go forward', () => {
    expect(due('30 2 * * *', '2026-10-24T12:00:00Z', '2026-10-26T12:00:00Z')).toEqual(['10-25T00:30', '10-26T01:30']);
    expect(due('30 2 * * *', '2026-03-28T12:00:00Z', '2026-03-30T12:00:00Z')).toEqual(['03-29T01:00', '03-30T00:30']);
    expect(due('15 2,14 * * *', '2026-10-25T00:00:00Z', '2026-10-25T23:00:00Z')).toEqual(['10-25T00:15', '10-25T13:15']);
  });

  it('runs every hour of elapsed time through both changes', () => {
    expect(due('0 * * * *', '2026-10-24T23:30:00Z', '2026-10-25T03:30:00Z')).toHaveLength(4);
    expect(due('0 * * * *', '2026-03-28T23:30:00Z', '2026-03-29T03:30:00Z')).toHaveLength(4);
  });

  it('is due strictly after the last slot, up to and including now', () => {
    expect(due('0 * * * *', '2026-11-21T08:00:00Z', '2026-11-21T10:00:00Z')).toEqual(['11-21T09:00', '11-21T10:00']);
    expect(nextSlot(berlin('0 * * * *'), new Date('2026-11-21T08:00:00Z'))?.toISOString()).toBe('2026-11-21T09:00:00.000Z');
    expect(lastSlot(berlin('0 * * * *'), new Date('2026-11-21T08:00:00Z'))?.toISOString()).toBe('2026-11-21T08:00:00.000Z');
  });

  it('stops at the bound and says so', () => {
    const { slots, isCut } = dueSlots(berlin('* * * * *'), new Date('2026-01-01T00:00:00Z'), new Date('2027-01-01T00:00:00Z'), 10);
    expect([slots.length, isCut]).toEqual([10, true]);
  });

  it('spreads plans over the jitter, each always the same', () => {
    const delays = Array.from({ length: 1000 }, (_, number) => jitterMs(`pln_${number.toString(16).padStart(16, '0')}`, 60));
    expect(delays.every((delay) => Number.isInteger(delay) && delay >= 0 && delay < 60_000)).toBe(true);
    expect(jitterMs('pln_0000000000000007', 60)).toBe(delays[7]);
    for (let begin = 0; begin < 60_000; begin += 10_000) {
      const share = delays.filter((delay) => delay >= begin && delay < begin + 10_000).length;
      expect(share).toBeGreaterThan(100);
    }
    expect(jitterMs('pln_0', 0)).toBe(0);
  });
});

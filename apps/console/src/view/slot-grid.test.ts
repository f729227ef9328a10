import type { Slot } from '@fortfail/protocol';
import { expect, test } from 'vitest';
import { slotGrid } from './slot-grid.ts';

const now = Date.parse('2026-11-21T09:41:07Z');
const slot = (dueAt: string, status: Slot['status'], kind: Slot['kind'] = 'backup'): Slot => ({
  planId: 'pln_0000000000000001',
  dueAt,
  kind,
  status,
  jobId: null,
  reason: null,
});

test('thirty days end today, oldest first, each with twenty-four hours', () => {
  const { days } = slotGrid([], now, 'UTC');
  expect(days).toHaveLength(30);
  expect([days[0]?.key, days[29]?.key]).toEqual(['2026-10-23', '2026-11-21']);
  expect(days.every(({ hours }) => hours.length === 24)).toBe(true);
});

test('an hour shows its worst slot, and a drill that passed is seen unless something was wrong', () => {
  const { days, counts } = slotGrid(
    [
      slot('2026-11-21T08:00:00Z', 'complete'),
      slot('2026-11-21T08:30:00Z', 'failed'),
      slot('2026-11-21T07:00:00Z', 'complete'),
      slot('2026-11-21T07:05:00Z', 'complete', 'drill'),
    ],
    now,
    'UTC',
  );
  expect(days[29]?.hours[8]?.mark).toBe('failed');
  expect(days[29]?.hours[7]?.mark).toBe('drilled');
  expect(days[29]?.hours[6]?.mark).toBe('none');
  expect(counts).toMatchObject({ complete: 2, failed: 1 });
});

test('a plan of yesterday has a week, not a month of nothing', () => {
  expect(slotGrid([], now, 'UTC', now - 86_400_000).days).toHaveLength(7);
  expect(slotGrid([], now, 'UTC', now - 12 * 86_400_000).days).toHaveLength(13);
  expect(slotGrid([], now, 'UTC', now - 90 * 86_400_000).days).toHaveLength(30);
});

test('the zone decides the day', () => {
  const { days } = slotGrid([slot('2026-11-20T23:30:00Z', 'missed')], now, 'Europe/Paris');
  expect(days[29]?.hours[0]?.mark).toBe('missed');
});

import { expect, test } from 'vitest';
import { tellingRows } from './retention-rows.ts';

const point = (day: number, verdict: 'keep' | 'remove' | 'held') => ({
  restorePointId: `rpt_${day}`,
  time: `2026-11-${String(day).padStart(2, '0')}T00:00:00Z`,
  grade: 'complete',
  verdict,
  reasons: [],
});

test('half of the rows may go to what would be removed, the rest to the newest that stay', () => {
  const points = [1, 2, 3, 4, 5, 6].map((day) => point(day, 'remove')).concat([7, 8, 9, 10, 11].map((day) => point(day, 'keep')));
  expect(tellingRows(points, 6).map(({ restorePointId }) => restorePointId)).toEqual([
    'rpt_11',
    'rpt_10',
    'rpt_9',
    'rpt_6',
    'rpt_5',
    'rpt_4',
  ]);
});

test('rooms left by one kind are used by the other', () => {
  const points = [point(1, 'keep'), point(2, 'remove'), point(3, 'remove'), point(4, 'remove')];
  expect(tellingRows(points, 4)).toHaveLength(4);
});

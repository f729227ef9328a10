import { expect, test } from 'vitest';
import { drillScale } from './drill-scale.ts';

test('the promise is on the scale while the bars stay readable', () => {
  const scale = drillScale(720, 1200);
  expect(scale.showsPromise).toBe(true);
  expect(scale.top).toBeGreaterThan(1200);
  expect(scale.ticks[0]).toBe(0);
  expect(scale.ticks.length).toBeLessThanOrEqual(5);
});

test('a promise of hours above a drill of seconds is told, not drawn', () => {
  const scale = drillScale(1.9, 14_400);
  expect(scale.showsPromise).toBe(false);
  expect(scale.top).toBeLessThan(3);
  expect(scale.ticks.length).toBeGreaterThan(2);
});

test('an instant drill still has a scale', () => {
  expect(drillScale(0, 60).top).toBeGreaterThan(0);
});

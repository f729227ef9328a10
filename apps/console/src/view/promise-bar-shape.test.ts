import { expect, test } from 'vitest';
import { promiseBarShape } from './promise-bar-shape.ts';

test('a kept promise is filled up to its share and hatched nowhere', () => {
  const shape = promiseBarShape(30, 60, 100);
  expect(shape.filled).toBeCloseTo(33);
  expect(shape).toMatchObject({ overTo: undefined, ghostTo: undefined, ghostOverTo: undefined, isOffScale: false });
});

test('a promise that will break is pale up to the tick and hatched beyond it', () => {
  const shape = promiseBarShape(52, 60, 100, 80);
  expect(shape.ghostTo).toBeCloseTo(66);
  expect(shape.ghostOverTo).toBeCloseTo(88);
  expect(shape.overTo).toBeUndefined();
});

test('a broken promise stops being full at the tick, and an arrow says that it goes on', () => {
  const shape = promiseBarShape(552, 60, 100, 600);
  expect(shape.filled).toBeCloseTo(66);
  expect(shape.overTo).toBe(99);
  expect(shape.isOffScale).toBe(true);
  expect(shape.ghostTo).toBeUndefined();
});

test('the next slot never makes a bar shorter', () => {
  expect(promiseBarShape(30, 60, 100, 10).ghostTo).toBeUndefined();
});

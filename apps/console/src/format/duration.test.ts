import { expect, test } from 'vitest';
import { duration, measured } from './duration.ts';

test.each([
  [0, '0 s'],
  [42.9, '42 s'],
  [60, '1 m'],
  [548, '9 m 8 s'],
  [600, '10 m'],
  [52 * 60 + 59, '52 m'],
  [3600, '1 h'],
  [9 * 3600 + 12 * 60, '9 h 12 m'],
  [86_400, '1 d'],
  [11 * 86_400 + 4 * 3600 + 59, '11 d 4 h'],
  [-3, '0 s'],
])('an age of %d seconds reads %s', (seconds, text) => {
  expect(duration(seconds)).toBe(text);
});

test.each([
  [0, '0.0 s'],
  [0.01, '0.1 s'],
  [1.9, '1.9 s'],
  [1.91, '2.0 s'],
  [9.95, '10.0 s'],
  [341.2, '5 m 42 s'],
  [601, '11 m'],
  [3600, '1 h'],
  [3601, '1 h 1 m'],
  [86_401, '1 d 1 h'],
])('a measured time of %d seconds is never made to look better: %s', (seconds, text) => {
  expect(measured(seconds)).toBe(text);
});

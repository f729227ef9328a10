import { expect, test } from 'vitest';
import { takeLink, wayBack } from './sign-in-link.ts';

test('the link is taken from the fragment', () => {
  expect(takeLink('#link=abc_def-123')).toBe('abc_def-123');
  expect(takeLink('')).toBeUndefined();
  expect(takeLink('#other=1')).toBeUndefined();
});

test.each([
  ['?to=%2Fplans%2Fpln_1%3Fshow%3Dall', '/plans/pln_1?show=all'],
  ['', '/'],
  ['?to=https%3A%2F%2Fevil.example', '/'],
  ['?to=%2F%2Fevil.example', '/'],
  ['?to=%2F%5Cevil.example', '/'],
  ['?to=javascript%3Aalert(1)', '/'],
  ['?to=%2Fsign-in', '/'],
])('the way back from %s is %s', (search, path) => {
  expect(wayBack(search)).toBe(path);
});

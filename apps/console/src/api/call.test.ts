import { expect, test } from 'vitest';
import { addressOf, randomKey } from './call.ts';

test('a path parameter cannot leave its place', () => {
  expect(addressOf('getPlan', { planId: '../me?x=1#y' }).url).toBe('/api/v1/plans/..%2Fme%3Fx%3D1%23y');
});

test('a query leaves out what is undefined and encodes the rest', () => {
  expect(addressOf('listFiles', { restorePointId: 'rpt_1' }, { path: '/a b&c', cursor: undefined, limit: 5 })).toEqual({
    method: 'GET',
    url: '/api/v1/restore-points/rpt_1/files?path=%2Fa+b%26c&limit=5',
  });
});

test('a random key has 128 bits and is new each time', () => {
  expect(randomKey()).toMatch(/^[0-9a-f]{32}$/);
  expect(randomKey()).not.toBe(randomKey());
});

import { expect, test } from 'vitest';
import { count, counted, percent, rate, size } from './quantity.ts';

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1 kB'],
  [14_230, '14.2 kB'],
  [212_400, '212 kB'],
  [999_600, '1 MB'],
  [9_400_000_000, '9.4 GB'],
  [7_790_000_000_000, '7.79 TB'],
])('%d bytes read %s', (bytes, text) => {
  expect(size(bytes)).toBe(text);
});

test('counts carry separators and agree with their noun', () => {
  expect(count(1_204_118)).toBe('1,204,118');
  expect(counted(1, 'file')).toBe('1 file');
  expect(counted(2041, 'entry', 'entries')).toBe('2,041 entries');
  expect(rate(418_000_000)).toBe('418 MB/s');
});

test('a hundred per cent is said only at the end, and nothing while the total is unknown', () => {
  expect(percent(999, 1000)).toBe(99);
  expect(percent(1000, 1000)).toBe(100);
  expect(percent(1200, 1000)).toBe(100);
  expect(percent(5, null)).toBeUndefined();
  expect(percent(0, 0)).toBeUndefined();
});

import { expect, test } from 'vitest';
import { mergeLines, warningCount } from './log-lines.ts';

const line = (at: string, message: string, level: 'info' | 'warn' | 'error' = 'info') => ({
  at: `2026-11-21T09:00:${at}Z`,
  level,
  message,
});

test('a line that came both ways is shown once, in the order of time', () => {
  const merged = mergeLines([line('01', 'a'), line('02', 'b')], [line('02', 'b'), line('03', 'c', 'warn')]);
  expect(merged.map(({ message }) => message)).toEqual(['a', 'b', 'c']);
  expect(warningCount(merged)).toBe(1);
});

test('two equal stored lines stay two', () => {
  expect(mergeLines([line('01', 'a'), line('01', 'a')], [])).toHaveLength(2);
});

import { expect, test } from 'vitest';
import { phaseParts, phaseSums } from './phase-parts.ts';

const phases = [
  { name: 'open', seconds: 1 },
  { name: 'fetch', seconds: 2 },
  { name: 'metadata', seconds: 0.5 },
  { name: 'metadata', seconds: 0.25 },
  { name: 'verify', seconds: 2 },
] as const;

test('what a drill compares lies beyond the time to return, although the sum is not exact', () => {
  const parts = phaseParts(phases, 3.7);
  expect(parts.map(({ from }) => from)).toEqual([0, 1, 3, 3.5, 3.75]);
  expect(parts.map(({ isBeyond }) => isBeyond)).toEqual([false, false, false, false, true]);
});

test('a phase that came twice is told once, but a check before the end is not the comparison after it', () => {
  const sums = phaseSums(phaseParts([...phases.slice(0, 2), { name: 'verify', seconds: 1 }, ...phases.slice(2)], 4.7));
  expect(sums.map(({ name, seconds, isBeyond }) => `${name} ${seconds} ${isBeyond}`)).toEqual([
    'open 1 false',
    'fetch 2 false',
    'verify 1 false',
    'metadata 0.75 false',
    'verify 2 true',
  ]);
});

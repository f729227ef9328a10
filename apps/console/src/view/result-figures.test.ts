import { expect, test } from 'vitest';
import { resultFigures } from './result-figures.ts';

test('figures are named and shown by what they are', () => {
  expect(resultFigures({ filesNew: 318, bytesAdded: 2_100_000_000, tookSeconds: 101, outcome: 'passed', nested: {}, none: null })).toEqual([
    { name: 'Files new', value: '318' },
    { name: 'Bytes added', value: '2.1 GB' },
    { name: 'Took', value: '1 m 41 s' },
    { name: 'Outcome', value: 'passed' },
  ]);
  expect(resultFigures(null)).toEqual([]);
});

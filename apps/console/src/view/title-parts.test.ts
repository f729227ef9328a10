import { expect, test } from 'vitest';
import { titleParts } from './title-parts.ts';

test('the counts of what is not kept are cut out, and joined they are the sentence again', () => {
  const title = '25 of 30 plans would come back as promised. 2 would not, 1 is close, 1 cannot be told.';
  const parts = titleParts(title);
  expect(parts.map(({ text }) => text).join('')).toBe(title);
  expect(parts.filter(({ verdict }) => verdict)).toEqual([
    { text: '2 would not', verdict: 'broken' },
    { text: '1 is close', verdict: 'at-risk' },
    { text: '1 cannot be told', verdict: 'unknown' },
  ]);
});

test('a sentence without them stays whole', () => {
  expect(titleParts('All 2 plans would come back as promised.')).toEqual([{ text: 'All 2 plans would come back as promised.' }]);
});

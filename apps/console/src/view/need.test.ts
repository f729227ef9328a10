import { expect, test } from 'vitest';
import { splitSentence } from './need.ts';

test('the first sentence is cut at a stop before a capital, not within a name', () => {
  expect(splitSentence('app.conf has no new point for 9 h. Recreate the slot. Then wait.')).toEqual({
    first: 'app.conf has no new point for 9 h',
    rest: 'Recreate the slot. Then wait.',
  });
  expect(splitSentence('One sentence only.')).toEqual({ first: 'One sentence only.', rest: '' });
});

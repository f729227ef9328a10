import { expect, test } from 'vitest';
import { matchItems, type PaletteItem } from './palette-match.ts';

const items: PaletteItem[] = [
  { id: '1', group: 'Do', label: 'Back up wiki-db' },
  { id: '2', group: 'Do', label: 'Restore wiki-db…' },
  { id: '3', group: 'Go to', label: 'Plan wiki-db', words: 'restore points' },
  { id: '4', group: 'Go to', label: 'Jobs' },
];

test('every typed word must be there, in any order and case', () => {
  expect(matchItems(items, 'WIKI restore').map(({ id }) => id)).toEqual(['2', '3']);
});

test('what begins with the first word comes first', () => {
  expect(matchItems(items, 'plan wiki').map(({ id }) => id)).toEqual(['3']);
  expect(matchItems(items, 'restore').map(({ id }) => id)).toEqual(['2', '3']);
});

test('nothing typed finds all, up to the limit', () => {
  expect(matchItems(items, ' ', 2).map(({ id }) => id)).toEqual(['1', '2']);
});

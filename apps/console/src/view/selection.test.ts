import { expect, test } from 'vitest';
import { choiceOf, foldersTo, toggle, toggleAll } from './selection.ts';

test('a chosen folder covers what is below it, and nothing that only begins alike', () => {
  const selection = toggle(new Set(), '/srv/www');
  expect(choiceOf(selection, '/srv/www/index.php')).toBe('inherited');
  expect(choiceOf(selection, '/srv/www')).toBe('chosen');
  expect(choiceOf(selection, '/srv/www2')).toBe('none');
});

test('choosing a folder takes over the paths below it', () => {
  const selection = toggle(new Set(['/srv/www/a', '/srv/www/b', '/etc']), '/srv/www');
  expect([...selection].sort()).toEqual(['/etc', '/srv/www']);
});

test('choosing twice is choosing not at all', () => {
  expect([...toggle(toggle(new Set(), '/a'), '/a')]).toEqual([]);
});

test('all rows can be chosen and left at once', () => {
  const all = toggleAll(new Set(['/a']), ['/a', '/b'], true);
  expect([...all]).toEqual(['/a', '/b']);
  expect([...toggleAll(all, ['/a', '/b'], false)]).toEqual([]);
});

test('the way to a folder begins at the root', () => {
  expect(foldersTo('/srv/www').map(({ path }) => path)).toEqual(['/', '/srv', '/srv/www']);
  expect(foldersTo('/').map(({ path }) => path)).toEqual(['/']);
});

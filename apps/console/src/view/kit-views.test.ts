import { expect, test } from 'vitest';
import { kitTitle, kitWarning, ownerCommand, qrPath, typedCharacters } from './kit-views.ts';

const repository = (escrowed: boolean) => ({ id: 'rep_1', name: 'main', agentId: 'agt_1', escrowed, places: [], at: null });

test('the title says what comes back with the paper, and does not promise more', () => {
  const of = (state: 'none' | 'unconfirmed' | 'confirmed', ...escrowed: boolean[]) =>
    kitTitle({ state, kitId: '3f9a12c0', repositories: escrowed.map((each) => repository(each)) });
  expect(of('none', false)).toBe('There is no recovery kit: who loses this site loses its backups');
  expect(of('unconfirmed', true)).toBe('Kit 3f9a12c0 was made, and nobody confirmed that it is on paper');
  expect(of('confirmed', true)).toBe('With kit 3f9a12c0 on paper the one repository can be opened');
  expect(of('confirmed', true, true)).toBe('With kit 3f9a12c0 on paper all 2 repositories can be opened');
  expect(of('confirmed', true, false)).toBe('Kit 3f9a12c0 opens 1 of 2 repositories');
  expect(of('confirmed')).toBe('Kit 3f9a12c0 is on paper; there is no repository yet');
});

test('the frame warns until a kit is confirmed', () => {
  expect([kitWarning('none'), kitWarning('unconfirmed'), kitWarning('confirmed'), kitWarning(undefined)]).toEqual([
    'No recovery kit',
    'Recovery kit not confirmed',
    undefined,
    undefined,
  ]);
});

test('a host is told its owner by one exact command', () => {
  expect(ownerCommand('age1abc', 'ssh-ed25519 AAAA')).toBe("fortfail agent owner set --recovery age1abc 'ssh-ed25519 AAAA'");
});

test('characters from paper count without spaces, hyphens and case', () => {
  expect(typedCharacters(' qz3-x 9k ')).toBe('QZ3X9K');
});

test('a code is drawn as runs of dark squares', () => {
  expect(
    qrPath([
      [true, true, false],
      [false, false, true],
    ]),
  ).toBe('M0 0h2v1h-2zM2 1h1v1h-1z');
});

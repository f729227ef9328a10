import type { Alert } from '@fortfail/protocol';
import { expect, test } from 'vitest';
import { alertsTitle, inOrder } from './alert-views.ts';
import { objectAddress, objectWord } from './object-address.ts';

const alert = (id: string, given: Partial<Alert> = {}): Alert => ({
  id,
  kind: 'promise',
  severity: 'at-risk',
  object: { kind: 'plan', id: 'pln_1' },
  sentence: '',
  count: 1,
  openedAt: '2026-11-21T09:00:00Z',
  lastAt: '2026-11-21T09:00:00Z',
  acknowledgedAt: null,
  acknowledgedBy: null,
  endedAt: null,
  ...given,
});
const taken = { acknowledgedAt: '2026-11-21T09:01:00Z', acknowledgedBy: 'Mara' };

test('the title tells how many alerts are open and how many nobody took', () => {
  expect(alertsTitle([], false)).toBe('No alert is open');
  expect(alertsTitle([alert('a')], false)).toBe('1 alert is open, taken by nobody');
  expect(alertsTitle([alert('a', taken)], false)).toBe('1 alert is open, and somebody looks after it');
  expect(alertsTitle([alert('a'), alert('b', taken)], false)).toBe('2 alerts are open, 1 of them taken by nobody');
  expect(alertsTitle([alert('a', taken), alert('b', taken)], true)).toBe('More than 2 alerts are open, and somebody looks after each');
});

test('the worst alert stands first, and of those one that nobody took', () => {
  const open = [alert('old'), alert('taken', { severity: 'broken', ...taken }), alert('worst', { severity: 'broken' })];
  expect(inOrder(open).map(({ id }) => id)).toEqual(['worst', 'taken', 'old']);
});

test('what an alert is about leads to its page where there is one', () => {
  expect(objectAddress({ kind: 'restore-point', id: 'rpt_1' })).toBe('/points/rpt_1/files');
  expect(objectAddress({ kind: 'agent', id: '../x' })).toBe('/agents/..%2Fx');
  expect(objectAddress({ kind: 'repository', id: 'rep_1' })).toBe(undefined);
  expect(objectWord('signed-head')).toBe('signed head');
});

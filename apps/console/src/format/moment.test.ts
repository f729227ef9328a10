import { expect, test } from 'vitest';
import { clockText, dayKey, dayKeyText, momentText } from './moment.ts';

const now = Date.parse('2026-11-21T09:41:07Z');

test('a moment of this year has no year, another has one', () => {
  expect(momentText(Date.parse('2026-11-21T08:49:00Z'), 'UTC', now)).toBe('21 Nov 08:49');
  expect(momentText(Date.parse('2025-03-02T00:00:00Z'), 'UTC', now)).toBe('2 Mar 2025 00:00');
});

test('the zone decides the day and the hour', () => {
  const late = Date.parse('2026-11-20T23:30:00Z');
  expect(momentText(late, 'Europe/Paris', now)).toBe('21 Nov 00:30');
  expect(dayKey(late, 'UTC')).toBe('2026-11-20');
  expect(dayKey(late, 'Asia/Kolkata')).toBe('2026-11-21');
  expect(clockText(late, 'Asia/Kolkata', true)).toBe('05:00:00');
});

test('a day key reads as a day', () => {
  expect(dayKeyText('2026-11-09')).toBe('9 Nov');
  expect(dayKeyText('nonsense')).toBe('nonsense');
});

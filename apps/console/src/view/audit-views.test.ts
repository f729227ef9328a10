import { expect, test } from 'vitest';
import { auditTitle, brokenLink, filterMoment, hashedText, prettyBody, recordFacts, shortHash } from './audit-views.ts';

const body = JSON.stringify({
  action: 'plan.edit',
  actor: { id: 'per_1', kind: 'person', via: 'session' },
  at: '2026-11-21T08:51:07.412Z',
  object: { id: 'pln_1', kind: 'plan' },
  outcome: 'done',
});
const whole = { chain: 'main', records: 48_213, head: '', whole: true, brokenAt: null, reason: null };
const witness = { agentId: 'agt_1', hostname: 'db-02', seq: 9, seenAt: null, sentence: '' };

test('a record tells who did what to what', () => {
  expect(recordFacts({ body })).toEqual({
    at: '2026-11-21T08:51:07.412Z',
    action: 'plan.edit',
    actor: { id: 'per_1', kind: 'person', via: 'session' },
    object: { kind: 'plan', id: 'pln_1' },
    outcome: 'done',
  });
});

test('a body of another form is empty facts and is still shown as it is', () => {
  expect(recordFacts({ body: 'no json' })).toMatchObject({ at: undefined, action: '', object: undefined });
  expect(recordFacts({ body: '{"at":"yesterday","actor":null,"object":7}' })).toMatchObject({ at: undefined, object: undefined });
  expect(prettyBody('no json')).toBe('no json');
  expect(prettyBody('{"a":1}')).toBe('{\n  "a": 1\n}');
});

test('the hash is taken over number, former hash and body', () => {
  expect(hashedText({ seq: 7, prev: 'ab', body: '{}' })).toBe('ffaudit1\n7\nab\n{}');
  expect(shortHash('9f2c'.padEnd(60, '0').concat('41d0'))).toBe('9f2c…41d0');
});

test('a neighbour whose hash is not carried on is named; a gap in the list tells nothing', () => {
  const record = (seq: number, prev: string, hash: string) => ({ seq, prev, hash, body });
  expect(brokenLink([record(3, 'b', 'c'), record(2, 'a', 'b')])).toBe(undefined);
  expect(brokenLink([record(3, 'x', 'c'), record(2, 'a', 'b')])).toBe(3);
  expect(brokenLink([record(9, 'x', 'c'), record(2, 'a', 'b')])).toBe(undefined);
});

test('the title says that the chain is whole only once it was checked and no witness contradicts', () => {
  expect(auditTitle(undefined, undefined, undefined)).toBe('Audit');
  expect(auditTitle(48_213, undefined, undefined)).toBe('48,213 records are in the chain');
  expect(auditTitle(48_213, whole, [])).toBe('The chain is whole: 48,213 records');
  expect(auditTitle(48_213, { ...whole, whole: false, brokenAt: 12 }, [])).toBe('The chain is broken at record 12');
  expect(auditTitle(48_213, whole, [{ ...witness, verdict: 'differs' }])).toBe('db-02 holds another history than this site');
  expect(auditTitle(48_213, whole, [{ ...witness, verdict: 'behind' }])).toBe('The chain is whole: 48,213 records');
});

test('only moments that the server takes go into the filter', () => {
  expect(filterMoment('2026-11-21')).toBe('2026-11-21');
  expect(filterMoment('2026-11-21T08:00:00Z')).toBe('2026-11-21T08:00:00Z');
  expect(filterMoment('yesterday')).toBe(undefined);
  expect(filterMoment(null)).toBe(undefined);
});

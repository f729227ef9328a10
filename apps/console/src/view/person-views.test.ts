import type { Person } from '@fortfail/protocol';
import { expect, test } from 'vitest';
import { distinctGrants, grantsText, nameFault, personsTitle, scopeText } from './person-views.ts';

const names = { plans: [{ id: 'pln_1', name: 'wiki-pages' }], hosts: [{ id: 'agt_1', hostname: 'fort-01' }] };
const person = (grants: Person['grants'], disabled = false): Person => ({
  id: 'per_1',
  name: 'Mara',
  grants,
  disabled,
  hasPassword: true,
  passkeys: 0,
  createdAt: '2026-11-21T09:00:00Z',
  lastSeenAt: null,
});

test('rights are told by the names of what they reach', () => {
  expect(scopeText('host:agt_1', names)).toBe('host fort-01');
  expect(scopeText('plan:pln_9', names)).toBe('plan pln_9');
  const grants = [
    { role: 'operator', scope: 'site' },
    { role: 'restorer', scope: 'plan:pln_1' },
  ] as const;
  expect(grantsText(grants, names)).toBe('operator of the whole site, restorer of plan wiki-pages');
});

test('the title counts who may come in and who administers', () => {
  const admin = [{ role: 'admin', scope: 'site' }] as const;
  expect(personsTitle([person([...admin])])).toBe('1 person may come in, one administers the site');
  expect(personsTitle([person([...admin]), person([...admin]), person([{ role: 'viewer', scope: 'site' }], true)])).toBe(
    '2 persons may come in, 2 administer the site, 1 is disabled',
  );
});

test('the same right is sent once', () => {
  const viewer = { role: 'viewer', scope: 'site' } as const;
  expect(distinctGrants([viewer, { ...viewer }, { role: 'admin', scope: 'site' }])).toHaveLength(2);
});

test('a name is judged as the server judges it', () => {
  expect([nameFault('Mara Lund'), nameFault(' Mara'), nameFault(''), nameFault('a<b')].map((fault) => fault === undefined)).toEqual([
    true,
    false,
    false,
    false,
  ]);
});

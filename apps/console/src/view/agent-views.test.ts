import type { Agent } from '@fortfail/protocol';
import { expect, test } from 'vitest';
import {
  agentsInOrder,
  agentsTitle,
  agentTitle,
  arrivedSince,
  certificateTone,
  decisionsFor,
  heardOf,
  standingOf,
  undecided,
} from './agent-views.ts';

const agent = (hostname: string, given: Partial<Agent> = {}): Agent => ({
  id: `agt_${hostname}`,
  hostname,
  kind: 'remote',
  status: 'active',
  reason: null,
  version: '0.1.0',
  connected: true,
  lastSeenAt: '2026-11-21T09:00:00Z',
  enrolledAt: '2026-11-01T09:00:00Z',
  restoreRoot: null,
  isRoot: false,
  words: null,
  sealing: null,
  signing: null,
  identity: null,
  certificateUntil: null,
  generation: 1,
  policyDigest: null,
  hasOwner: false,
  witnessSeq: null,
  plans: 0,
  openJobs: 0,
  ...given,
});
const at = (instant: string): string => instant.slice(11, 16);
const silent = { connected: false, lastSeenAt: '2026-11-21T06:12:00Z' };

test('the title counts the hosts that are heard and names the one that is silent longest', () => {
  expect(agentsTitle([], at)).toBe('No host has an agent yet');
  expect(agentsTitle([agent('a')], at)).toBe('The one host is heard');
  expect(agentsTitle([agent('a'), agent('b')], at)).toBe('All 2 hosts are heard');
  expect(agentsTitle([agent('a'), agent('lab-nas', silent)], at)).toBe('1 of 2 hosts are heard; lab-nas is silent since 06:12');
  const more = [agent('a'), agent('new', { connected: false }), agent('lab-nas', silent)];
  expect(agentsTitle(more, at)).toBe('1 of 3 hosts are heard; lab-nas is silent since 06:12, 1 more is not heard');
  expect(agentsTitle([agent('a', { connected: false, lastSeenAt: null })], at)).toBe('0 of 1 host is heard; a was never heard');
});

test('a revoked host is not counted', () => {
  const gone = agent('gone', { status: 'revoked', connected: false });
  expect(agentsTitle([agent('a'), gone], at)).toBe('The one host is heard');
  expect(heardOf([agent('a'), agent('b', silent), gone])).toBe('1/2');
});

test('what a person has to decide stands first', () => {
  const agents = [
    agent('heard'),
    agent('revoked', { status: 'revoked' }),
    agent('silent', silent),
    agent('held', { status: 'held', reason: 'A copy exists.' }),
    agent('copied', { reason: 'A second process with its key tried to connect.' }),
    agent('new', { status: 'pending' }),
  ];
  expect(agentsInOrder(agents).map(({ hostname }) => hostname)).toEqual(['new', 'held', 'copied', 'silent', 'heard', 'revoked']);
  expect(undecided(agents).map(({ hostname }) => hostname)).toEqual(['new', 'held', 'copied']);
  expect(agents.map((each) => standingOf(each))).toEqual(['heard', 'revoked', 'silent', 'held', 'suspect', 'pending']);
});

test('only decisions that fit are offered', () => {
  expect(decisionsFor(agent('new', { status: 'pending' }))).toEqual(['approve', 'hold', 'revoke']);
  expect(decisionsFor(agent('held', { status: 'held' }))).toEqual(['approve', 'keep', 'split', 'accept-rollback', 'revoke']);
  expect(decisionsFor(agent('a'))).toEqual(['hold', 'revoke']);
  expect(decisionsFor(agent('gone', { status: 'revoked' }))).toEqual([]);
});

test('the page of a host says its state and since when', () => {
  expect(agentTitle(agent('lab-nas', silent), at)).toBe('lab-nas is silent since 06:12');
  expect(agentTitle(agent('new', { status: 'pending' }), at)).toBe('new waits for your approval');
});

test('a certificate near its end is at risk, one past it is lost', () => {
  const now = Date.parse('2026-11-21T09:00:00Z');
  expect(certificateTone('2026-12-20T00:00:00Z', now)).toBe('safe');
  expect(certificateTone('2026-11-24T00:00:00Z', now)).toBe('risk');
  expect(certificateTone('2026-11-21T08:59:59Z', now)).toBe('lost');
});

test('hosts that came with a join string are those that enrolled after it was made', () => {
  const made = Date.parse('2026-11-21T09:00:00Z');
  const came = [
    agent('old'),
    agent('new', { enrolledAt: '2026-11-21T09:01:00Z' }),
    agent('own', { kind: 'resident', enrolledAt: '2026-11-21T09:02:00Z' }),
  ];
  expect(arrivedSince(came, made).map(({ hostname }) => hostname)).toEqual(['new']);
});

import { describe, expect, it } from 'vitest';
import { dataTimeOf, judgePlan, type PlanFacts } from './objective.ts';
import { summariseVerdicts } from './overview.ts';
import { formatAge, formatCount, formatMeasured, formatMoment } from './words.ts';

const now = new Date('2026-11-21T09:41:07Z');
const before = (seconds: number): Date => new Date(now.getTime() - seconds * 1000);
const facts = (more: Partial<PlanFacts> = {}): PlanFacts => ({
  name: 'billing-db',
  isEnabled: true,
  createdAt: before(86_400 * 30),
  promise: { rpoSeconds: 3600, rtoSeconds: 1800 },
  newestPoint: { time: before(1260) },
  lastDrill: { at: before(86_400), outcome: 'passed', rtoSeconds: 1122 },
  nextSlotAt: before(-1200),
  failedSlots: 0,
  silentSince: null,
  ...more,
});
const verdict = (more: Partial<PlanFacts>): string => judgePlan(facts(more), now).verdict;

describe('judgePlan', () => {
  it('calls a promise kept that is, with its figures beside it', () => {
    const judged = judgePlan(facts(), now);
    expect(judged).toMatchObject({ verdict: 'kept', wouldComeBack: true, ageSeconds: 1260, ageAtNextSlotSeconds: 2460 });
    expect(judged.sentence).toBe('billing-db is 21 m of 1 h old and came back in 19 m of 30 m on 20 Nov 09:41.');
  });

  it('calls a promise broken whose newest complete point is too old', () => {
    const judged = judgePlan(facts({ newestPoint: { time: before(33_120) }, failedSlots: 9 }), now);
    expect(judged.verdict).toBe('broken');
    expect(judged.sentence).toBe(
      'billing-db has no new complete point for 9 h 12 m; the promise is 1 h. The last 9 slots made no complete point. Look at the last job, then back up.',
    );
  });

  it('tells of the break before it comes', () => {
    const judged = judgePlan(facts({ newestPoint: { time: before(3120) }, nextSlotAt: before(-4080) }), now);
    expect(judged).toMatchObject({ verdict: 'at-risk', wouldComeBack: false });
    expect(judged.sentence).toBe('The next slot of billing-db is in 1 h 8 m. The promise breaks in 8 m unless a point is made sooner.');
    expect(verdict({ failedSlots: 1 })).toBe('at-risk');
    expect(verdict({ nextSlotAt: null })).toBe('at-risk');
  });

  it('breaks the promise when a drill failed or took too long', () => {
    expect(verdict({ lastDrill: { at: before(10), outcome: 'failed', rtoSeconds: 5 } })).toBe('broken');
    expect(verdict({ lastDrill: { at: before(10), outcome: 'passed', rtoSeconds: 1800.1 } })).toBe('broken');
    expect(verdict({ lastDrill: { at: before(10), outcome: 'passed', rtoSeconds: 1800 } })).toBe('kept');
  });

  it('says unknown where nobody can tell', () => {
    expect(verdict({ silentSince: before(7200) })).toBe('unknown');
    expect(verdict({ lastDrill: null })).toBe('unknown');
    expect(verdict({ newestPoint: null, createdAt: before(10), lastDrill: null })).toBe('unknown');
    expect(verdict({ newestPoint: null, lastDrill: null })).toBe('broken');
    expect(verdict({ silentSince: before(7200), newestPoint: { time: before(7300) } })).toBe('broken');
  });

  it('counts a held plan by what is known of it', () => {
    expect(judgePlan(facts({ isEnabled: false, nextSlotAt: null }), now)).toMatchObject({ verdict: 'held', wouldComeBack: true });
    const old = facts({ isEnabled: false, newestPoint: { time: before(4000) } });
    expect(judgePlan(old, now)).toMatchObject({ verdict: 'held', wouldComeBack: false });
  });

  it('does not let a clock that runs ahead make data younger', () => {
    expect(dataTimeOf({ time: before(-500), receivedAt: before(10) })).toEqual(before(10));
    expect(dataTimeOf({ time: before(500), receivedAt: before(10) })).toEqual(before(500));
  });
});

describe('summariseVerdicts', () => {
  const plans = (verdict: 'kept' | 'at-risk' | 'broken' | 'unknown' | 'held', count: number, wouldComeBack = verdict === 'kept') =>
    Array.from({ length: count }, () => ({ verdict, wouldComeBack }));

  it('answers in one true sentence', () => {
    const all = [...plans('kept', 24), ...plans('held', 1, true), ...plans('broken', 2), ...plans('at-risk', 2), ...plans('unknown', 1)];
    expect(summariseVerdicts(all)).toEqual({
      counts: { kept: 24, atRisk: 2, broken: 2, unknown: 1, held: 1 },
      title: '25 of 30 plans would come back as promised. 2 would not, 2 are close, 1 cannot be told.',
    });
    expect(summariseVerdicts(plans('kept', 3)).title).toBe('All 3 plans would come back as promised.');
    expect(summariseVerdicts(plans('kept', 2)).title).toBe('Both plans would come back as promised.');
    expect(summariseVerdicts(plans('kept', 1)).title).toBe('The plan would come back as promised.');
    expect(summariseVerdicts(plans('broken', 1)).title).toBe('0 of 1 plan would come back as promised. 1 would not.');
    expect(summariseVerdicts([]).title).toBe('Nothing is protected yet.');
  });
});

describe('words', () => {
  it('tells ages in two units at most', () => {
    const ages = [0, 42.9, 60, 548, 600, 3120, 3600, 33_120, 86_400, 964_800];
    expect(ages.map(formatAge)).toEqual(['0 s', '42 s', '1 m', '9 m 8 s', '10 m', '52 m', '1 h', '9 h 12 m', '1 d', '11 d 4 h']);
  });

  it('never rounds a measurement to look better', () => {
    expect([0.31, 2, 9.99, 59.2, 601, 20_821].map(formatMeasured)).toEqual(['0.4 s', '2.0 s', '10.0 s', '1 m', '11 m', '5 h 48 m']);
  });

  it('tells moments and counts', () => {
    expect(formatMoment(new Date('2026-09-01T08:49:00Z'), now)).toBe('1 Sep 08:49');
    expect(formatMoment(new Date('2025-11-21T08:49:00Z'), now, 'Europe/Berlin')).toBe('21 Nov 2025 09:49');
    expect([7, 2041, 1_234_567].map(formatCount)).toEqual(['7', '2,041', '1,234,567']);
  });
});

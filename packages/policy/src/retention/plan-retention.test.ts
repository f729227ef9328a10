import { isFortFailError } from '@fortfail/base';
import { describe, expect, it } from 'vitest';
import { type KeepRules, type RetainedPoint, retainPoints } from './plan-retention.ts';

const now = new Date('2026-11-21T09:00:00Z');
const point = (id: string, receivedAt: string, grade: RetainedPoint['grade'] = 'complete', isHeld = false): RetainedPoint => ({
  id,
  receivedAt: new Date(receivedAt),
  grade,
  isHeld,
});
const verdicts = (points: RetainedPoint[], keep: Partial<KeepRules>, zone?: string): Record<string, string> =>
  Object.fromEntries(retainPoints(points, { minimum: 1, ...keep }, { now, zone }).map(({ point: { id }, verdict }) => [id, verdict]));
const reasonsOf = (points: RetainedPoint[], keep: Partial<KeepRules>, id: string): readonly string[] =>
  retainPoints(points, { minimum: 1, ...keep }, { now }).find(({ point: found }) => found.id === id)?.reasons ?? [];
const kept = (points: RetainedPoint[], keep: Partial<KeepRules>, zone?: string): string =>
  Object.entries(verdicts(points, keep, zone))
    .filter(([, verdict]) => verdict !== 'remove')
    .map(([id]) => id)
    .sort()
    .join('');

describe('retainPoints', () => {
  it('gives every point a verdict and a reason, newest first', () => {
    const points = [point('a', '2026-11-18T10:00:00Z'), point('c', '2026-11-20T10:00:00Z'), point('b', '2026-11-19T10:00:00Z')];
    const result = retainPoints(points, { last: 2, minimum: 1 }, { now });
    expect(result.map(({ point: { id }, verdict, reasons }) => [id, verdict, reasons])).toEqual([
      ['c', 'keep', ['1 of the last 2']],
      ['b', 'keep', ['2 of the last 2']],
      ['a', 'remove', ['no rule keeps it']],
    ]);
  });

  it('keeps the newest of each day, and the oldest while days are left', () => {
    const points = [
      point('a', '2026-11-19T08:00:00Z'),
      point('b', '2026-11-19T10:00:00Z'),
      point('c', '2026-11-20T10:00:00Z'),
      point('d', '2026-11-20T12:00:00Z'),
    ];
    expect(kept(points, { daily: 7 })).toBe('abd');
    expect(kept(points, { daily: 2 })).toBe('bd');
    expect(reasonsOf(points, { daily: 7 }, 'a')).toEqual(['daily not full yet']);
  });

  it('counts the days of the plan\u2019s zone', () => {
    const points = [point('a', '2026-11-19T22:30:00Z'), point('b', '2026-11-19T23:30:00Z'), point('c', '2026-11-20T12:00:00Z')];
    expect(kept(points, { daily: 2 })).toBe('bc');
    expect(kept(points, { daily: 2 }, 'Europe/Berlin')).toBe('ac');
  });

  it('never removes the last complete point, although partial ones are newer', () => {
    const points = [
      point('a', '2026-01-01T10:00:00Z', 'drilled'),
      point('b', '2026-11-19T10:00:00Z', 'partial'),
      point('c', '2026-11-20T10:00:00Z', 'partial'),
    ];
    expect(verdicts(points, { last: 1 }).a).toBe('keep');
    expect(verdicts(points, { within: '2d' })).toMatchObject({ a: 'keep', c: 'keep' });
  });

  it('lets no partial point take the place of a complete one', () => {
    const points = [
      point('a', '2026-11-18T10:00:00Z'),
      point('b', '2026-11-19T10:00:00Z'),
      point('p', '2026-11-19T12:00:00Z', 'partial'),
      point('q', '2026-11-20T12:00:00Z', 'partial'),
    ];
    expect(verdicts(points, { daily: 2 })).toEqual({ a: 'keep', b: 'keep', p: 'remove', q: 'keep' });
    expect(verdicts(points, { last: 2 })).toEqual({ a: 'keep', b: 'keep', p: 'keep', q: 'keep' });
  });

  it('keeps the minimum although the rules would not', () => {
    const points = ['a', 'b', 'c', 'd'].map((id, day) => point(id, `2026-11-1${day}T10:00:00Z`));
    expect(kept(points, { last: 1, minimum: 3 })).toBe('bcd');
    expect(reasonsOf(points, { last: 1, minimum: 3 }, 'b')).toEqual(['at least 3 stay']);
  });

  it('holds what a person holds, and says so', () => {
    const points = [point('a', '2026-11-10T10:00:00Z', 'complete', true), point('b', '2026-11-19T10:00:00Z')];
    expect(verdicts(points, { last: 1 })).toEqual({ a: 'held', b: 'keep' });
  });

  it('counts `within` back from the newest complete point, not from now', () => {
    const points = [point('a', '2026-03-03T12:00:00Z'), point('b', '2026-03-03T12:00:01Z'), point('c', '2026-03-31T12:00:00Z')];
    expect(kept(points, { within: '1m' })).toBe('bc');
  });

  it('keeps what was received after now, and does not count it', () => {
    const points = [point('a', '2026-11-20T10:00:00Z'), point('z', '2027-11-20T10:00:00Z')];
    expect(kept(points, { last: 1 })).toBe('az');
    expect(kept(points, { within: '1d' })).toBe('az');
  });

  it('keeps the only point there is, even when it is partial', () => {
    expect(kept([point('a', '2020-01-01T00:00:00Z', 'partial')], { within: '1h' })).toBe('a');
    expect(kept([], { last: 1 })).toBe('');
  });

  it('refuses to decide by rules that are not there', () => {
    for (const keep of [{}, { last: 0 }, { within: '' }]) {
      try {
        retainPoints([point('a', '2026-01-01T00:00:00Z')], { minimum: 1, ...keep }, { now });
        expect.unreachable();
      } catch (error) {
        expect(isFortFailError(error, 'invalid-input')).toBe(true);
      }
    }
  });

  it('never leaves fewer complete points than the minimum, whatever the rules and points', () => {
    let state = 7;
    const random = (below: number): number => {
      state = (Math.imul(state, 48_271) >>> 0) % 2_147_483_647;
      return state % below;
    };
    for (let round = 0; round < 300; round += 1) {
      const points = Array.from({ length: random(30) }, (_, number) => {
        const receivedAt = new Date(now.getTime() - random(1000) * 3_600_000).toISOString();
        return point(`p${number}`, receivedAt, random(3) === 0 ? 'partial' : 'complete');
      });
      const minimum = 1 + random(5);
      const rules: Partial<KeepRules> = { last: 1 + random(3), daily: random(4), weekly: random(3) };
      const complete = points.filter(({ grade }) => grade !== 'partial');
      const result = retainPoints(points, { ...rules, minimum }, { now });
      const keptComplete = result.filter(({ verdict, point: { grade } }) => verdict === 'keep' && grade !== 'partial');
      expect(keptComplete.length).toBeGreaterThanOrEqual(Math.min(minimum, complete.length));
      expect(result.every(({ reasons }) => reasons.length > 0)).toBe(true);
      expect(result[0]?.verdict ?? 'keep').toBe('keep');
    }
  });
});

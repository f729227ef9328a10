import { describe, expect, it } from 'vitest';
import { assertMove, canMove, decideLostLease, decideRetry, hasEnded, type JobStatus, jobTransitions } from './job-state.ts';

const all = Object.keys(jobTransitions) as JobStatus[];

describe('job states', () => {
  it('never changes a job that has ended', () => {
    for (const from of ['succeeded', 'partial', 'failed', 'cancelled'] as const) {
      expect(hasEnded(from)).toBe(true);
      for (const to of all) expect(canMove(from, to)).toBe(false);
      expect(() => assertMove(from, 'queued')).toThrow('unable to change job from');
    }
  });

  it('lets a job run through, and lets a lost lease go back to the queue', () => {
    for (const [from, to] of [
      ['queued', 'leased'],
      ['leased', 'running'],
      ['running', 'partial'],
      ['leased', 'queued'],
      ['running', 'queued'],
      ['leased', 'succeeded'],
      ['queued', 'cancelled'],
    ] as const) {
      assertMove(from, to);
    }
    expect(canMove('queued', 'running')).toBe(false);
    expect(canMove('running', 'leased')).toBe(false);
  });

  it('decides on another attempt by the kind of the error alone', () => {
    const retry = (kind: Parameters<typeof decideRetry>[0]['kind'], attempt: number): boolean =>
      decideRetry({ kind, attempt, maxAttempts: 3 }).shouldRetry;
    expect([retry('unavailable', 1), retry('unavailable', 2), retry('unavailable', 3)]).toEqual([true, true, false]);
    expect([retry('damaged', 1), retry('damaged', 2)]).toEqual([true, false]);
    expect([retry('wrong-password', 1), retry('incomplete', 1), retry('bug', 1), retry('cancelled', 1)]).toEqual([
      false,
      false,
      false,
      false,
    ]);
  });

  it('waits longer each time, up to half an hour', () => {
    const delays = [1, 2, 3, 9].map((attempt) => decideRetry({ kind: 'no-space', attempt, maxAttempts: 99 }).delaySeconds);
    expect(delays).toEqual([30, 60, 120, 1800]);
  });

  it('queues a lost job again while it has attempts left', () => {
    expect(decideLostLease({ attempt: 1, maxAttempts: 3 }).shouldRetry).toBe(true);
    expect(decideLostLease({ attempt: 3, maxAttempts: 3 }).shouldRetry).toBe(false);
  });
});

import type { Grade, Job, PlanState, Slot } from '@fortfail/protocol';

/** The colour family of a state; the words differ by what the state is of. */
export type Tone = 'safe' | 'risk' | 'lost' | 'unknown' | 'held' | 'run' | 'wait' | 'stopped';
export type Verdict = PlanState['verdict'];

export const verdictTone: Record<Verdict, Tone> = { kept: 'safe', 'at-risk': 'risk', broken: 'lost', unknown: 'unknown', held: 'held' };
export const verdictWord: Record<Verdict, string> = {
  kept: 'Kept',
  'at-risk': 'At risk',
  broken: 'Broken',
  unknown: 'Unknown',
  held: 'Held',
};
/** Worst first. */
export const verdictOrder: readonly Verdict[] = ['broken', 'at-risk', 'unknown', 'held', 'kept'];

export const jobTone: Record<Job['status'], Tone> = {
  queued: 'wait',
  leased: 'wait',
  running: 'run',
  succeeded: 'safe',
  partial: 'risk',
  failed: 'lost',
  cancelled: 'stopped',
};
/** What people call it: a job waits, runs, and ends in one of four ways. */
export const jobWord: Record<Job['status'], string> = {
  queued: 'waits',
  leased: 'waits',
  running: 'runs',
  succeeded: 'succeeded',
  partial: 'partial',
  failed: 'failed',
  cancelled: 'cancelled',
};

export type SlotMark = 'complete' | 'drilled' | 'partial' | 'failed' | 'missed' | 'skipped' | 'running' | 'none';
export const slotMark: Record<Slot['status'], SlotMark> = {
  due: 'none',
  running: 'running',
  complete: 'complete',
  partial: 'partial',
  failed: 'failed',
  missed: 'missed',
  skipped: 'skipped',
};
export const slotWord: Record<SlotMark, string> = {
  complete: 'complete',
  drilled: 'complete and drilled',
  partial: 'partial',
  failed: 'failed',
  missed: 'missed',
  skipped: 'skipped',
  running: 'runs',
  none: 'not due',
};

export const gradeFill: Record<Grade, number> = { partial: 0.25, complete: 0.5, checked: 0.75, drilled: 1 };

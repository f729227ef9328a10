import { describe, expect, it } from 'vitest';
import { decideSlots } from './catch-up.ts';

const at = (time: string): Date => new Date(`2026-11-21T${time}:00Z`);
const options = { now: at('09:00'), graceMs: 60_000, isBusy: false };
const actions = (slots: Date[], more: Partial<Parameters<typeof decideSlots>[1]> = {}): string[] =>
  decideSlots(slots, { ...options, ...more }).map(({ action, cause }) => (cause === null ? action : `${action} ${cause}`));

describe('decideSlots', () => {
  it('runs a slot that is on time', () => {
    expect(actions([at('09:00')])).toEqual(['run schedule']);
  });

  it('catches up once after downtime and records the rest as missed', () => {
    expect(actions([at('06:00'), at('07:00'), at('08:00')])).toEqual(['miss', 'miss', 'run catch-up']);
  });

  it('skips a slot while the plan is busy or switched off', () => {
    expect(actions([at('09:00')], { isBusy: true })).toEqual(['skip']);
    expect(actions([at('08:00'), at('09:00')], { isHeld: true })).toEqual(['skip', 'skip']);
    expect(decideSlots([at('09:00')], { ...options, isBusy: true })[0]?.reason).toBe('the job before it still runs');
  });
});

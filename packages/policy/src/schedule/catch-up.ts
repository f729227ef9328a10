/** What to do with due slots that have no record yet. */
export interface SlotDecision {
  readonly dueAt: Date;
  readonly action: 'run' | 'skip' | 'miss';
  /** Why a job is made: its slot is due, or it makes up for the ones missed. */
  readonly cause: 'schedule' | 'catch-up' | null;
  readonly reason: string | null;
}

export interface SlotOptions {
  readonly now: Date;
  /** A slot no older than this is on time. */
  readonly graceMs: number;
  /** A job of the plan that runs or waits: the next slot does not start a second one. */
  readonly isBusy: boolean;
  /** The plan is switched off. */
  readonly isHeld?: boolean | undefined;
}

/**
 * Every due slot gets a decision, and at most one of them a job: the newest. What is older was missed while nothing
 * ran here, and one catch-up makes up for all of it.
 */
export function decideSlots(slots: readonly Date[], options: SlotOptions): SlotDecision[] {
  const newest = slots.length - 1;
  return slots.map((dueAt, position): SlotDecision => {
    if (options.isHeld === true) return { dueAt, action: 'skip', cause: null, reason: 'the plan is switched off' };
    if (position < newest) return { dueAt, action: 'miss', cause: null, reason: 'nothing ran at that time; a later slot makes up for it' };
    if (options.isBusy) return { dueAt, action: 'skip', cause: null, reason: 'the job before it still runs' };
    const isLate = options.now.getTime() - dueAt.getTime() > options.graceMs;
    return { dueAt, action: 'run', cause: isLate ? 'catch-up' : 'schedule', reason: isLate ? 'made up after nothing ran here' : null };
  });
}

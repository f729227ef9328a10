import { FortFailError } from '@fortfail/base';
import { Cron } from 'croner';
import { offsetsOfZone } from '../zone.ts';

/** When something is due: five cron fields, judged by the wall clock of a zone. */
export interface Schedule {
  readonly cron: string;
  readonly zone: string;
}

/** Due moments of a span, oldest first. `isCut` says that there were more than were asked for. */
export interface DueSlots {
  readonly slots: readonly Date[];
  readonly isCut: boolean;
}

const fieldNames = ['minute', 'hour', 'day of the month', 'month', 'day of the week'] as const;

/**
 * Throws `invalid-input`, with a message that names the field, for a schedule that cannot be read or is never due.
 *
 * Changes of the clock: a fixed time that does not occur is due at the first moment after the gap, one that occurs twice
 * is due the first time only; `*` and steps follow elapsed time. croner's rule `no-wildcard`, which is Vixie cron's.
 */
export function checkSchedule(schedule: Schedule): void {
  const cron = cronOf(schedule);
  if (cron.nextRun(new Date(0)) === null) throw invalid(schedule.cron, 'No day fits it. Is there a 30 February in it?');
}

/** The first due moment strictly after `after`; undefined when there is none. */
export function nextSlot(schedule: Schedule, after: Date): Date | undefined {
  return cronOf(schedule).nextRun(after) ?? undefined;
}

/** The last due moment at or before `at`; undefined when there is none. */
export function lastSlot(schedule: Schedule, at: Date): Date | undefined {
  const cron = cronOf(schedule);
  // croner looks strictly before; the moment itself counts here.
  return cron.previousRuns(1, new Date(at.getTime() + 1))[0];
}

/** The due moments after `since` and up to and including `until`, at most `limit` of them, the oldest first. */
export function dueSlots(schedule: Schedule, since: Date, until: Date, limit = 1000): DueSlots {
  const cron = cronOf(schedule);
  const slots: Date[] = [];
  for (let slot = cron.nextRun(since); slot !== null && slot.getTime() <= until.getTime(); slot = cron.nextRun(slot)) {
    if (slots.length === limit) return { slots, isCut: true };
    slots.push(slot);
  }
  return { slots, isCut: false };
}

/**
 * How long after its due moment a plan begins: the same for all slots of a plan, spread evenly over plans, from 0 to
 * `jitterSeconds`. The slot keeps the moment of the schedule as its name.
 */
export function jitterMs(planId: string, jitterSeconds: number): number {
  let hash = 0x811c9dc5;
  for (const character of planId) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  // FNV leaves the high bits of short texts alike; one more round mixes them.
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) >>> 0;
  hash = (hash ^ (hash >>> 13)) >>> 0;
  return Math.floor((hash / 2 ** 32) * jitterSeconds * 1000);
}

function cronOf(schedule: Schedule): Cron {
  checkFields(schedule.cron);
  offsetsOfZone(schedule.zone);
  try {
    return new Cron(schedule.cron.trim(), { timezone: schedule.zone, mode: '5-part', fixedTimeRule: 'no-wildcard' });
  } catch (error) {
    const said = error instanceof Error ? error.message.replace(/^CronPattern: /, '') : '';
    throw invalid(schedule.cron, said === '' ? 'Each field is a number, a range, a list or *.' : `${said}.`, error);
  }
}

const ranges: readonly (readonly [number, number])[] = [
  [0, 59],
  [0, 23],
  [1, 31],
  [1, 12],
  [0, 7],
];

/** Plain numbers out of range get a message that names their field; the rest is croner's to judge. */
function checkFields(cron: string): void {
  const fields = cron.trim().split(/\s+/);
  if (fields.length !== fieldNames.length) {
    throw invalid(cron, `It has ${fields[0] === '' ? 0 : fields.length} fields and needs five: ${fieldNames.join(', ')}.`);
  }
  for (const [position, field] of fields.entries()) {
    const [lowest, highest] = ranges[position] ?? [0, 0];
    for (const part of field.split(/[,-]/)) {
      const value = Number(part.split('/')[0]);
      if (!/^\d+(\/\d+)?$/.test(part) || (value >= lowest && value <= highest)) continue;
      throw invalid(cron, `The ${fieldNames[position]} must be ${lowest} to ${highest}, not ${value}.`);
    }
  }
}

function invalid(cron: string, hint: string, cause?: unknown): FortFailError {
  return new FortFailError({ kind: 'invalid-input', code: 'schedule', message: `invalid schedule '${cron}'`, hint, cause });
}

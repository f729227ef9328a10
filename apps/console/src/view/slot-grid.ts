import type { Slot } from '@fortfail/protocol';
import { momentParts } from '../format/moment.ts';
import { type SlotMark, slotMark } from '../ui/tone.ts';

/** One hour of one day: its worst slot. */
export interface GridCell {
  readonly mark: SlotMark;
  readonly slot: Slot | undefined;
}

export interface GridDay {
  /** `2026-11-21` in the zone of the grid. */
  readonly key: string;
  readonly hours: readonly GridCell[];
}

export interface SlotGrid {
  readonly days: readonly GridDay[];
  /** Due moments of backups that have passed, by what they came to. */
  readonly counts: Readonly<Record<'complete' | 'partial' | 'failed' | 'missed' | 'skipped', number>>;
}

const DAYS = 30;
const FEWEST_DAYS = 7;
const DAY_MS = 86_400_000;
const worstFirst: readonly SlotMark[] = ['failed', 'missed', 'partial', 'running', 'skipped', 'drilled', 'complete', 'none'];
const empty: GridCell = { mark: 'none', slot: undefined };

const two = (value: number): string => String(value).padStart(2, '0');

/** The last days in a zone, by calendar and not by hours: a day of 23 or 25 hours is one row all the same. */
const lastDays = (now: number, zone: string, length: number): string[] => {
  const { year, month, day } = momentParts(now, zone);
  return Array.from({ length }, (_, index) => {
    const date = new Date(Date.UTC(year, month - 1, day - (length - 1 - index)));
    return date.toISOString().slice(0, 10);
  });
};

const markOf = ({ kind, status }: Slot): SlotMark => (kind === 'drill' && status === 'complete' ? 'drilled' : slotMark[status]);

const worse = (a: GridCell, b: GridCell): GridCell => (worstFirst.indexOf(b.mark) < worstFirst.indexOf(a.mark) ? b : a);

/**
 * Slots laid out by day and hour of a zone; an hour with several slots shows its worst. Thirty days, but no more than the
 * plan has had since `since`: a new plan has a week, not a month of nothing.
 */
export const slotGrid = (slots: readonly Slot[], now: number, zone: string, since = 0): SlotGrid => {
  const cells = new Map<string, GridCell>();
  const counts = { complete: 0, partial: 0, failed: 0, missed: 0, skipped: 0 };
  for (const slot of slots) {
    const { year, month, day, hour } = momentParts(Date.parse(slot.dueAt), zone);
    const at = `${year}-${two(month)}-${two(day)} ${hour}`;
    cells.set(at, worse(cells.get(at) ?? empty, { mark: markOf(slot), slot }));
    if (slot.kind === 'backup' && slot.status in counts) counts[slot.status as keyof typeof counts] += 1;
  }
  const days = lastDays(now, zone, Math.min(DAYS, Math.max(FEWEST_DAYS, Math.ceil((now - since) / DAY_MS) + 1))).map((key) => ({
    key,
    hours: Array.from({ length: 24 }, (_, hour) => cells.get(`${key} ${hour}`) ?? empty),
  }));
  return { days, counts };
};

/** Moments as people read them, in the zone the bar shows. */
export interface MomentParts {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const formats = new Map<string, Intl.DateTimeFormat>();

const formatFor = (zone: string): Intl.DateTimeFormat => {
  const known = formats.get(zone);
  if (known) return known;
  const made = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    calendar: 'gregory',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  formats.set(zone, made);
  return made;
};

/** The wall clock of `zone` at `time` (milliseconds since 1970). */
export const momentParts = (time: number, zone: string): MomentParts => {
  const fields: Record<string, number> = {};
  for (const part of formatFor(zone).formatToParts(time)) fields[part.type] = Number(part.value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = fields;
  return { year, month, day, hour, minute, second };
};

const two = (value: number): string => String(value).padStart(2, '0');

/** `21 Nov`, with the year when it is not `now`'s. */
export const dayText = (time: number, zone: string, now: number): string => {
  const parts = momentParts(time, zone);
  const year = parts.year === momentParts(now, zone).year ? '' : ` ${parts.year}`;
  return `${parts.day} ${MONTHS[parts.month - 1]}${year}`;
};

/** `08:49`, or `08:49:07` where seconds matter. */
export const clockText = (time: number, zone: string, seconds = false): string => {
  const { hour, minute, second } = momentParts(time, zone);
  return seconds ? `${two(hour)}:${two(minute)}:${two(second)}` : `${two(hour)}:${two(minute)}`;
};

/** `21 Nov 08:49`. */
export const momentText = (time: number, zone: string, now: number, seconds = false): string =>
  `${dayText(time, zone, now)} ${clockText(time, zone, seconds)}`;

/** `2026-11-21` in `zone`: equal for two moments exactly when they fall on one day there. */
export const dayKey = (time: number, zone: string): string => {
  const { year, month, day } = momentParts(time, zone);
  return `${year}-${two(month)}-${two(day)}`;
};

/** `21 Nov` from a day key, without any zone. */
export const dayKeyText = (key: string): string => {
  const [, month, day] = key.split('-').map(Number);
  return month && day ? `${day} ${MONTHS[month - 1]}` : key;
};

/**
 * An age for people, two units at most: `42 s`, `9 m 8 s` below ten minutes, `52 m`, `9 h 12 m`, `11 d 4 h`. It counts
 * whole units that have passed, as a clock does.
 */
export function formatAge(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const units = { d: Math.floor(whole / 86_400), h: Math.floor(whole / 3600) % 24, m: Math.floor(whole / 60) % 60, s: whole % 60 };
  if (units.d > 0) return units.h > 0 ? `${units.d} d ${units.h} h` : `${units.d} d`;
  if (units.h > 0) return units.m > 0 ? `${units.h} h ${units.m} m` : `${units.h} h`;
  if (units.m >= 10) return `${units.m} m`;
  if (units.m > 0) return units.s > 0 ? `${units.m} m ${units.s} s` : `${units.m} m`;
  return `${units.s} s`;
}

/** A measured time for people: as an age, but rounded up, since a measurement is never rounded to look better. */
export function formatMeasured(seconds: number): string {
  if (seconds < 10) return `${(Math.ceil(Math.max(0, seconds) * 10 - 1e-9) / 10).toFixed(1)} s`;
  const unit = seconds < 600 ? 1 : seconds < 86_400 ? 60 : 3600;
  return formatAge(Math.ceil(seconds / unit) * unit);
}

/** A count with separators: `2,041`. */
export function formatCount(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+(?!\d))/g, ',');
}

/** A moment for people in a zone: `21 Nov 08:49`, with the year when it is not this one. */
export function formatMoment(moment: Date, now: Date, zone = 'UTC'): string {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'short',
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
  });
  const fields = (date: Date): Map<string, string> => new Map(format.formatToParts(date).map(({ type, value }) => [type, value]));
  const of = fields(moment);
  const year = of.get('year') === fields(now).get('year') ? '' : ` ${of.get('year')}`;
  // 'Sept' is what en-GB gives; three letters stand in a column.
  return `${of.get('day')} ${of.get('month')?.slice(0, 3)}${year} ${of.get('hour')}:${of.get('minute')}`;
}

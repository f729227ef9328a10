import { FortFailError } from '@fortfail/base';
import type { OffsetAt } from './retention/calendar.ts';

const fields = { year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric' } as const;

/** The offsets of a time zone by its IANA name; throws `invalid-input` for a name the runtime does not know. */
export function offsetsOfZone(zone: string): OffsetAt {
  if (zone === 'UTC') return () => 0;
  const format = formatOf(zone);
  return (epochSeconds) => {
    const part = new Map<string, number>(
      format.formatToParts(new Date(epochSeconds * 1000)).map(({ type, value }) => [type, Number(value)]),
    );
    const field = (name: string): number => part.get(name) ?? 0;
    const wallMs = Date.UTC(field('year'), field('month') - 1, field('day'), field('hour'), field('minute'), field('second'));
    return Math.floor(wallMs / 1000) - epochSeconds;
  };
}

function formatOf(zone: string): Intl.DateTimeFormat {
  try {
    return new Intl.DateTimeFormat('en-US', { ...fields, timeZone: zone, hourCycle: 'h23', calendar: 'gregory' });
  } catch (error) {
    const hint = "Give a name from the time zone database, for example 'Europe/Berlin' or 'UTC'.";
    throw new FortFailError({ kind: 'invalid-input', code: 'time-zone', message: `invalid time zone '${zone}'`, hint, cause: error });
  }
}

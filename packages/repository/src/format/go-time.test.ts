import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { createLocalZone, fixedZone, formatGoTime, parseGoTime, parseGoTimeNs, utcZone } from './go-time.ts';

const initialZone = process.env.TZ;

/** Node reads the zone again when the variable changes. */
function useZone(name: string | undefined): void {
  if (name === undefined) delete process.env.TZ;
  else process.env.TZ = name;
}

afterEach(() => useZone(initialZone));

const second = 1_000_000_000n;

describe('times', () => {
  test.each([
    [0n, '1970-01-01T00:00:00Z'],
    [1_577_836_800n * second + 123_456_789n, '2020-01-01T00:00:00.123456789Z'],
    [1_577_836_800n * second + 500_000_000n, '2020-01-01T00:00:00.5Z'],
    [-2n * second + 500_000_000n, '1969-12-31T23:59:58.5Z'],
    [-1n, '1969-12-31T23:59:59.999999999Z'],
    [951_782_400n * second, '2000-02-29T00:00:00Z'],
    [-62_135_596_800n * second, '0001-01-01T00:00:00Z'],
    [253_402_300_799n * second, '9999-12-31T23:59:59Z'],
  ])('%s ns is %s', (ns, text) => {
    expect(formatGoTime(ns, utcZone)).toBe(text);
    expect(parseGoTime(text)).toEqual({ epochNs: ns, offsetSeconds: 0 });
    expect(parseGoTimeNs(text)).toBe(ns);
  });

  test('stops at the year 9999', () => {
    expect(formatGoTime(253_402_300_800n * second, utcZone)).toBe('9999-01-01T00:00:00Z');
  });

  test.each([
    ['Europe/Berlin', '2026-07-01T12:00:00+02:00', '2026-07-01T10:00:00Z'],
    ['Europe/Berlin', '2026-12-01T12:00:00+01:00', '2026-12-01T11:00:00Z'],
    ['America/New_York', '2026-07-01T20:00:00.25-04:00', '2026-07-02T00:00:00.25Z'],
    ['Asia/Kolkata', '2026-07-01T00:10:00+05:30', '2026-06-30T18:40:00Z'],
    // Local mean time: the face shows seconds that the offset's text leaves out.
    ['Europe/Berlin', '1887-08-11T10:40:08+00:53', '1887-08-11T09:46:40Z'],
    ['America/New_York', '1881-04-09T09:17:18-04:56', '1881-04-09T14:13:20Z'],
  ])('in %s writes %s', (zoneName, local, utc) => {
    useZone(zoneName);
    expect(formatGoTime(parseGoTimeNs(utc), createLocalZone())).toBe(local);
  });

  test('follows the zone across the hour in which the clocks change', () => {
    useZone('Europe/Berlin');
    const zone = createLocalZone();
    expect(formatGoTime(parseGoTimeNs('2026-03-29T00:59:59.9Z'), zone)).toBe('2026-03-29T01:59:59.9+01:00');
    expect(formatGoTime(parseGoTimeNs('2026-03-29T01:00:00Z'), zone)).toBe('2026-03-29T03:00:00+02:00');
    expect(formatGoTime(parseGoTimeNs('2026-03-29T00:59:59.9Z'), zone)).toBe('2026-03-29T01:59:59.9+01:00');
  });

  test('writes Z only for the offset 0', () => {
    expect(formatGoTime(0n, fixedZone(-30))).toBe('1969-12-31T23:59:30+00:00');
    expect(formatGoTime(0n, fixedZone(-19_800))).toBe('1969-12-31T18:30:00-05:30');
  });

  test('brings any instant back, whatever the zone', () => {
    const instants = fc.bigInt({ min: -62_000_000_000n * second, max: 253_000_000_000n * second });
    const offsets = fc.integer({ min: -14 * 60, max: 14 * 60 }).map((minutes) => minutes * 60);
    fc.assert(
      fc.property(instants, offsets, (ns, offset) => {
        const text = formatGoTime(ns, fixedZone(offset));
        expect(parseGoTimeNs(text)).toBe(ns);
        expect(parseGoTime(text)).toEqual({ epochNs: ns, offsetSeconds: offset });
      }),
    );
  });

  test.each([
    '',
    'yesterday',
    '2020-01-01',
    '2020-13-01T00:00:00Z',
    '2020-01-01T24:00:00Z',
    '2020-01-01T00:00:00.x5Z',
    '2020-01-01T00:00:00+1:00',
    '2020-01-01T00:00:00.Z',
  ])('refuses %j', (text) => {
    expect(() => parseGoTimeNs(text)).toThrow(expect.objectContaining({ kind: 'damaged' }));
  });

  test('cuts off digits below the nanosecond', () => {
    expect(parseGoTimeNs('1970-01-01T00:00:00.1234567899Z')).toBe(123_456_789n);
  });
});

import { describe, expect, it } from 'vitest';
import { freshFolder, restic014, restic019 } from '../support/programs.ts';
import { storms } from './storms.ts';

// The short form of `npm run soak`: each verb is killed a few times, and one judge looks.
const judge = restic019 ?? restic014;
const times = 3;

describe.each(storms)('$name, killed at moments of chance', ({ rage, what }) => {
  it(what, async () => {
    const { attempted, landed } = await rage(freshFolder(), times, judge === undefined ? [] : [judge]);
    expect(attempted).toBe(times);
    expect(landed).toBeGreaterThan(0);
  }, 240_000);
});

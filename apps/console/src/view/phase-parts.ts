import type { Phase } from '@fortfail/protocol';

/** One stretch of a drill's time, and whether it lies beyond the time to return. */
export interface PhasePart extends Phase {
  /** Seconds from the beginning. */
  readonly from: number;
  readonly isBeyond: boolean;
}

/** The phases as they followed upon each other. A drill goes on comparing once everything is back. */
export const phaseParts = (phases: readonly Phase[], rtoSeconds: number): PhasePart[] => {
  let from = 0;
  return phases.map(({ name, seconds }) => {
    const part = { name, seconds, from, isBeyond: from + seconds / 2 > rtoSeconds };
    from += seconds;
    return part;
  });
};

/** Each kind of work once, with all its time, in the order it first happened. */
export const phaseSums = (parts: readonly PhasePart[]): Pick<PhasePart, 'name' | 'seconds' | 'isBeyond'>[] => {
  const sums = new Map<string, Pick<PhasePart, 'name' | 'seconds' | 'isBeyond'>>();
  for (const { name, seconds, isBeyond } of parts) {
    const key = `${name} ${isBeyond}`;
    sums.set(key, { name, isBeyond, seconds: (sums.get(key)?.seconds ?? 0) + seconds });
  }
  return [...sums.values()];
};

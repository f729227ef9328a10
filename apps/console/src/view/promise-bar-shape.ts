/** Where the parts of a promise bar begin and end, in units of its width. */
export interface PromiseBarShape {
  readonly tick: number;
  /** Full up to here, never past the tick. */
  readonly filled: number;
  /** Hatched from the tick to here when the promise is broken. */
  readonly overTo: number | undefined;
  /** Pale from `filled` to here: what it will be at the next slot, up to the tick. */
  readonly ghostTo: number | undefined;
  /** Hatched from the tick to here when the promise will be broken at the next slot. */
  readonly ghostOverTo: number | undefined;
  readonly isOffScale: boolean;
}

/** The tick stands at two thirds in every bar, so that rows can be compared by eye. */
export const TICK_SHARE = 0.66;

/** Geometry of a value against its promise, with what the value will be at the next slot. */
export const promiseBarShape = (value: number, promise: number, width: number, next?: number): PromiseBarShape => {
  const tick = width * TICK_SHARE;
  const at = (amount: number) => Math.min(width - 1, (amount / promise) * tick);
  const isBroken = value > promise;
  const willGrow = next !== undefined && next > value && !isBroken;
  return {
    tick,
    filled: Math.max(2, Math.min(at(value), tick)),
    overTo: isBroken ? at(value) : undefined,
    ghostTo: willGrow ? Math.min(at(next), tick) : undefined,
    ghostOverTo: willGrow && next > promise ? at(next) : undefined,
    isOffScale: isBroken && (value / promise) * tick > width,
  };
};

/** The vertical scale of a chart of drill times. */
export interface DrillScale {
  /** Seconds at the top. */
  readonly top: number;
  readonly ticks: readonly number[];
  /** False when the promise lies so far above what was measured that drawing it would flatten every bar. */
  readonly showsPromise: boolean;
}

const steps = [
  0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400, 172_800, 604_800,
];

/** From zero, at most five ticks, with the promise on it wherever that leaves the bars readable. */
export const drillScale = (longestSeconds: number, promiseSeconds: number): DrillScale => {
  const showsPromise = promiseSeconds <= longestSeconds * 6;
  const needed = Math.max(longestSeconds, showsPromise ? promiseSeconds : 0, 0.1) * 1.1;
  const step = steps.find((each) => needed / each <= 4.4) ?? needed / 4;
  const ticks: number[] = [];
  for (let tick = 0; tick <= needed; tick += step) ticks.push(Number(tick.toFixed(1)));
  return { top: needed, ticks, showsPromise };
};

/**
 * The environment in which a program of ours believes that it is another time: what `date` would tell it on a machine whose
 * clock is wrong. Only its wall clock is moved; timers, files and TLS have the true time.
 */
export function wrongClock(offsetMs: number): Record<string, string> {
  const text = `const True = Date;
globalThis.Date = class Date extends True {
  constructor(...parts) {
    if (parts.length === 0) super(True.now() + ${offsetMs});
    else super(...parts);
  }
  static now() {
    return True.now() + ${offsetMs};
  }
};
`;
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(text)}` };
}

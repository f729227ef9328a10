/** The one place of the console that reads the browser's clock or starts timers. */

/** Milliseconds since 1970 by the browser's clock, which may be wrong: ages are counted from the server's. */
export const browserNow = (): number => Date.now();

/** Calls `action` once after `ms`; the answer stops it. */
export const after = (ms: number, action: () => void): (() => void) => {
  const timer = setTimeout(action, ms);
  return () => clearTimeout(timer);
};

/** Calls `action` every `ms`; the answer stops it. */
export const every = (ms: number, action: () => void): (() => void) => {
  const timer = setInterval(action, ms);
  return () => clearInterval(timer);
};

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;

/** An age or a length: two units at most, cut off and never rounded up. `42 s`, `9 m 8 s`, `52 m`, `9 h 12 m`, `11 d 4 h`. */
export const duration = (seconds: number): string => {
  const whole = Math.max(0, Math.floor(seconds));
  const days = Math.floor(whole / DAY);
  const hours = Math.floor(whole / HOUR) % 24;
  const minutes = Math.floor(whole / MINUTE) % 60;
  if (days > 0) return hours > 0 ? `${days} d ${hours} h` : `${days} d`;
  if (hours > 0) return minutes > 0 ? `${hours} h ${minutes} m` : `${hours} h`;
  if (minutes >= 10) return `${minutes} m`;
  if (minutes > 0) return whole % MINUTE > 0 ? `${minutes} m ${whole % MINUTE} s` : `${minutes} m`;
  return `${whole} s`;
};

/**
 * A measured time. Cut to the same units, but always upwards: what was measured is never made to look better.
 * Below ten seconds with one decimal.
 */
export const measured = (seconds: number): string => {
  const tenths = Math.ceil(Math.max(0, seconds) * 10 - 1e-6);
  if (tenths < 100) return `${(tenths / 10).toFixed(1)} s`;
  const whole = Math.ceil(seconds - 1e-9);
  if (whole < 10 * MINUTE) return duration(whole);
  if (whole < DAY) return duration(Math.ceil(whole / MINUTE) * MINUTE);
  return duration(Math.ceil(whole / HOUR) * HOUR);
};

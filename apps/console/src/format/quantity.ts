const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB'];
const separated = new Intl.NumberFormat('en');

/** A number of things, with separators: `2,041`. */
export const count = (value: number): string => separated.format(value);

/** Bytes in decimal units with three figures at most: `14.2 kB`, `9.4 GB`, `7.79 TB`. */
export const size = (bytes: number): string => {
  let value = Math.max(0, bytes);
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? Math.round(value) : Number(value.toPrecision(3))} ${UNITS[unit]}`;
};

/** Bytes each second: `418 MB/s`. */
export const rate = (bytesPerSecond: number): string => `${size(bytesPerSecond)}/s`;

/** A count and its noun: `1 file`, `2,041 files`. */
export const counted = (value: number, one: string, many = `${one}s`): string => `${count(value)} ${value === 1 ? one : many}`;

/** How far along, 0 to 100, cut off so that 100 is only said at the end; undefined while the total is unknown. */
export const percent = (done: number, total: number | null): number | undefined => {
  if (total === null || total <= 0) return undefined;
  return Math.min(100, Math.floor((Math.max(0, done) / total) * 100));
};

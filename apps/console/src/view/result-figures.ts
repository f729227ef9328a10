import type { Job } from '@fortfail/protocol';
import { measured } from '../format/duration.ts';
import { count, rate, size } from '../format/quantity.ts';

/** `bytesPerSecond` becomes `Bytes per second`. */
const words = (key: string): string => {
  const spaced = key.replace(/([a-z0-9])([A-Z])/g, (_, before: string, after: string) => `${before} ${after.toLowerCase()}`);
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
};

const valueText = (key: string, value: string | number | boolean): string => {
  if (key === 'snapshot') return String(value).slice(0, 8);
  if (typeof value !== 'number') return String(value);
  if (/persecond$/i.test(key)) return rate(value);
  if (/bytes/i.test(key) && !/count/i.test(key)) return size(value);
  if (/seconds$/i.test(key)) return measured(value);
  return count(value);
};

const nameText = (key: string): string => words(key.replace(/Seconds$/, '').replace(/^seconds$/, 'took'));

/** Said elsewhere on the page. */
const left: ReadonlySet<string> = new Set(['kind', 'hostname', 'time']);

/** The figures of a job's result, whatever its kind: plain values only, named by their keys. */
export const resultFigures = (result: Job['result']): { readonly name: string; readonly value: string }[] =>
  Object.entries(result ?? {}).flatMap(([key, value]) =>
    !left.has(key) && (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
      ? [{ name: nameText(key), value: valueText(key, value) }]
      : [],
  );

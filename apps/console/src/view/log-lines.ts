import type { JobLogLine } from '@fortfail/protocol';

const keyOf = (line: JobLogLine): string => `${line.at} ${line.level} ${line.item ?? ''} ${line.message}`;

/**
 * The stored lines, followed by the live ones that are not among them yet. A line may come both ways; two equal lines
 * of the stored part stay two.
 */
export const mergeLines = (stored: readonly JobLogLine[], live: readonly JobLogLine[]): JobLogLine[] => {
  const known = new Set(stored.map(keyOf));
  return [...stored, ...live.filter((line) => !known.has(keyOf(line)))].sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
};

/** How many lines somebody should look at. */
export const warningCount = (lines: readonly JobLogLine[]): number => lines.filter(({ level }) => level !== 'info').length;

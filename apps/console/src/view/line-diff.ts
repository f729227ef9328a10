/** One line of a comparison: in both texts, only in the older, or only in the newer one. */
export interface DiffLine {
  readonly what: 'same' | 'gone' | 'came';
  readonly text: string;
  /** Its number in the newer text, in the older one for a line that is gone; from 1. */
  readonly line: number;
}

/** Lines of both texts together that are compared: beyond it the table of matches would be too large. */
const MOST_LINES = 3000;
const CONTEXT = 2;

/** Lengths of the longest common lists of lines, from each pair of places on. */
const commonLengths = (older: readonly string[], newer: readonly string[]): Uint16Array[] => {
  const rows = Array.from({ length: older.length + 1 }, () => new Uint16Array(newer.length + 1));
  for (let a = older.length - 1; a >= 0; a -= 1) {
    for (let b = newer.length - 1; b >= 0; b -= 1) {
      const below = rows[a + 1];
      const value = older[a] === newer[b] ? (below?.[b + 1] ?? 0) + 1 : Math.max(below?.[b] ?? 0, rows[a]?.[b + 1] ?? 0);
      rows[a]?.fill(value, b, b + 1);
    }
  }
  return rows;
};

const allLines = (older: readonly string[], newer: readonly string[]): DiffLine[] => {
  const common = commonLengths(older, newer);
  const lines: DiffLine[] = [];
  let a = 0;
  let b = 0;
  while (a < older.length || b < newer.length) {
    const [was, is] = [older[a], newer[b]];
    if (was !== undefined && was === is) {
      b += 1;
      a += 1;
      lines.push({ what: 'same', text: was, line: b });
    } else if (was !== undefined && (is === undefined || (common[a + 1]?.[b] ?? 0) >= (common[a]?.[b + 1] ?? 0))) {
      a += 1;
      lines.push({ what: 'gone', text: was, line: a });
    } else {
      b += 1;
      lines.push({ what: 'came', text: is ?? '', line: b });
    }
  }
  return lines;
};

/** What changed from one text to another, with two lines around each change; undefined when the texts are too long to tell. */
export const lineDiff = (older: string, newer: string): DiffLine[] | undefined => {
  const [was, is] = [older.split('\n'), newer.split('\n')];
  if (was.length + is.length > MOST_LINES) return undefined;
  const lines = allLines(was, is);
  const isNear = (at: number): boolean => lines.slice(Math.max(0, at - CONTEXT), at + CONTEXT + 1).some(({ what }) => what !== 'same');
  return lines.filter((line, at) => line.what !== 'same' || isNear(at));
};

import type { Verdict } from '../ui/tone.ts';

/** A piece of the answer; one with a verdict is drawn in its colour and leads to its plans. */
export interface TitlePart {
  readonly text: string;
  readonly verdict?: Verdict;
}

const marked: readonly (readonly [RegExp, Verdict])[] = [
  [/^[\d,]+ would not$/, 'broken'],
  [/^[\d,]+ (?:is|are) close$/, 'at-risk'],
  [/^[\d,]+ cannot be told$/, 'unknown'],
  [/^[\d,]+ (?:is|are) held$/, 'held'],
];

/** Cuts the server's sentence at the counts of what is not kept. A sentence without such counts stays whole. */
export const titleParts = (title: string): TitlePart[] =>
  title
    .split(/([\d,]+ (?:would not|(?:is|are) (?:close|held)|cannot be told)(?![\w]))/)
    .filter((text) => text !== '')
    .map((text) => {
      const verdict = marked.find(([pattern]) => pattern.test(text))?.[1];
      return verdict ? { text, verdict } : { text };
    });

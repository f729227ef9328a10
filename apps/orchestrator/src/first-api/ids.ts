import { randomInt } from 'node:crypto';

/** Ids of the first API are names that others made up: compared whole, never taken apart, never part of a path. */
export const maxIdLength = 255;

/** Whether a text can be an id at all: every engine can keep it, and no log line breaks on it. */
export function isId(text: string): boolean {
  return text.length >= 1 && text.length <= maxIdLength && text.isWellFormed() && !hasControl(text);
}

function hasControl(text: string): boolean {
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x20 || (code >= 0x7f && code < 0xa0)) return true;
  }
  return false;
}

/** `job-1723456789.123456789`: the moment in seconds, with digits of chance after its milliseconds. */
export function momentId(prefix: 'job' | 'cmd', now: Date): string {
  const chance = String(randomInt(1_000_000)).padStart(6, '0');
  return `${prefix}-${(now.getTime() / 1000).toFixed(3)}${chance}`;
}

import type { TextSink } from '../command-context.ts';
import { displayWidth } from './format.ts';

/**
 * Lines that are drawn over and over at the end of a terminal; nothing at all when the sink is not one. Between `show`
 * and `clear` whoever prints to the same terminal calls `above`.
 */
export class ProgressLines {
  readonly #sink: TextSink;
  readonly #now: () => number;
  readonly #intervalMs: number;
  #drawn = 0;
  #lastMs = Number.NEGATIVE_INFINITY;

  constructor(sink: TextSink, now: () => number, framesPerSecond = 10) {
    this.#sink = sink;
    this.#now = now;
    this.#intervalMs = framesPerSecond > 0 ? 1000 / framesPerSecond : Number.POSITIVE_INFINITY;
  }

  /** Draws the lines, unless the last drawing is too fresh. */
  show(lines: () => readonly string[]): void {
    if (this.#sink.isTTY !== true || this.#now() - this.#lastMs < this.#intervalMs) return;
    this.#lastMs = this.#now();
    this.#draw(lines());
  }

  /** Prints text that stays, above the lines. */
  above(text: string): void {
    this.clear();
    this.#sink.write(text);
  }

  /** Takes the lines away. */
  clear(): void {
    if (this.#drawn > 0) this.#draw([]);
    this.#lastMs = Number.NEGATIVE_INFINITY;
  }

  #draw(lines: readonly string[]): void {
    const columns = (this.#sink.columns ?? 80) - 1;
    const up = this.#drawn > 0 ? `\x1b[${this.#drawn}A` : '';
    const text = lines.map((line) => `${displayWidth(line) > columns ? `${[...line].slice(0, columns - 1).join('')}…` : line}\n`).join('');
    this.#sink.write(`${up}\x1b[J${text}`);
    this.#drawn = lines.length;
  }
}

/** A bar of `width` columns: `[#####.....]`. */
export function bar(part: number, whole: number, width = 24): string {
  const filled = whole <= 0 ? 0 : Math.min(width, Math.floor((part / whole) * width));
  return `[${'#'.repeat(filled)}${'.'.repeat(width - filled)}]`;
}

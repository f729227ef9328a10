import { FortFailError } from '@fortfail/base';

/** Lets a few at once do their work, has some wait in line, and refuses the rest with `unavailable`. */
export class Turnstile {
  readonly #atOnce: number;
  readonly #mostWaiting: number;
  readonly #waiting: (() => void)[] = [];
  #inside = 0;

  constructor(atOnce: number, mostWaiting: number) {
    this.#atOnce = atOnce;
    this.#mostWaiting = mostWaiting;
  }

  async pass<T>(work: () => Promise<T>): Promise<T> {
    if (this.#inside < this.#atOnce) this.#inside += 1;
    else await this.#wait();
    try {
      return await work();
    } finally {
      // The place goes to whoever waits, or is free.
      const next = this.#waiting.shift();
      if (next === undefined) this.#inside -= 1;
      else next();
    }
  }

  async #wait(): Promise<void> {
    if (this.#waiting.length >= this.#mostWaiting) {
      throw new FortFailError({
        kind: 'unavailable',
        code: 'too-many-questions',
        message: 'unable to answer, too many questions wait already',
        hint: 'Ask again in a moment.',
      });
    }
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}

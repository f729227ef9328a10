import { brokenArchive } from './archive-error.ts';

/** Bytes that come in pieces of any length, taken in lengths that the reader chooses. Never holds more than one piece and one answer. */
export class ByteSource {
  readonly #pieces: AsyncIterator<Uint8Array>;
  #piece: Buffer = Buffer.alloc(0);

  constructor(pieces: AsyncIterable<Uint8Array>) {
    this.#pieces = pieces[Symbol.asyncIterator]();
  }

  async #fill(): Promise<boolean> {
    while (this.#piece.length === 0) {
      const next = await this.#pieces.next();
      if (next.done === true) return false;
      this.#piece = Buffer.from(next.value.buffer, next.value.byteOffset, next.value.byteLength);
    }
    return true;
  }

  /** Exactly `length` bytes; undefined when nothing at all is left. Throws `damaged` when the bytes end within. */
  async take(length: number): Promise<Buffer | undefined> {
    const answer = Buffer.allocUnsafe(length);
    let filled = 0;
    while (filled < length) {
      if (!(await this.#fill())) {
        if (filled === 0) return undefined;
        throw cutShort();
      }
      const part = this.#piece.subarray(0, length - filled);
      answer.set(part, filled);
      filled += part.length;
      this.#piece = this.#piece.subarray(part.length);
    }
    return answer;
  }

  /** The next bytes, 1 to `most` of them, without a copy. Throws `damaged` when there are none. */
  async some(most: number): Promise<Buffer> {
    if (!(await this.#fill())) throw cutShort();
    const part = this.#piece.subarray(0, most);
    this.#piece = this.#piece.subarray(part.length);
    return part;
  }

  /** Lets the pieces' maker end. */
  async close(): Promise<void> {
    await this.#pieces.return?.();
  }
}

function cutShort(): Error {
  return brokenArchive('it is cut short');
}

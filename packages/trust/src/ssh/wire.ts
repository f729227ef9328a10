import type { FortFailError } from '@fortfail/base';
import { bytesOf, concatBytes, textOf } from '../encoding.ts';

/** Reads SSH's binary encoding (RFC 4251 section 5) from bytes that may be hostile: every length is checked before use. */
export class WireReader {
  readonly #bytes: Uint8Array;
  readonly #fail: () => FortFailError;
  #at = 0;

  /** `fail` makes the error for whatever is cut off or too long. */
  constructor(bytes: Uint8Array, fail: () => FortFailError) {
    this.#bytes = bytes;
    this.#fail = fail;
  }

  raw(length: number): Uint8Array {
    if (length > this.#bytes.length - this.#at) throw this.#fail();
    const part = this.#bytes.slice(this.#at, this.#at + length);
    this.#at += length;
    return part;
  }

  uint8(): number {
    return this.raw(1)[0] ?? 0;
  }

  uint32(): number {
    const [a = 0, b = 0, c = 0, d = 0] = this.raw(4);
    return a * 0x1000000 + b * 0x10000 + c * 0x100 + d;
  }

  /** Bytes with their length before them. */
  bytes(): Uint8Array {
    return this.raw(this.uint32());
  }

  text(): string {
    const text = textOf(this.bytes());
    if (text === undefined) throw this.#fail();
    return text;
  }

  /** A positive integer as exactly `length` bytes: the minimal form only, so that one number has one encoding. */
  positive(length: number): Uint8Array {
    const bytes = this.bytes();
    const [first = 0, second = 0] = bytes;
    const isPadded = bytes.length > 1 && first === 0;
    if (bytes.length === 0 || first > 0x7f || (isPadded && second < 0x80)) throw this.#fail();
    const digits = isPadded ? bytes.subarray(1) : bytes;
    if (digits.length > length) throw this.#fail();
    const fixed = new Uint8Array(length);
    fixed.set(digits, length - digits.length);
    return fixed;
  }

  rest(): Uint8Array {
    return this.raw(this.#bytes.length - this.#at);
  }

  end(): void {
    if (this.#at !== this.#bytes.length) throw this.#fail();
  }
}

export function wireUint32(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
}

/** Each value with its length before it, joined. */
export function wireStrings(...values: readonly (Uint8Array | string)[]): Uint8Array {
  return concatBytes(
    ...values.flatMap((value) => {
      const bytes = bytesOf(value);
      return [wireUint32(bytes.length), bytes];
    }),
  );
}

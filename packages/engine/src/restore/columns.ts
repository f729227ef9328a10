/** A list of 32-bit numbers without an object per entry. */
export class Uint32Column {
  #values = new Uint32Array(1024);
  length = 0;

  push(value: number): number {
    if (this.length === this.#values.length) {
      const grown = new Uint32Array(2 * this.length);
      grown.set(this.#values);
      this.#values = grown;
    }
    this.#values[this.length] = value;
    this.length += 1;
    return this.length - 1;
  }

  at(index: number): number {
    return this.#values[index] ?? 0;
  }

  set(index: number, value: number): void {
    this.#values[index] = value;
  }
}

/** A list of doubles, for offsets and sizes beyond 32 bits. */
export class Float64Column {
  #values = new Float64Array(1024);
  length = 0;

  push(value: number): number {
    if (this.length === this.#values.length) {
      const grown = new Float64Array(2 * this.length);
      grown.set(this.#values);
      this.#values = grown;
    }
    this.#values[this.length] = value;
    this.length += 1;
    return this.length - 1;
  }

  at(index: number): number {
    return this.#values[index] ?? 0;
  }
}

/** Names one behind the other in one buffer. */
export class NameColumn {
  #bytes = Buffer.alloc(64 << 10);
  #ends = new Float64Column();

  get length(): number {
    return this.#ends.length;
  }

  push(name: Uint8Array): number {
    const start = this.#start(this.length);
    const end = start + name.length;
    if (end > this.#bytes.length) {
      const grown = Buffer.alloc(Math.max(2 * this.#bytes.length, end));
      this.#bytes.copy(grown, 0, 0, start);
      this.#bytes = grown;
    }
    this.#bytes.set(name, start);
    return this.#ends.push(end);
  }

  /** A view; it is stale after the next push. */
  at(index: number): Buffer {
    return this.#bytes.subarray(this.#start(index), this.#ends.at(index));
  }

  #start(index: number): number {
    return index === 0 ? 0 : this.#ends.at(index - 1);
  }
}

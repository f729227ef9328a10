/** An id for each number, spread like a hash; much faster than hashing. Valid until the next call. */
export function numberedId(number: number): Uint8Array {
  let x = Math.imul(number + 1, 0x9e3779b1) ^ 0x1234;
  for (let i = 0; i < 8; i += 1) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    words[i] = x;
  }
  words[7] = number;
  return bytes;
}

const words = new Int32Array(8);
const bytes = new Uint8Array(words.buffer);

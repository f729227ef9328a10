/**
 * Cuts bytes into characters as Go's `range` over a string does: a valid UTF-8 sequence is one step, and every byte
 * that does not begin one is a step of its own (overlong forms, surrogates and values above U+10FFFF are invalid).
 * `onInvalid` gets the lone byte.
 */
export function forEachRune(bytes: Uint8Array, onRune: (codePoint: number) => void, onInvalid: (byte: number) => void): void {
  let at = 0;
  while (at < bytes.length) {
    const first = bytes[at] ?? 0;
    if (first < 0x80) {
      onRune(first);
      at += 1;
      continue;
    }
    const length = sequenceLength(bytes, at, first);
    if (length === 0) {
      onInvalid(first);
      at += 1;
      continue;
    }
    let codePoint = first & (0xff >> (length + 1));
    for (let k = 1; k < length; k += 1) codePoint = (codePoint << 6) | ((bytes[at + k] ?? 0) & 0x3f);
    onRune(codePoint);
    at += length;
  }
}

/** Length of the valid multi-byte sequence at `at`, 0 when there is none. */
function sequenceLength(bytes: Uint8Array, at: number, first: number): number {
  const length = first >= 0xc2 && first <= 0xdf ? 2 : first >= 0xe0 && first <= 0xef ? 3 : first >= 0xf0 && first <= 0xf4 ? 4 : 0;
  if (length === 0 || at + length > bytes.length) return 0;
  for (let k = 1; k < length; k += 1) if (((bytes[at + k] ?? 0) & 0xc0) !== 0x80) return 0;
  const second = bytes[at + 1] ?? 0;
  if (first === 0xe0 && second < 0xa0) return 0;
  if (first === 0xed && second > 0x9f) return 0;
  if (first === 0xf0 && second < 0x90) return 0;
  if (first === 0xf4 && second > 0x8f) return 0;
  return length;
}

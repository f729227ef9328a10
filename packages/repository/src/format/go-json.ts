import { isUtf8 } from 'node:buffer';
import { forEachRune } from './go-runes.ts';

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must be found.
const needsEscape = /[\u0000-\u001f"\\<>&\u2028\u2029\ud800-\udfff]/;
const shortEscapes: Readonly<Record<number, string>> = { 8: '\\b', 9: '\\t', 10: '\\n', 12: '\\f', 13: '\\r', 34: '\\"', 92: '\\\\' };

function escapeCodePoint(codePoint: number): string {
  const short = shortEscapes[codePoint];
  if (short !== undefined) return short;
  const mustEscape = codePoint < 0x20 || codePoint === 0x3c || codePoint === 0x3e || codePoint === 0x26;
  if (mustEscape || codePoint === 0x2028 || codePoint === 0x2029) return `\\u${codePoint.toString(16).padStart(4, '0')}`;
  // A surrogate that has lost its partner is what Go would have met as an invalid byte.
  if (codePoint >= 0xd800 && codePoint <= 0xdfff) return '\\ufffd';
  return String.fromCodePoint(codePoint);
}

/** `text` as a JSON string with its quotes, with the escapes of Go's encoder (1.22 and newer): `<`, `>` and `&` too. */
export function goJsonString(text: string): string {
  if (!needsEscape.test(text)) return `"${text}"`;
  let out = '"';
  for (const character of text) out += escapeCodePoint(character.codePointAt(0) ?? 0);
  return `${out}"`;
}

/** Bytes as Go writes a string holding them: each byte that is not UTF-8 becomes the six characters `\ufffd`. */
export function goJsonBytes(bytes: Uint8Array): string {
  if (isUtf8(bytes)) return goJsonString(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
  let out = '"';
  forEachRune(
    bytes,
    (codePoint) => {
      out += escapeCodePoint(codePoint);
    },
    () => {
      out += '\\ufffd';
    },
  );
  return `${out}"`;
}

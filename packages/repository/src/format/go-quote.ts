import { FortFailError } from '@fortfail/base';
import { forEachRune } from './go-runes.ts';

/*
 * Node names stand in trees as Go's `strconv.Quote` writes them, without the outer quotes. The id of a tree is the
 * hash of its text, so quoting must agree with restic's to the letter, or both tools store every folder anew.
 */

const printable = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u;

/*
 * Code points that this Node's Unicode (17) calls printable and Go's (15.0, as in restic 0.19) does not know yet.
 * Measured: a folder with a file name of every code point, backed up by restic 0.19.1.
 */
const newerThanGo = parseRanges(`
88f 897 c5c cdc 1acf-1add 1ae0-1aeb 1b4e-1b4f 1b7f 1c89-1c8a 20c1 2427-2429 2b96 2ffc-2fff 31e4-31e5 31ef a7cb-a7cf
a7d2 a7d4 a7da-a7dc a7f1 fbc3-fbd2 fd90-fd91 fdc8-fdce 105c0-105f3 10940-10959 10d40-10d65 10d69-10d85 10d8e-10d8f
10ec2-10ec7 10ed0-10ed8 10efa-10efc 11380-11389 1138b 1138e 11390-113b5 113b7-113c0 113c2 113c5 113c7-113ca
113cc-113d5 113d7-113d8 113e1-113e2 116d0-116e3 11b60-11b67 11bc0-11be1 11bf0-11bf9 11db0-11ddb 11de0-11de9 11f5a
13460-143fa 16100-16139 16d40-16d79 16ea0-16eb8 16ebb-16ed3 16ff2-16ff6 187f8-187ff 18cff 18d09-18d1e 18d80-18df2
1cc00-1ccfc 1cd00-1ceb3 1ceba-1ced0 1cee0-1cef0 1e5d0-1e5fa 1e5ff 1e6c0-1e6de 1e6e0-1e6f5 1e6fe-1e6ff 1f6d8
1f777-1f77a 1f8b2-1f8bb 1f8c0-1f8c1 1f8d0-1f8d8 1fa54-1fa57 1fa89-1fa8a 1fa8e-1fa8f 1fabe 1fac6 1fac8 1facd 1fadc
1fadf 1fae9-1faea 1faef 1fbcb-1fbef 1fbfa 2b73a-2b73f 2cea2-2cead 2ebf0-2ee5d 323b0-33479`);

function parseRanges(text: string): readonly (readonly [number, number])[] {
  return text
    .trim()
    .split(/\s+/)
    .map((range) => {
      const [first = '', last = first] = range.split('-');
      return [Number.parseInt(first, 16), Number.parseInt(last, 16)];
    });
}

function isGoPrintable(codePoint: number): boolean {
  if (codePoint < 0x7f) return codePoint >= 0x20;
  if (!printable.test(String.fromCodePoint(codePoint))) return false;
  return !newerThanGo.some(([first, last]) => codePoint >= first && codePoint <= last);
}

const shortEscapes: Readonly<Record<number, string>> = {
  7: '\\a',
  8: '\\b',
  9: '\\t',
  10: '\\n',
  11: '\\v',
  12: '\\f',
  13: '\\r',
  34: '\\"',
  92: '\\\\',
};

function hex(value: number, width: number): string {
  return value.toString(16).padStart(width, '0');
}

function quoteCodePoint(codePoint: number): string {
  const short = shortEscapes[codePoint];
  if (short !== undefined) return short;
  if (isGoPrintable(codePoint)) return String.fromCodePoint(codePoint);
  if (codePoint < 0x20 || codePoint === 0x7f) return `\\x${hex(codePoint, 2)}`;
  return codePoint < 0x10000 ? `\\u${hex(codePoint, 4)}` : `\\U${hex(codePoint, 8)}`;
}

/** True when the bytes are all printable ASCII without `"` and `\`, so that quoting changes nothing. */
function isPlain(bytes: Uint8Array): boolean {
  for (let i = 0; i < bytes.length; i += 1) {
    const byte = bytes[i] ?? 0;
    if (byte < 0x20 || byte > 0x7e || byte === 0x22 || byte === 0x5c) return false;
  }
  return true;
}

/** `strconv.Quote` of the bytes, without the outer quotes. */
export function goQuote(bytes: Uint8Array): string {
  if (isPlain(bytes)) return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  let out = '';
  forEachRune(
    bytes,
    (codePoint) => {
      out += quoteCodePoint(codePoint);
    },
    (byte) => {
      out += `\\x${hex(byte, 2)}`;
    },
  );
  return out;
}

const escapePattern = /\\(?:([abfnrtv\\"])|x([0-9a-fA-F]{2})|([0-7]{3})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))/y;
const simpleEscapes: Readonly<Record<string, number>> = { a: 7, b: 8, f: 12, n: 10, r: 13, t: 9, v: 11, '\\': 0x5c, '"': 0x22 };

/** The bytes of a quoted name; takes everything that Go's `strconv.Unquote` takes. Throws `damaged` for the rest. */
export function goUnquote(text: string): Buffer {
  if (!text.includes('\\')) {
    if (text.includes('"') || text.includes('\n')) throw badQuoting(text);
    return Buffer.from(text, 'utf8');
  }
  const parts: Buffer[] = [];
  let at = 0;
  while (at < text.length) {
    const next = text.indexOf('\\', at);
    const end = next === -1 ? text.length : next;
    const literal = text.slice(at, end);
    if (literal.includes('"') || literal.includes('\n')) throw badQuoting(text);
    if (literal !== '') parts.push(Buffer.from(literal, 'utf8'));
    if (next === -1) break;
    escapePattern.lastIndex = next;
    const match = escapePattern.exec(text);
    if (match === null) throw badQuoting(text);
    parts.push(decodeEscape(match, text));
    at = escapePattern.lastIndex;
  }
  return Buffer.concat(parts);
}

function decodeEscape(match: RegExpExecArray, text: string): Buffer {
  const [, simple, byte, octal, short, long] = match;
  if (simple !== undefined) return Buffer.from([simpleEscapes[simple] ?? 0]);
  if (byte !== undefined) return Buffer.from([Number.parseInt(byte, 16)]);
  if (octal !== undefined) {
    const value = Number.parseInt(octal, 8);
    if (value > 255) throw badQuoting(text);
    return Buffer.from([value]);
  }
  const codePoint = Number.parseInt(short ?? long ?? '', 16);
  if (codePoint > 0x10ffff || (codePoint >= 0xd800 && codePoint <= 0xdfff)) throw badQuoting(text);
  return Buffer.from(String.fromCodePoint(codePoint), 'utf8');
}

function badQuoting(text: string): FortFailError {
  return new FortFailError({
    kind: 'damaged',
    code: 'name-quoting',
    message: `unable to read node name '${text}', its quoting is invalid`,
  });
}

import { brokenArchive } from './archive-error.ts';

const space = 0x20;

/** A number of a header field: octal text, or GNU's base 256 for what octal cannot hold. Throws `damaged` for anything else. */
export function readNumber(field: Uint8Array, what: string): number {
  const first = field[0] ?? 0;
  if ((first & 0x80) !== 0) return readBase256(field, what);
  let at = 0;
  while (at < field.length && (field[at] === space || field[at] === 0)) at += 1;
  let value = 0;
  for (; at < field.length; at += 1) {
    const byte = field[at] ?? 0;
    if (byte === space || byte === 0) break;
    if (byte < 0x30 || byte > 0x37) throw brokenArchive(`its ${what} is no octal number`);
    value = value * 8 + (byte - 0x30);
  }
  return value;
}

function readBase256(field: Uint8Array, what: string): number {
  const isNegative = ((field[0] ?? 0) & 0x40) !== 0;
  let value = BigInt((field[0] ?? 0) & 0x3f);
  for (const byte of field.subarray(1)) value = (value << 8n) | BigInt(byte);
  if (isNegative) value -= 1n << BigInt(field.length * 8 - 2);
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw brokenArchive(`its ${what} is too large`);
  return number;
}

/** A whole number in decimal, of an extended header. Throws `damaged`. */
export function readDecimal(text: string, what: string): number {
  const value = /^\d{1,20}$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value)) throw brokenArchive(`its ${what} is no number`);
  return value;
}

/** Nanoseconds of a time in seconds with a fraction, of an extended header. Throws `damaged`. */
export function readTime(text: string): bigint {
  // Python writes what is very near 1970 so.
  if (/^-?\d(?:\.\d{1,20})?e-\d{1,3}$/.test(text)) return BigInt(Math.round(Number(text) * 1e9));
  const match = /^(-?)(\d{1,15})(?:\.(\d*))?$/.exec(text);
  if (match === null) throw brokenArchive('a time in it is no number');
  const [, sign, seconds = '0', fraction = ''] = match;
  const ns = BigInt(seconds) * 1_000_000_000n + BigInt(fraction.slice(0, 9).padEnd(9, '0'));
  return sign === '-' ? -ns : ns;
}

/** Seconds with their fraction, as extended headers write times. */
export function timeText(ns: bigint): string {
  const absolute = ns < 0n ? -ns : ns;
  const fraction = (absolute % 1_000_000_000n).toString().padStart(9, '0').replace(/0+$/, '');
  return `${ns < 0n ? '-' : ''}${absolute / 1_000_000_000n}${fraction === '' ? '' : `.${fraction}`}`;
}

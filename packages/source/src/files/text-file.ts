import { readFileSync } from 'node:fs';
import { FortFailError } from '@fortfail/base';
import { fileError } from '../system/system-error.ts';
import { type ByteString, byteString } from './path.ts';

/** Text files by restic's rules: a byte order mark is taken off, UTF-16 with a mark becomes UTF-8, all else stays bytes. */
export function decodeTextFile(bytes: Buffer): ByteString {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return byteString(bytes.subarray(3));
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return byteString(new TextDecoder('utf-16le').decode(bytes));
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return byteString(new TextDecoder('utf-16be').decode(bytes));
  return byteString(bytes);
}

/** Reads a file of names or patterns; `label` names the option in the error. */
export function readListFile(path: string, label: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw fileError(error, `read the ${label} file`, Buffer.from(path));
  }
}

// One line is bounded as in restic, where a longer one is an error and not cut.
const longestLine = 64 * 1024;

/** Lines without their ending (`\n` or `\r\n`); nothing after the last ending. Throws `invalid-input` for an endless line. */
export function textLines(text: ByteString, label: string): ByteString[] {
  const lines = text.split('\n');
  if (lines[lines.length - 1] === '') lines.pop();
  return lines.map((line) => {
    if (line.length >= longestLine) {
      throw new FortFailError({
        kind: 'invalid-input',
        code: 'line-too-long',
        message: `unable to read the ${label} file: a line is longer than 64 KiB`,
        hint: 'Write one name or pattern a line.',
      });
    }
    return line.endsWith('\r') ? line.slice(0, -1) : line;
  });
}

// White space of Unicode, as UTF-8 bytes in a byte string.
const space = '(?:[\\t-\\r ]|\\xc2[\\x85\\xa0]|\\xe1\\x9a\\x80|\\xe2\\x80[\\x80-\\x8a\\xa8\\xa9\\xaf]|\\xe2\\x81\\x9f|\\xe3\\x80\\x80)';
const leadingSpace = new RegExp(`^${space}+`);
const trailingSpace = new RegExp(`${space}+$`);

/** The line without white space around it. */
export function trimLine(line: ByteString): ByteString {
  return line.replace(leadingSpace, '').replace(trailingSpace, '');
}

import { isUtf8 } from 'node:buffer';
import { FortFailError, Secret } from '@fortfail/base';

/** What Go calls white space. */
const edges =
  /^[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+|[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+$/g;

function decodeText(bytes: Buffer): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return bytes.subarray(2).toString('utf16le');
  if (bytes[0] === 0xfe && bytes[1] === 0xff && bytes.length % 2 === 0) return Buffer.from(bytes.subarray(2)).swap16().toString('utf16le');
  const text = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes;
  if (isUtf8(text)) return text.toString('utf8');
  throw new FortFailError({ kind: 'invalid-input', code: 'password-encoding', message: 'unable to read password, it is not UTF-8 text' });
}

/**
 * The password in a password file or in a password command's output, as restic reads it: byte order marks and UTF-16
 * are understood, white space at both ends is dropped. (A password in a variable is taken as it stands.)
 */
export function passwordFromText(bytes: Uint8Array): Secret {
  return new Secret(decodeText(Buffer.from(bytes)).replace(edges, ''));
}

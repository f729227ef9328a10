/**
 * Paths are bytes. Inside this package they are also held as "byte strings", one character (U+0000..U+00FF) per byte:
 * those sort, compare and split as bytes do, and much faster than Buffers.
 */
export type ByteString = string;

/** The bytes of a text (as UTF-8) or of a path, as a byte string. */
export function byteString(path: string | Uint8Array): ByteString {
  if (typeof path === 'string') return Buffer.from(path, 'utf8').toString('latin1');
  return Buffer.from(path.buffer, path.byteOffset, path.byteLength).toString('latin1');
}

/** The bytes of a byte string. */
export function pathBytes(path: ByteString): Buffer {
  return Buffer.from(path, 'latin1');
}

/** `folder` and `name` with one slash between them. */
export function joinPath(folder: Uint8Array, name: Uint8Array): Buffer {
  const withSlash = folder.length > 0 && folder[folder.length - 1] === 0x2f;
  const joined = Buffer.allocUnsafe(folder.length + name.length + (withSlash ? 0 : 1));
  joined.set(folder);
  if (!withSlash) joined[folder.length] = 0x2f;
  joined.set(name, joined.length - name.length);
  return joined;
}

/** The shortest equal path by Go's `path.Clean`: no `.`, no inner `..`, no double or ending slash; `.` for nothing. */
export function cleanPath(path: ByteString): ByteString {
  const isAbsolute = path.startsWith('/');
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.length > 0 && parts[parts.length - 1] !== '..') parts.pop();
    else if (!isAbsolute) parts.push('..');
  }
  const joined = parts.join('/');
  if (isAbsolute) return `/${joined}`;
  return joined === '' ? '.' : joined;
}

/** The cleaned absolute path of `path`, seen from the folder `from`. */
export function absolutePath(path: ByteString, from: ByteString): ByteString {
  return cleanPath(path.startsWith('/') ? path : `${from}/${path}`);
}

/** Everything before the last name of a cleaned path: `/a` of `/a/b`, `/` of `/a`, `.` of `a`. */
export function parentPath(path: ByteString): ByteString {
  const slash = path.lastIndexOf('/');
  if (slash < 0) return '.';
  return slash === 0 ? '/' : path.slice(0, slash);
}

/** The last name of a cleaned path. */
export function baseName(path: ByteString): ByteString {
  return path.slice(path.lastIndexOf('/') + 1);
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
// Control characters, and the marks that reorder or hide text on a terminal.
const unprintable = /[\p{Cc}\u2028\u2029\u200b-\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** A path for people: valid UTF-8 as it is; other bytes as `\xNN`, control characters escaped. */
export function pathText(path: Uint8Array): string {
  let text: string;
  try {
    text = strictUtf8.decode(path);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    text = lossyText(path);
  }
  return text.replace(unprintable, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function lossyText(path: Uint8Array): string {
  let text = '';
  let at = 0;
  while (at < path.length) {
    let length = Math.min(4, path.length - at);
    while (length > 1 && !isOneCharacter(path.subarray(at, at + length))) length -= 1;
    const byte = path[at] ?? 0;
    text += length > 1 || byte < 0x80 ? strictUtf8.decode(path.subarray(at, at + length)) : `\\x${byte.toString(16)}`;
    at += length;
  }
  return text;
}

/** True when the bytes are exactly one UTF-8 character of more than one byte. */
function isOneCharacter(bytes: Uint8Array): boolean {
  const first = bytes[0] ?? 0;
  const expected = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 1;
  if (bytes.length !== expected) return false;
  const text = Buffer.from(bytes).toString('utf8');
  return Buffer.from(text, 'utf8').equals(bytes);
}

import { isUtf8 } from 'node:buffer';
import { isFortFailError } from '@fortfail/base';
import { goQuote, goUnquote } from '@fortfail/repository';

/** A name as people see and send it: as it is when it is UTF-8, else quoted as restic stores it, `\xff`. */
export function textOfName(name: Buffer): string {
  return isUtf8(name) ? name.toString('utf8') : goQuote(name);
}

/** The bytes that `textOfName` quoted; undefined for a text that stands for itself. */
function unquoted(text: string): Buffer | undefined {
  if (!text.includes('\\x')) return undefined;
  try {
    const bytes = goUnquote(text);
    return !isUtf8(bytes) && goQuote(bytes) === text ? bytes : undefined;
  } catch {
    // Somebody named a file with a backslash of their own.
    return undefined;
  }
}

/**
 * The paths that a shown path may stand for, likeliest first: one, or two where a name reads like quoted bytes, since a
 * name may also hold that very text.
 */
export function pathsShownAs(path: string): readonly (string | Buffer)[] {
  const names = path.split('/').map((text) => unquoted(text));
  if (names.every((name) => name === undefined)) return [path];
  const parts = path.split('/').map((text, index) => names[index] ?? Buffer.from(text));
  return [Buffer.concat(parts.flatMap((part, index) => (index === 0 ? [part] : [Buffer.from('/'), part]))), path];
}

/** Does `find` with the path that a shown one stands for. Throws `not-found` when none of them is there. */
export async function findShown<T>(path: string, find: (path: string | Buffer) => Promise<T>): Promise<T> {
  const [likeliest = path, other] = pathsShownAs(path);
  try {
    return await find(likeliest);
  } catch (error) {
    if (other === undefined || !isFortFailError(error, 'not-found')) throw error;
    return await find(other);
  }
}

/*
 * `JSON.parse` rounds numbers above 2^53 and forgets how an object was written. Both matter in trees only, and in few
 * of them, so the text is prepared where needed instead of being read by a parser of our own. Looking for `"name":`
 * followed by a digit or a brace is exact: inside a JSON string the closing quote of `name` would be escaped.
 */

const bigNumber = /("(?:inode|device_id|size|device|links)":)(\d{16,})(?=[,}])/g;
const anyBigNumber = /:\d{16}/;

/** Puts quotes around every 64-bit field that a double might not hold. */
export function quoteBigNumbers(text: string): string {
  return anyBigNumber.test(text) ? text.replace(bigNumber, '$1"$2"') : text;
}

/** Replaces each object that is the value of `key` by a JSON string of its text. */
export function quoteRawObjects(text: string, key: string): string {
  const opening = `"${key}":{`;
  let at = text.indexOf(opening);
  if (at === -1) return text;
  let out = '';
  let copied = 0;
  while (at !== -1) {
    const start = at + opening.length - 1;
    const end = endOfObject(text, start);
    out += text.slice(copied, start) + JSON.stringify(text.slice(start, end));
    copied = end;
    at = text.indexOf(opening, end);
  }
  return out + text.slice(copied);
}

/** Index behind the brace that closes the one at `start`; the text's length when none does, and parsing then fails. */
function endOfObject(text: string, start: number): number {
  let depth = 0;
  let isInString = false;
  for (let i = start; i < text.length; i += 1) {
    const character = text.charCodeAt(i);
    if (isInString) {
      if (character === 0x5c) i += 1;
      else if (character === 0x22) isInString = false;
    } else if (character === 0x22) isInString = true;
    else if (character === 0x7b) depth += 1;
    else if (character === 0x7d) {
      depth -= 1;
      if (depth === 0) return i + 1;
    }
  }
  return text.length;
}

/**
 * Characters that draw nothing or turn the writing around, so that a name could look like another one: controls, marks
 * of direction, separators without width.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it looks for.
const hidden = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/gu;

/** A name as it can be shown safely: what would hide or reorder is written out, `invoice\u202efdp.exe`. */
export const visibleText = (text: string): string =>
  text.replace(hidden, (each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`);

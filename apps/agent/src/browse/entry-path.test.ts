import { describe, expect, it } from 'vitest';
import { pathsShownAs, textOfName } from './entry-path.ts';

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');

describe('names as people see them', () => {
  it.each(['plain', 'Käse', 'quote"back\\slash', 'new\nline', '\u2028', 'a\\x41b'])('%j stands for itself', (name) => {
    expect(textOfName(Buffer.from(name))).toBe(name);
    expect(pathsShownAs(`/folder/${name}`)).toEqual([`/folder/${name}`]);
  });

  it.each(['\xff\xfe\x80', '\xffquote"\\\n', '\xed\xa0\x80', 'a\xe9b'])('bytes %j are quoted, and found again', (name) => {
    const text = textOfName(bytes(name));
    expect(text).toContain('\\x');
    expect(pathsShownAs(`/\xfcber/${text}`)[0]).toEqual(Buffer.concat([Buffer.from('/\xfcber/'), bytes(name)]));
  });

  it('a name that only reads like quoted bytes is found as well', () => {
    expect(pathsShownAs('/\\xff/x')).toEqual([bytes('/\xff/x'), '/\\xff/x']);
    expect(pathsShownAs('/a\\xzz')).toEqual(['/a\\xzz']);
  });
});

import { describe, expect, it } from 'vitest';
import { absolutePath, byteString, cleanPath, joinPath, parentPath, pathBytes, pathText } from './path.ts';

describe('paths', () => {
  it('cleans as Go does', () => {
    const table: readonly (readonly [string, string])[] = [
      ['', '.'],
      ['a/b/', 'a/b'],
      ['/', '/'],
      ['//a', '/a'],
      ['/../a', '/a'],
      ['a/../..', '..'],
      ['../../a/./b', '../../a/b'],
      ['a/..', '.'],
    ];
    for (const [given, expected] of table) expect(cleanPath(given), given).toBe(expected);
    expect(absolutePath('../x', '/a/b')).toBe('/a/x');
    expect(parentPath('/a')).toBe('/');
  });

  it('keeps every byte', () => {
    const bytes = Buffer.from(Array.from({ length: 255 }, (_, i) => i + 1));
    expect(pathBytes(byteString(bytes))).toEqual(bytes);
    expect(joinPath(Buffer.from('/'), Buffer.from([0xff]))).toEqual(Buffer.from([0x2f, 0xff]));
  });

  it('shows what cannot be printed without losing it', () => {
    expect(pathText(Buffer.from('/ärger 😀'))).toBe('/ärger 😀');
    expect(pathText(Buffer.from('/\xff\xc3\xa4\xed\xa0\x80', 'latin1'))).toBe('/\\xffä\\xed\\xa0\\x80');
    expect(pathText(Buffer.from('a\n\x1b[31m'))).toBe('a\\u000a\\u001b[31m');
    expect(pathText(Buffer.from('\u202etxt'))).toBe('\\u202etxt');
  });
});

import { describe, expect, it } from 'vitest';
import { compileGlob } from './glob.ts';
import { byteString } from './path.ts';

const matching: readonly (readonly [pattern: string, text: string, isMatch: boolean])[] = [
  ['abc', 'abc', true],
  ['*', 'abc', true],
  ['*', '', true],
  ['*c', 'abc', true],
  ['a*', 'a', true],
  ['a*', 'abc', true],
  ['a*', 'ab/c', false],
  ['a*/b', 'abc/b', true],
  ['a*/b', 'a/c/b', false],
  ['a*b*c*d*e*', 'axbxcxdxe', true],
  ['a*b*c*d*e*/f', 'axbxcxdxexxx/f', true],
  ['a*b*c*d*e*/f', 'axbxcxdxexxx/fff', false],
  ['a*b?c*x', 'abxbbxdbxebxczzx', true],
  ['a*b?c*x', 'abxbbxdbxebxczzy', false],
  ['ab[c]', 'abc', true],
  ['ab[b-d]', 'abc', true],
  ['ab[e-g]', 'abc', false],
  ['ab[^c]', 'abc', false],
  ['ab[^e-g]', 'abc', true],
  ['a\\*b', 'a*b', true],
  ['a\\*b', 'ab', false],
  ['a?b', 'a☺b', true],
  ['a[^a]b', 'a☺b', true],
  ['a???b', 'a☺b', false],
  ['a[^a][^a][^a]b', 'a☺b', false],
  ['[a-ζ]*', 'α', true],
  ['*[a-ζ]', 'A', false],
  ['a?b', 'a/b', false],
  ['[\\]a]', ']', true],
  ['[\\-]', '-', true],
  ['[x\\-]', 'x', true],
  ['[\\-x]', 'a', false],
  ['*x', 'xxx', true],
  ['*.o', 'a/b.o', false],
  ['a**b', 'axxb', true],
];

describe('compileGlob', () => {
  for (const [pattern, text, isMatch] of matching) {
    it(`says that '${pattern}' ${isMatch ? 'matches' : 'does not match'} '${text}'`, () => {
      expect(compileGlob(byteString(pattern))?.matches(byteString(text))).toBe(isMatch);
    });
  }

  it('refuses malformed patterns', () => {
    for (const pattern of ['[]a]', '[-]', '[x-]', '[-x]', 'a[', 'a[b', '[a-b-c]', '[', '[^', '[^bc', 'a\\']) {
      expect(compileGlob(pattern), pattern).toBeUndefined();
    }
  });

  it('takes one byte for one character where the bytes are no UTF-8', () => {
    expect(compileGlob('a?b')?.matches('a\xffb')).toBe(true);
    expect(compileGlob('a?b')?.matches('a\xff\xffb')).toBe(false);
    expect(compileGlob('a??b')?.matches('a\xc3\x28b')).toBe(true);
    expect(compileGlob('\xff*')?.matches('\xff\xfe')).toBe(true);
    expect(compileGlob('?')?.matches('\xed\xa0\x80')).toBe(false);
  });
});

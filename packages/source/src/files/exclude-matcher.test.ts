import { describe, expect, it } from 'vitest';
import { ExcludeMatcher, PatternList, splitPath } from './exclude-matcher.ts';

const table: readonly (readonly [pattern: string, path: string, isMatch: boolean])[] = [
  ['foo', '/x/foo', true],
  ['foo', '/x/foo/bar', true],
  ['foo', '/x/foobar', false],
  ['*.go', '/foo/bar/test.go', true],
  ['*.go', '/foo/test.go/bar', true],
  ['/foo', '/foo/bar', true],
  ['/foo', '/x/foo', false],
  ['/foo/*', '/foo', false],
  ['/foo/*', '/foo/bar/baz', true],
  ['foo/', '/x/foo', true],
  ['./foo', '/x/foo', true],
  ['foo//bar', '/foo/bar', true],
  ['foo/../bar', '/x/bar', true],
  ['bar/baz', '/foo/bar/baz/x', true],
  ['foo/**/baz', '/foo/baz', true],
  ['foo/**/baz', '/foo/a/b/baz', true],
  ['foo/**/baz', '/foo/a/b/bazz', false],
  ['/home/**/*.o', '/home/x.o', true],
  ['/home/**/*.o', '/home/a/b/x.o', true],
  ['/home/**/*.o', '/srv/home/x.o', false],
  ['**', '/anything', true],
  ['**/x', '/x', true],
  ['/', '/anything/below', true],
  ['/**', '/anything', true],
  ['a/**/b/**/c', '/a/b/c', true],
  ['a/**/b/**/c', '/a/x/b/y/z/c', true],
  ['user/**/important*', '/home/user/office/common/test/important.txt', true],
  ['FOO', '/x/foo', false],
];

describe('ExcludeMatcher', () => {
  for (const [pattern, path, isMatch] of table) {
    it(`says that '${pattern}' ${isMatch ? 'excludes' : 'does not exclude'} '${path}'`, () => {
      expect(ExcludeMatcher.of([pattern]).excludes(path)).toBe(isMatch);
    });
  }

  it('lets later patterns win, and takes back with an exclamation mark', () => {
    const matcher = ExcludeMatcher.of(['*.log', '!keep.log', 'keep.log/deep']);
    expect(matcher.excludes('/x/a.log')).toBe(true);
    expect(matcher.excludes('/x/keep.log')).toBe(false);
    expect(matcher.excludes('/x/keep.log/deep')).toBe(true);
    expect(ExcludeMatcher.of(['!keep.log', '*.log']).excludes('/x/keep.log')).toBe(true);
  });

  it('ignores case only for the patterns that ask for it', () => {
    const matcher = ExcludeMatcher.of(['Exact'], ['*.JpG', 'ÄRGER']);
    expect(matcher.excludes('/x/photo.jpg')).toBe(true);
    expect(matcher.excludes('/x/photo.JPG')).toBe(true);
    expect(matcher.excludes('/x/ärger')).toBe(true);
    expect(matcher.excludes('/x/exact')).toBe(false);
    expect(matcher.excludes('/x/Exact')).toBe(true);
  });

  it('matches names that are no UTF-8 by their bytes', () => {
    const path = Buffer.from('/x/\xff\xfe', 'latin1');
    expect(ExcludeMatcher.of([Buffer.from('\xff*', 'latin1')]).excludes(path)).toBe(true);
    expect(ExcludeMatcher.of(['ÿ*']).excludes(path)).toBe(false);
  });

  it('names every malformed pattern and ignores empty ones', () => {
    expect(() => ExcludeMatcher.of(['ok', 'a[', '[]'])).toThrow('invalid pattern(s) provided for --exclude: a[, []');
    expect(() => ExcludeMatcher.of([], ['['])).toThrow('invalid pattern(s) provided for --iexclude: [');
    expect(ExcludeMatcher.of(['', '']).isEmpty).toBe(true);
  });
});

describe('PatternList', () => {
  it('tells whether something below may match, for includes', () => {
    const list = new PatternList(['/home/*/mail', '/srv/**/x']);
    expect(list.matchesWithChildren(splitPath('/home'))).toEqual({ isMatched: false, childMayMatch: true });
    expect(list.matchesWithChildren(splitPath('/home/ann/mail'))).toEqual({ isMatched: true, childMayMatch: true });
    expect(list.matchesWithChildren(splitPath('/srv/a/b'))).toEqual({ isMatched: false, childMayMatch: true });
    expect(list.matchesWithChildren(splitPath('/usr'))).toEqual({ isMatched: false, childMayMatch: false });
    expect(new PatternList(['x']).matchesWithChildren(splitPath('/usr'))).toEqual({ isMatched: false, childMayMatch: true });
  });
});

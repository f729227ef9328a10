import { mkdirSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../testing/temporary-folder.ts';
import { expandVariables, parseExcludeFile, readExcludeFile } from './exclude-file.ts';
import { parseFilesFrom, parseFilesFromRaw, parseFilesFromVerbatim } from './files-from.ts';

const lookup = (name: string): string | undefined => ({ HOME: '/home/ann', A_1: 'value', '1': 'one' })[name];
const texts = (names: readonly Buffer[]): string[] => names.map((name) => name.toString('latin1'));

describe('expandVariables', () => {
  it('follows the rules of Go for every form', () => {
    const table: readonly (readonly [string, string])[] = [
      ['$HOME/x', '/home/ann/x'],
      ['\x24{HOME}x', '/home/annx'],
      ['$A_1-', 'value-'],
      ['$unset/x', '/x'],
      ['$$HOME', '$HOME'],
      ['a$', 'a$'],
      ['a$ b', 'a$ b'],
      ['\x24{}x', 'x'],
      ['\x24{x', 'x'],
      ['$1x', 'onex'],
      ['\x24{1}', 'one'],
      ['$.x', '$.x'],
    ];
    for (const [given, expected] of table) expect(expandVariables(given, lookup), given).toBe(expected);
  });
});

describe('exclude files', () => {
  it('trims lines, leaves out comments and blanks, keeps other bytes', () => {
    const file = Buffer.from(
      '\xef\xbb\xbf  *.o \r\n\n# comment\n\t#another\n$HOME/tmp\n\xff\xfe\n!keep\n\xc2\xa0trimmed\xc2\xa0',
      'latin1',
    );
    expect(texts(parseExcludeFile(file, lookup))).toEqual(['*.o', '/home/ann/tmp', '\xff\xfe', '!keep', 'trimmed']);
  });

  it('reads UTF-16 with a byte order mark', () => {
    expect(texts(parseExcludeFile(Buffer.from('\ufeff*.o\nä\n', 'utf16le'), lookup))).toEqual(['*.o', '\xc3\xa4']);
  });

  it('names a file that is missing', () => {
    expect(() => readExcludeFile('/does/not/exist', lookup)).toThrow(
      "unable to read the exclude file '/does/not/exist': it does not exist",
    );
  });
});

describe('lists of targets', () => {
  it('expands patterns of --files-from and names those without a match', () => {
    const folder = temporaryFolder();
    mkdirSync(`${folder}/sub`);
    for (const name of ['b.txt', 'a.txt', 'c.dat', '.hidden.txt', 'sub/d.txt']) writeFileSync(`${folder}/${name}`, '');
    const unmatched: string[] = [];
    const list = `# comment\n${folder}/*.txt\n  sub/*  \n*/d.*\n\nnothing*\nmissing\nc.dat\n`;
    const targets = texts(parseFilesFrom(Buffer.from(list), folder, (pattern) => unmatched.push(pattern)));
    expect(targets).toEqual([`${folder}/.hidden.txt`, `${folder}/a.txt`, `${folder}/b.txt`, 'sub/d.txt', 'sub/d.txt', 'c.dat']);
    expect(unmatched).toEqual(['nothing*', 'missing']);
    expect(() => parseFilesFrom(Buffer.from('a[\n'), folder, () => undefined)).toThrow('invalid pattern for --files-from: a[');
  });

  it('takes verbatim lines as they are', () => {
    expect(texts(parseFilesFromVerbatim(Buffer.from(' a \n\n#b\r\n*c')))).toEqual([' a ', '#b', '*c']);
  });

  it('takes raw names ended by zero bytes only', () => {
    expect(texts(parseFilesFromRaw(Buffer.from('a\nb\0\xff\0', 'latin1')))).toEqual(['a\nb', '\xff']);
    expect(parseFilesFromRaw(Buffer.alloc(0))).toEqual([]);
    expect(() => parseFilesFromRaw(Buffer.from('a\0b'))).toThrow('trailing zero byte missing');
    expect(() => parseFilesFromRaw(Buffer.from('a\0\0'))).toThrow('empty filename in listing');
  });
});

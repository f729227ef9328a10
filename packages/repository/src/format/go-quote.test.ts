import { isFortFailError } from '@fortfail/base';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { goJsonBytes, goJsonString } from './go-json.ts';
import { goQuote, goUnquote } from './go-quote.ts';

const bytes = (...values: (number | string)[]): Buffer =>
  Buffer.concat(values.map((value) => (typeof value === 'number' ? Buffer.of(value) : Buffer.from(value))));

describe('quoting of names', () => {
  test.each([
    ['plain name.txt', Buffer.from('plain name.txt')],
    ['a<b>&c', Buffer.from('a<b>&c')],
    ['quote\\"back\\\\slash', Buffer.from('quote"back\\slash')],
    ['nl\\ntab\\t\\a\\b\\f\\r\\v', Buffer.from('nl\ntab\t\x07\b\f\r\v')],
    ['esc-\\x1b[0m\\x7f\\x00', Buffer.from('esc-\x1b[0m\x7f\x00')],
    ['bad-\\xff\\xfe', bytes('bad-', 0xff, 0xfe)],
    ['nbsp-\\u00a0', Buffer.from('nbsp-\u00a0')],
    ['ls-\\u2028', Buffer.from('ls-\u2028')],
    ['shy-\\u00ad', Buffer.from('shy-\u00ad')],
    ['zwj-👩\\u200d💻', Buffer.from('zwj-👩\u200d💻')],
    ['private-\\ue000\\U000f0000', Buffer.from('private-\ue000\u{f0000}')],
    ['uni-é-漢-😀', Buffer.from('uni-é-漢-😀')],
    ['bom-\\ufeff', Buffer.from('bom-\ufeff')],
    // A surrogate in UTF-8 is three invalid bytes; overlong forms are too.
    ['\\xed\\xa0\\x80', bytes(0xed, 0xa0, 0x80)],
    ['\\xc0\\x80', bytes(0xc0, 0x80)],
    ['cut-\\xe2\\x82', bytes('cut-', 0xe2, 0x82)],
    ['\\xf5\\x80\\x80\\x80', bytes(0xf5, 0x80, 0x80, 0x80)],
    // Known to this Node's Unicode, not yet to restic 0.19's.
    ['\\U0001fae9', Buffer.from('\u{1fae9}')],
    ['\u{1fae8}', Buffer.from('\u{1fae8}')],
    ['real-\ufffd', Buffer.from('real-\ufffd')],
  ])('writes %s', (quoted, name) => {
    expect(goQuote(name)).toBe(quoted);
    expect(goUnquote(quoted)).toEqual(name);
  });

  test('reads every escape that Go reads', () => {
    expect(goUnquote('\\101\\x41\\u0041\\U00000041\\377')).toEqual(bytes('AAAA', 0xff));
  });

  test.each(['lone\\', 'raw"quote', '\\q', "\\'", '\\x4', '\\400', '\\ud800', '\\U00110000', 'line\nfeed'])('refuses %j', (text) => {
    expect(() => goUnquote(text)).toThrow(expect.objectContaining({ kind: 'damaged', code: 'name-quoting' }));
  });

  test('brings any bytes back', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), (name) => Buffer.compare(goUnquote(goQuote(name)), name) === 0));
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (name) => goUnquote(goQuote(Buffer.from(name))).equals(Buffer.from(name))),
    );
  });

  test('never throws anything but damaged for a text', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('\\', '"', 'x', 'u', 'U', '0', '7', 'a', 'f', 'é') }), (text) => {
        try {
          goUnquote(text);
        } catch (error) {
          expect(isFortFailError(error, 'damaged')).toBe(true);
        }
      }),
    );
  });
});

describe('JSON texts', () => {
  test('escapes what Go escapes and nothing else', () => {
    expect(goJsonString('a<b>&"\\\n\r\t\b\f\x01\x7f\u2028\u2029é😀')).toBe(
      '"a\\u003cb\\u003e\\u0026\\"\\\\\\n\\r\\t\\b\\f\\u0001\x7f\\u2028\\u2029é😀"',
    );
  });

  test('writes an invalid byte as six characters and a true U+FFFD as itself', () => {
    expect(goJsonBytes(bytes('a', 0xff, '<\ufffd'))).toBe('"a\\ufffd\\u003c\ufffd"');
  });

  test('means the same text to every JSON reader', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => JSON.parse(goJsonString(text)) === text.toWellFormed()));
  });
});

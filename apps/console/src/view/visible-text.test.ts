import { expect, test } from 'vitest';
import { visibleText } from './visible-text.ts';

test('what would turn the writing around or hide is written out', () => {
  expect(visibleText('invoice\u202Efdp.exe')).toBe('invoice\\u202efdp.exe');
  expect(visibleText('a\nb\u200Bc\uFEFF')).toBe('a\\u000ab\\u200bc\\ufeff');
});

test('letters of any script, and markup, stay as they are', () => {
  expect(visibleText('<img onerror> عربى 日本 ü 👍')).toBe('<img onerror> عربى 日本 ü 👍');
});

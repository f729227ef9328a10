import { expect, it } from 'vitest';
import { splitLines } from './lines.ts';

async function lines(text: string, size: number): Promise<string[]> {
  const bytes = new TextEncoder().encode(text);
  async function* chunks(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
  }
  const found: string[] = [];
  for await (const line of splitLines(chunks())) found.push(line);
  return found;
}

it.each([1, 2, 3, 7, 1000])('cuts at newlines only, however the bytes come (%i at a time)', async (size) => {
  expect(await lines('a\u2028b\u2029c\u0085\r\n\nŁ✂😀\nlast', size)).toEqual(['a\u2028b\u2029c\u0085\r', '', 'Ł✂😀', 'last']);
  expect(await lines('one\n', size)).toEqual(['one']);
  expect(await lines('', size)).toEqual([]);
});

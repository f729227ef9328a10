import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildConsole } from './harness.ts';

const kB = 1000;

describe('what the console weighs', () => {
  let dist = '';
  let files: { name: string; text: string; gzipped: number }[] = [];
  beforeAll(async () => {
    dist = await buildConsole();
    const names = await readdir(join(dist, 'assets'));
    files = await Promise.all(
      names.map(async (name) => {
        const text = await readFile(join(dist, 'assets', name), 'utf8');
        return { name, text, gzipped: gzipSync(text, { level: 9 }).length };
      }),
    );
  });
  afterAll(() => rm(dist, { recursive: true, force: true }));

  /** What a browser loads before it shows anything: named by the page itself. */
  const atFirst = async (extension: string): Promise<Set<string>> => {
    const html = await readFile(join(dist, 'index.html'), 'utf8');
    return new Set([...html.matchAll(/assets\/([^"]+)"/g)].flatMap(([, name = '']) => (name.endsWith(extension) ? [name] : [])));
  };
  const sum = (names: ReadonlySet<string>): number =>
    files.filter(({ name }) => names.has(name)).reduce((total, { gzipped }) => total + gzipped, 0);

  test('what is loaded first stays below 130 kB of scripts and 14 kB of styles', async () => {
    expect(sum(await atFirst('.js'))).toBeLessThan(130 * kB);
    expect(sum(await atFirst('.css'))).toBeLessThan(14 * kB);
  });

  test('what is loaded later comes in parts below 35 kB, and the part that seals only with a sealed answer', async () => {
    const first = await atFirst('');
    const later = files.filter(({ name }) => !first.has(name));
    for (const { name, gzipped } of later) expect(gzipped < 35 * kB || name).toBe(true);
    expect(later.filter(({ text }) => text.includes('age-encryption.org')).map(({ name }) => name.replace(/-.*/, ''))).toEqual(['seal']);
  });

  test('every asset carries a hash in its name', () => {
    for (const { name } of files) expect(name).toMatch(/-[\w-]{8}\.(js|css)$/);
  });

  test('the page has nothing inline, and no schema library reached the browser', async () => {
    const html = await readFile(join(dist, 'index.html'), 'utf8');
    expect(html).not.toMatch(/<style|style=|<script(?![^>]*\bsrc=)[^>]*>|\son\w+=/);
    for (const { name, text } of files) expect(/ZodType|innerHTML\s*=\s*[`"'](?!<script)/.test(text) && name).toBe(false);
  });
});

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

  const sum = (extension: string): number =>
    files.filter(({ name }) => name.endsWith(extension)).reduce((total, { gzipped }) => total + gzipped, 0);

  test('all scripts together stay below 130 kB, all styles below 14 kB', () => {
    expect(sum('.js')).toBeLessThan(130 * kB);
    expect(sum('.css')).toBeLessThan(14 * kB);
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

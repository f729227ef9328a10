import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { expect } from 'vitest';
import { axeFindings } from '../console/axe.ts';
import { chromiumFlags, chromiumPath, watch } from '../console/harness.ts';
import { sidewaysScroll, wholePicture } from '../console/in-page.ts';
import { smallPng } from '../console/small-png.ts';

/** A folder for pictures of the first day. The ones in docs/console (FORTFAIL_SHOTS=1) show a site that has a history. */
const shots = process.env.FORTFAIL_SHOTS === '1' ? undefined : process.env.FORTFAIL_SHOTS;

export const launch = (): Promise<Browser> => chromium.launch({ executablePath: chromiumPath ?? '', args: [...chromiumFlags] });

/** Somebody at a browser of their own. `faults` collects errors, refused content and requests that leave the house. */
export interface Visitor extends AsyncDisposable {
  readonly page: Page;
  readonly context: BrowserContext;
  readonly faults: string[];
  open(path: string): Promise<void>;
  /** Waits for the page's title to say this. */
  heading(name: RegExp): Promise<void>;
  /** Judges the page as it stands in both themes, and keeps a picture of it when pictures are asked for. */
  judge(name?: string, isLong?: boolean): Promise<void>;
}

export async function visitor(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<Visitor> {
  const context = await browser.newContext({
    viewport: { width: 1440, height: 900 },
    colorScheme: 'light',
    reducedMotion: 'reduce',
    timezoneId: 'Europe/Paris',
    locale: 'en-GB',
    ...options,
  });
  context.setDefaultTimeout(20_000);
  const page = await context.newPage();
  const faults: string[] = [];
  watch(page, url, faults);
  return {
    page,
    context,
    faults,
    open: async (path) => {
      await page.goto(url + path);
    },
    heading: (name) => page.getByRole('heading', { level: 1, name }).waitFor(),
    judge: (name, isLong = false) => judge(page, faults, name, isLong),
    [Symbol.asyncDispose]: () => context.close(),
  };
}

async function judge(page: Page, faults: readonly string[], name: string | undefined, isLong: boolean): Promise<void> {
  for (const theme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme: theme });
    expect(await axeFindings(page), `${page.url()} in the ${theme} theme`).toEqual([]);
    if (shots === undefined || name === undefined) continue;
    await mkdir(shots, { recursive: true });
    await writeFile(join(shots, `${name}-${theme}.png`), smallPng(isLong ? await page.screenshot() : await wholePicture(page)));
  }
  await page.emulateMedia({ colorScheme: 'light' });
  expect(await page.getByRole('heading', { level: 1 }).count()).toBe(1);
  expect(await sidewaysScroll(page)).toBeLessThanOrEqual(0);
  expect(faults).toEqual([]);
}

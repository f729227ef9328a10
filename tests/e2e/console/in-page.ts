import type { Locator, Page } from 'playwright-core';

/** Expressions that run in the page. As text, since the tests themselves know nothing of a document. */
const ask = <T>(page: Page, expression: string): Promise<T> => page.evaluate(expression) as Promise<T>;

/** A picture of all of the page, with the frame as tall as its content. */
export const wholePicture = async (page: Page): Promise<Buffer> => {
  const size = page.viewportSize();
  if (size === null) return page.screenshot({ fullPage: true });
  const height = await ask<number>(page, 'document.documentElement.scrollHeight');
  await page.setViewportSize({ ...size, height: Math.max(height, size.height) });
  const picture = await page.screenshot();
  await page.setViewportSize(size);
  return picture;
};
export const focusedText = (page: Page): Promise<string | undefined> => ask(page, 'document.activeElement?.textContent');
export const isFocused = (locator: Locator): Promise<boolean> =>
  locator
    .and(locator.page().locator(':focus'))
    .count()
    .then((number) => number === 1);
/** How far the page could be scrolled sideways, in pixels. */
export const sidewaysScroll = (page: Page): Promise<number> =>
  ask(page, 'document.documentElement.scrollWidth - document.documentElement.clientWidth');
export const colorScheme = (page: Page): Promise<string> => ask(page, 'getComputedStyle(document.documentElement).colorScheme');
export const chosenTheme = (page: Page): Promise<string | undefined> => ask(page, 'document.documentElement.dataset.theme');

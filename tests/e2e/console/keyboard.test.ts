import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { axeFindings } from './axe.ts';
import { type Bench, openBench, skipReason, visit } from './harness.ts';
import { chosenTheme, colorScheme, focusedText, isFocused } from './in-page.ts';

const answer = /would come back as promised/;

describe.skipIf(skipReason)('the keyboard', () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await openBench();
  });
  afterAll(() => bench?.[Symbol.asyncDispose]());

  test('g and a letter go to pages, and the new page has the focus', async () => {
    await using seen = await visit(bench);
    const { page } = seen;
    await seen.open('/');
    await page.getByRole('heading', { level: 1, name: answer }).waitFor();
    for (const [letter, name] of [
      ['j', /jobs run/],
      ['r', /restore points of 13 plans/],
      ['p', /of 13 plans/],
      ['d', /drills failed/],
      ['o', answer],
    ] as const) {
      await page.keyboard.press('g');
      await page.keyboard.press(letter);
      await page.getByRole('heading', { level: 1, name }).waitFor();
      expect(await isFocused(page.getByRole('main'))).toBe(true);
    }
  });

  test('j and k walk over rows, Enter opens one, b asks before it orders', async () => {
    await using seen = await visit(bench);
    const { page, api } = seen;
    await seen.open('/plans');
    await page.getByRole('link', { name: 'billing-exports' }).waitFor();
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    await page.keyboard.press('k');
    await page.keyboard.press('j');
    expect(await focusedText(page)).toBe('media-library');
    await page.keyboard.press('b');
    const dialog = page.getByRole('dialog', { name: 'Back up media-library?' });
    await dialog.waitFor();
    expect(await axeFindings(page)).toEqual([]);
    await page.keyboard.press('Enter');
    await dialog.waitFor({ state: 'detached' });
    expect(api.orders).toEqual([]);
    expect(await focusedText(page)).toBe('media-library');
    await page.keyboard.press('b');
    await dialog.getByRole('button', { name: 'Back up now' }).click();
    await page.getByText('Backup of media-library is ordered').waitFor();
    expect(api.orders[0]).toMatchObject({ route: 'backUp', path: { planId: 'pln_0000000000000002' } });
  });

  test('the palette finds a verb with its object, and Escape gives the focus back', async () => {
    await using seen = await visit(bench);
    const { page } = seen;
    await seen.open('/');
    await page.getByRole('heading', { level: 1, name: answer }).waitFor();
    const find = page.getByRole('button', { name: 'Find or do' });
    await find.focus();
    await page.keyboard.press('Control+k');
    const box = page.getByRole('combobox', { name: 'Find or do' });
    await box.waitFor();
    expect(await axeFindings(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await box.waitFor({ state: 'detached' });
    expect(await isFocused(find)).toBe(true);
    await page.keyboard.press('Control+k');
    await box.fill('restore wiki');
    expect(await page.getByRole('option', { selected: true }).textContent()).toContain('Restore wiki-pages…');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Restore from wiki-pages' }).waitFor();
  });

  test('t turns the theme, z the zone, and both last over a reload; letters can be switched off', async () => {
    await using seen = await visit(bench, { theme: 'light' });
    const { page } = seen;
    await seen.open('/plans/pln_0000000000000004');
    await page.getByRole('heading', { level: 1, name: 'wiki-pages' }).waitFor();
    await page.keyboard.press('t');
    expect(await colorScheme(page)).toBe('dark');
    await page.keyboard.press('z');
    await page.getByRole('button', { name: /Paris$/ }).waitFor();
    await page.getByText('by hour, Europe/Paris, 30 days').waitFor();
    await page.reload();
    await page.getByRole('button', { name: /Paris$/ }).waitFor();
    expect(await colorScheme(page)).toBe('dark');
    await page.keyboard.press('?');
    const help = page.getByRole('dialog', { name: 'Keys' });
    await help.getByLabel('Single letters act').uncheck();
    await page.keyboard.press('Escape');
    await help.waitFor({ state: 'detached' });
    await page.keyboard.press('t');
    expect(await colorScheme(page)).toBe('dark');
  });

  test('the first Tab offers to skip the menu, and letters rest while one types', async () => {
    await using seen = await visit(bench);
    const { page } = seen;
    await seen.open('/points');
    await page.getByRole('heading', { level: 1, name: /restore points/ }).waitFor();
    await page.keyboard.press('Tab');
    expect(await focusedText(page)).toBe('Skip to content');
    await page.keyboard.press('Enter');
    await page.keyboard.press('/');
    const plan = page.getByLabel('Plan');
    expect(await isFocused(plan)).toBe(true);
    await page.keyboard.press('t');
    expect(await chosenTheme(page)).toBe(undefined);
  });
});

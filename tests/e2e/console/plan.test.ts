import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { axeFindings } from './axe.ts';
import { type Bench, openBench, skipReason, visit } from './harness.ts';
import { isFocused } from './in-page.ts';

const wiki = '/plans/pln_0000000000000004';

describe.skipIf(skipReason)('the page of a plan', () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await openBench();
  });
  afterAll(() => bench?.[Symbol.asyncDispose]());

  test('slots are moved over by arrow keys and read out; a table has the same', async () => {
    await using seen = await visit(bench);
    const { page } = seen;
    await seen.open(wiki);
    const map = page.getByRole('application', { name: /^Slots by day and hour/ });
    await map.focus();
    await map.press('ArrowUp');
    await map.press('ArrowRight');
    await page.getByText(/^\d+ \w{3} 01:00: not due$/).waitFor();
    await page.getByRole('button', { name: 'Table of slots' }).click();
    await page.getByRole('columnheader', { name: 'Came to' }).waitFor();
    expect(await axeFindings(page)).toEqual([]);
  });

  test('drills show as a table too, with the way to their evidence', async () => {
    await using seen = await visit(bench);
    const { page } = seen;
    await seen.open(wiki);
    await page.getByRole('img', { name: /^13 drills; longest .*promise is 20 m$/ }).waitFor();
    await page.getByRole('button', { name: 'Table of drills' }).click();
    await page
      .getByRole('link', { name: /^\d+ \w{3}$/ })
      .first()
      .click();
    await page.getByRole('heading', { level: 1, name: 'wiki-pages came back in 5 m 41 s' }).waitFor();
    await page.getByText('Whether the programs that use these files start with them.').waitFor();
  });

  test('the preview says that nothing goes by itself, and a forget wants the name typed', async () => {
    await using seen = await visit(bench);
    const { page, api } = seen;
    await seen.open(wiki);
    await page.getByText(/Nothing is removed by itself\. Until pruning exists only a person’s forget acts/).waitFor();
    await page.getByRole('button', { name: 'Forget 8 points…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Forget 8 restore points of wiki-pages?' });
    await dialog.waitFor();
    expect(await isFocused(dialog.getByRole('button', { name: 'Keep them' }))).toBe(true);
    expect(await axeFindings(page)).toEqual([]);
    const verb = dialog.getByRole('button', { name: 'Forget 8 points' });
    await verb.click({ force: true });
    expect(api.orders).toEqual([]);
    await dialog.getByLabel(/^Type wiki-pages to go on/).fill('wiki-pages');
    await verb.click();
    await dialog.waitFor({ state: 'detached' });
    expect(api.orders).toHaveLength(1);
    expect(api.orders[0]?.body).toHaveProperty('restorePointIds.length', 8);
    await page.getByText('40 keep, 0 remove').waitFor();
  });

  test('one part that fails leaves the others as they are', async () => {
    await using seen = await visit(bench);
    const { page, api } = seen;
    api.break('listDrills', { status: 500, kind: 'damaged', code: 'drills-damaged', detail: 'unable to read drills' });
    await seen.open(wiki);
    await page.getByRole('alert').getByText('The drills could not be read.').waitFor();
    await page.getByText(/due slots left a complete point/).waitFor();
    await page.getByText('40 keep, 8 remove').waitFor();
  });

  test('a plan that is not there is said to be so', async () => {
    await using seen = await visit(bench);
    await seen.open('/plans/pln_00000000000000ff');
    await seen.page
      .getByRole('alert')
      .getByText(/unable to find plan/i)
      .waitFor();
    await seen.page.getByRole('heading', { level: 1, name: 'This plan could not be read' }).waitFor();
  });
});

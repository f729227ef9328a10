import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Bench, openBench, skipReason, visit } from './harness.ts';
import { sidewaysScroll } from './in-page.ts';

const paths = [
  '/',
  '/plans/pln_0000000000000004',
  '/points',
  '/points/rpt_0000000000000bb9/files#file=%2Fsrv%2Fwww%2Fwiki%2FLocalSettings.php',
  '/points/rpt_0000000000000bc3...rpt_0000000000000bb9#all=1',
  '/points?plan=pln_0000000000000004#q=composer',
  '/restores/new?point=rpt_0000000000000bb9',
  '/jobs/job_0000000000007c9e',
  '/drills/drl_00000000000000c9',
];

describe.skipIf(skipReason)('on a phone', () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await openBench();
  });
  afterAll(() => bench?.[Symbol.asyncDispose]());

  test.each(paths)('%s fits 320 pixels without sideways scrolling', async (path) => {
    await using seen = await visit(bench, { width: 320, height: 700 });
    const { page } = seen;
    await seen.open(path);
    await page.getByRole('heading', { level: 1 }).waitFor();
    await page.getByText('Live', { exact: true }).first().waitFor({ state: 'attached' });
    await expect.poll(() => sidewaysScroll(page)).toBeLessThanOrEqual(0);
  });

  test('the bar at the foot leads everywhere with targets of 44 pixels', async () => {
    await using seen = await visit(bench, { width: 390, height: 800 });
    const { page } = seen;
    await seen.open('/');
    const bar = page.getByRole('navigation', { name: 'Main' });
    await bar.getByRole('link', { name: 'Jobs' }).waitFor();
    for (const target of await bar.locator('a, button').all()) {
      const box = await target.boundingBox();
      expect(box?.height).toBeGreaterThanOrEqual(44);
      expect(box?.width).toBeGreaterThanOrEqual(44);
    }
    await bar.getByRole('link', { name: 'Jobs' }).click();
    await page.getByRole('link', { name: /Back up billing-exports/ }).click();
    await page.getByText('Free 12 GB there, then back up again.').waitFor();
    await bar.getByRole('button', { name: 'More' }).click();
    const more = page.getByRole('dialog', { name: 'More' });
    await more.getByRole('link', { name: 'Drills' }).click();
    await page.getByRole('heading', { level: 1, name: /drills failed/ }).waitFor();
  });
});

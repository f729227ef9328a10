import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Bench, openBench, skipReason, visit } from './harness.ts';

const running = 'job_0000000000007c9e';

describe.skipIf(skipReason)('jobs', () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await openBench();
  });
  afterAll(() => bench?.[Symbol.asyncDispose]());

  test('progress and log follow the stream', async () => {
    await using seen = await visit(bench);
    const { page, api } = seen;
    await seen.open(`/jobs/${running}`);
    const bar = page.getByRole('progressbar', { name: 'Back up shop-uploads' }).last();
    expect(await bar.getAttribute('aria-valuenow')).toBe('61');
    await page.getByText('following, 9 lines').waitFor();
    const progress = api.world.jobs[0]?.progress;
    if (!progress) throw new Error('the fixture has no progress');
    const at = new Date().toISOString();
    api.emit({ type: 'job.progress', seq: null, at, id: running, progress: { ...progress, bytesDone: 700e9 } });
    api.emit({ type: 'job.log', seq: null, at, id: running, lines: [{ at, level: 'warn', message: 'a new word of warning' }] });
    await page.getByText('a new word of warning').waitFor();
    await page.getByText('following, 10 lines').waitFor();
    await expect.poll(() => bar.getAttribute('aria-valuenow')).toBe('76');
    await page.getByRole('button', { name: 'Warnings 3' }).click();
    expect(await page.getByRole('region', { name: 'Log lines' }).getByRole('listitem').count()).toBe(3);
  });

  test('a filter is part of the address, and Back undoes an opened job', async () => {
    await using seen = await visit(bench);
    const { page, api } = seen;
    await seen.open('/jobs');
    await page.getByRole('heading', { level: 1, name: '2 jobs run, 1 waits' }).waitFor();
    await page.getByRole('button', { name: 'Failed 2' }).click();
    expect(page.url()).toBe(`${api.url}/jobs?show=failed`);
    await page.getByRole('link', { name: /Back up home-dirs/ }).click();
    await page.getByText('2 of 88,204 files could not be read.').waitFor();
    await page.goBack();
    expect(page.url()).toBe(`${api.url}/jobs?show=failed`);
    await page.getByText('Free 12 GB there, then back up again.').waitFor();
  });

  test('a running job can be stopped, once', async () => {
    await using seen = await visit(bench);
    const { page, api } = seen;
    await seen.open(`/jobs/${running}`);
    await page.getByRole('button', { name: 'Stop' }).click();
    await page.getByText('It was stopped by Mara.').waitFor();
    expect(api.orders.map(({ route }) => route)).toEqual(['cancelJob']);
    expect(await page.getByRole('button', { name: 'Stop' }).count()).toBe(0);
  });
});

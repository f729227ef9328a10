import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { axeFindings } from './axe.ts';
import { type Bench, openBench, skipReason, visit } from './harness.ts';

const answer = /would come back as promised/;

describe.skipIf(skipReason)('the overview', () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await openBench();
  });
  afterAll(() => bench?.[Symbol.asyncDispose]());

  test('the title is the answer, and what is not kept leads to its plans', async () => {
    await using seen = await visit(bench);
    const { page } = seen;
    await seen.open('/');
    const title = page.getByRole('heading', { level: 1, name: answer });
    await title.waitFor();
    expect(await title.textContent()).toBe('7 of 13 plans would come back as promised. 3 would not, 1 is close, 2 cannot be told.');
    expect(await title.getByRole('link').allTextContents()).toEqual(['3 would not', '1 is close', '2 cannot be told']);
    const rows = page.getByRole('table').getByRole('row');
    expect(await rows.count()).toBe(14);
    expect(await rows.nth(1).textContent()).toMatch(/Broken: billing-exports.*9 h 1\d m.*of 1 h.*drilled/s);
  });

  test('an order is given at once and can be followed', async () => {
    await using seen = await visit(bench);
    const { page, api } = seen;
    await seen.open('/');
    await page.getByRole('button', { name: 'Back up now (billing-exports)' }).click();
    const told = page.getByRole('status', { name: 'What just happened' });
    await told.getByText('Backup of billing-exports is ordered').waitFor();
    expect(api.orders).toEqual([{ route: 'backUp', path: { planId: 'pln_0000000000000001' }, body: undefined }]);
    await told.getByRole('link', { name: 'Follow' }).click();
    await page.getByRole('heading', { level: 2, name: /Back up billing-exports/ }).waitFor();
  });

  test('a change told by the stream is shown without a reload', async () => {
    await using seen = await visit(bench);
    const { page, api } = seen;
    await seen.open('/');
    await page.getByText('Back up shop-uploads').waitFor();
    await page.getByText('Live', { exact: true }).first().waitFor({ state: 'attached' });
    const running = api.world.jobs[0];
    if (!running) throw new Error('the fixture has no job');
    api.emit({
      type: 'job.progress',
      seq: null,
      at: new Date().toISOString(),
      id: running.id,
      progress: { ...(running.progress ?? never()), bytesDone: 819e9, secondsRemaining: 60 },
    });
    await page.getByText('90 %, 1 m left').waitFor();
    api.world.jobs = api.world.jobs.map((job) => (job.id === running.id ? { ...job, status: 'succeeded' } : job));
    api.changed('job', running.id);
    await page.getByRole('link', { name: 'Back up shop-uploads' }).waitFor({ state: 'detached' });
  });

  test('before anything is protected it says how to begin', async () => {
    await using seen = await visit(bench, {
      prepare: ({ world }) => {
        world.plans = [];
        world.points = [];
        world.jobs = [];
      },
    });
    await seen.open('/');
    await seen.page.getByRole('heading', { level: 1, name: 'Nothing is protected yet.' }).waitFor();
    await seen.page.getByText('npm start -- --protect').waitFor();
    expect(await axeFindings(seen.page)).toEqual([]);
  });

  test('while the answer is awaited, frames stand where it will be', async () => {
    await using seen = await visit(bench);
    const release = seen.api.hold('overview');
    await seen.open('/');
    await seen.page.getByRole('heading', { level: 2, name: 'Promises' }).waitFor();
    expect(await seen.page.locator('main [aria-busy=true]').count()).toBe(4);
    expect(await axeFindings(seen.page)).toEqual([]);
    release();
    await seen.page.getByRole('heading', { level: 1, name: answer }).waitFor();
  });

  test('a failed answer tells cause, what still works, code and request, and can be tried again', async () => {
    await using seen = await visit(bench);
    const { page, api } = seen;
    api.break('overview', {
      status: 507,
      kind: 'no-space',
      code: 'database-full',
      detail: 'unable to read the catalog, the disk is full',
      hint: 'Free space on fort-01.',
    });
    await seen.open('/');
    const alert = page.getByRole('alert');
    await alert.waitFor();
    const text = await alert.textContent();
    expect(text).toMatch(/could not be read.*Unable to read the catalog, the disk is full.*Free space.*still|go on/s);
    expect(text).toMatch(/database-full · request req-\d+/);
    expect(await axeFindings(page)).toEqual([]);
    api.mend('overview');
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByRole('heading', { level: 1, name: answer }).waitFor();
  });

  test('ten seconds of silence drain the page and stop its verbs; the first word brings both back', async () => {
    await using seen = await visit(bench);
    const { page, api } = seen;
    await page.clock.install();
    await seen.open('/');
    await page.getByRole('heading', { level: 1, name: answer }).waitFor();
    await page.getByText('Live', { exact: true }).first().waitFor({ state: 'attached' });
    api.silence();
    await page.clock.runFor(12_000);
    const banner = page.getByRole('alert').filter({ hasText: 'You see' });
    await banner.waitFor();
    const verb = page.getByRole('button', { name: 'Back up now (billing-exports)' });
    expect(await verb.getAttribute('aria-disabled')).toBe('true');
    await verb.click({ force: true });
    expect(api.orders).toEqual([]);
    expect(await axeFindings(page)).toEqual([]);
    api.speak();
    await banner.getByRole('button', { name: 'Try again' }).click();
    await banner.waitFor({ state: 'detached' });
    expect(await verb.getAttribute('aria-disabled')).toBe(null);
  });
});

function never(): never {
  throw new Error('the fixture has no progress');
}

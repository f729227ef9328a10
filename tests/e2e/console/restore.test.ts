import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { axeFindings } from './axe.ts';
import { type Bench, openBench, skipReason, type Visit, visit } from './harness.ts';

const choose = '/restores/new?point=rpt_0000000000000bb9';

const ask = async ({ page }: Visit): Promise<void> => {
  await page.getByRole('button', { name: 'Ask fort-01 for a proposal' }).click();
};

describe.skipIf(skipReason)('a restore', () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await openBench();
  });
  afterAll(() => bench?.[Symbol.asyncDispose]());

  test('goes from two chosen entries over the proposal and the yes to the measured result', async () => {
    await using seen = await visit(bench);
    const { page, api } = seen;
    await seen.open(choose);
    await page.getByLabel('Choose composer.json').check();
    await page.getByRole('link', { name: 'conf', exact: true }).click();
    await page.getByLabel('Choose apache.conf').check();
    await page.getByText('2 chosen').waitFor();
    await page.getByText('7.51 kB').waitFor();
    await ask(seen);
    await page.getByRole('heading', { level: 1, name: 'A restore of wiki-pages is being worked out' }).waitFor();
    expect(api.orders[0]?.body).toEqual({
      restorePointId: 'rpt_0000000000000bb9',
      include: ['/srv/www/wiki/composer.json', '/srv/www/wiki/conf/apache.conf'],
      target: null,
      targetAgentId: null,
    });
    const id = api.world.restores[0]?.id ?? '';
    expect(page.url()).toBe(`${api.url}/restores/${id}`);
    api.answerProposal(id);
    await page.getByText(/fort-01 answers: 2 files, 459 kB, nothing in the way\./).waitFor();
    await page.getByRole('button', { name: 'Continue…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Restore 2 files of wiki-pages?' });
    await dialog.waitFor();
    expect(await page.getByRole('list', { name: 'Steps' }).locator('[aria-current=step]').textContent()).toContain('Confirm');
    expect(await axeFindings(page)).toEqual([]);
    expect(api.orders).toHaveLength(1);
    await dialog.getByRole('button', { name: 'Restore 2 files' }).click();
    await page.getByRole('heading', { level: 1, name: 'wiki-pages is coming back' }).waitFor();
    expect(api.orders[1]?.body).toEqual({ digest: api.world.restores[0]?.proposal?.digest });
    await page.getByText('Closing this page does not stop it.').waitFor();
    api.world.restores = api.world.restores.map((restore) => ({
      ...restore,
      status: 'succeeded',
      report: {
        files: 2,
        bytes: 459_200,
        verifiedBytes: 459_200,
        errors: 0,
        rtoSeconds: 1.84,
        phases: [{ name: 'fetch', seconds: 1.2 }],
        target: restore.proposal?.target ?? '',
      },
    }));
    api.changed('restore', id);
    await page.getByText('2 files are back on fort-01, every byte verified. It took 1.9 s.').waitFor();
    expect(await axeFindings(page)).toEqual([]);
    expect(seen.faults).toEqual([]);
  });

  test('names of files are text and nothing else, and what would turn them around is written out', async () => {
    await using seen = await visit(bench);
    const { page } = seen;
    await seen.open(choose);
    await page.getByLabel('Choose invoice\\u202efdp.exe').waitFor();
    const hostile = page.getByRole('link', { name: '<img src=x onerror="document.title=\'owned\'">' });
    await hostile.click();
    await page.getByText('This folder is empty.').waitFor();
    expect(await page.locator('main img').count()).toBe(0);
    expect(await page.title()).toBe('Restore · FortFail');
    expect(seen.faults).toEqual([]);
  });

  test('a long folder comes in parts, a chosen folder covers what is in it, and brackets walk through the points', async () => {
    await using seen = await visit(bench);
    const { page } = seen;
    await seen.open(choose);
    await page.getByLabel('Choose uploads').check();
    await page.getByRole('link', { name: 'uploads', exact: true }).click();
    await page.getByText('200 of more entries').waitFor();
    expect(await page.getByLabel('Choose picture-0000.jpg').isDisabled()).toBe(true);
    await page.getByRole('button', { name: 'Show more entries' }).click();
    await page.getByText('400 of more entries').waitFor();
    const slider = page.getByRole('slider', { name: 'Restore point' });
    expect(await slider.getAttribute('aria-valuetext')).toMatch(/drilled$/);
    await page.getByRole('main').focus();
    await page.keyboard.press('[');
    await expect.poll(() => slider.getAttribute('aria-valuetext')).toMatch(/complete$/);
    await page.getByText('Everything in this point').waitFor();
  });

  test('a folder with something in it stops the way, and says why', async () => {
    await using seen = await visit(bench);
    const { page, api } = seen;
    await seen.open(choose);
    await page.getByLabel(/^Another folder/).check();
    const verb = page.getByRole('button', { name: 'Ask fort-01 for a proposal' });
    expect(await verb.getAttribute('aria-disabled')).toBe('true');
    await page.getByRole('textbox', { name: 'Folder' }).fill('relative');
    await page.getByText('The folder must be an absolute path, from / on.').first().waitFor();
    await page.getByRole('textbox', { name: 'Folder' }).fill(api.sentinels.fullTarget);
    await ask(seen);
    await page
      .getByRole('alert')
      .getByText(/the disk is full/)
      .waitFor();
    await page.getByRole('textbox', { name: 'Folder' }).fill(api.sentinels.busyTarget);
    await ask(seen);
    await page.getByRole('heading', { level: 1, name: /worked out/ }).waitFor();
    api.answerProposal(api.world.restores[0]?.id ?? '');
    await page.getByRole('cell', { name: 'file, 14.4 kB' }).waitFor();
    expect(await page.getByRole('button', { name: 'Continue…' }).getAttribute('aria-disabled')).toBe('true');
    await page.getByText('The folder is not empty. Choose another one.').waitFor({ state: 'attached' });
  });

  test('a failed restore never reads as if it had come back', async () => {
    await using seen = await visit(bench);
    const { page, api } = seen;
    await seen.open(choose);
    await page.getByLabel('Choose conf').check();
    await ask(seen);
    await page.getByRole('heading', { level: 1, name: /worked out/ }).waitFor();
    const id = api.world.restores[0]?.id ?? '';
    api.answerProposal(id);
    api.world.restores = api.world.restores.map((restore) => ({
      ...restore,
      status: 'failed',
      error: {
        kind: 'damaged',
        code: 'pack-damaged',
        message: 'unable to read pack 3fa9, it does not match its name',
        hint: 'Restore an older point.',
      },
    }));
    await seen.open(`/restores/${id}`);
    await page.getByRole('heading', { level: 1, name: 'wiki-pages did not come back' }).waitFor();
    expect(await page.getByRole('alert').textContent()).toMatch(
      /The restore failed\..*3fa9.*Restore an older point\..*pack-damaged.*it is not complete/s,
    );
    expect(await axeFindings(page)).toEqual([]);
  });
});

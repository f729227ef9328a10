import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { axeFindings } from './axe.ts';
import { chromiumFlags, chromiumPath, skipReason } from './harness.ts';
import { openRealSite, type RealSite } from './real-site.ts';

/** An authenticator of the browser's own, that says yes. */
const addAuthenticator = async (page: Page): Promise<void> => {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('WebAuthn.enable');
  await devtools.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
};

describe.skipIf(skipReason)('with a real orchestrator and agent behind it', () => {
  let site: RealSite;
  let browser: Browser;
  beforeAll(async () => {
    site = await openRealSite();
    browser = await chromium.launch({ executablePath: chromiumPath ?? '', args: chromiumFlags });
  });
  afterAll(async () => {
    await browser?.close();
    await site?.[Symbol.asyncDispose]();
  });

  test('the first link, a passkey, a backup, a drill and a restore, all by hand', async () => {
    const { repository } = await site.ask('createRepository', {}, { name: 'main', path: join(site.folder, '..', 'repository') });
    await expect
      .poll(async () => (await site.ask('getRepository', { repositoryId: repository.id })).status, { timeout: 60_000 })
      .toBe('ready');
    const plan = await site.ask(
      'createPlan',
      {},
      {
        name: 'protected',
        source: { kind: 'files', paths: [site.folder] },
        repositoryId: repository.id,
        schedule: { cron: '0 0 1 1 *' },
        keep: { last: 7 },
        promise: { rpoSeconds: 7200, rtoSeconds: 600 },
      },
    );
    const { url } = await site.ask('createLoginLink');
    const page = await (await browser.newContext({ viewport: { width: 1440, height: 900 } })).newPage();
    page.setDefaultTimeout(60_000);
    const faults: string[] = [];
    page.on('pageerror', (error) => faults.push(error.message));
    await addAuthenticator(page);

    await page.goto(url);
    await page.getByRole('button', { name: 'Use a passkey instead' }).click();
    await page.getByRole('table').getByRole('link', { name: 'protected' }).click();
    await page.getByRole('button', { name: 'Back up now' }).click();
    await page.getByRole('link', { name: 'Follow', exact: true }).click();
    await page
      .getByText(/^Backed up 42 files/)
      .first()
      .waitFor();
    await page.getByRole('link', { name: 'The plan' }).click();
    await page.getByRole('button', { name: 'Drill now' }).click();
    await page.getByRole('link', { name: 'Evidence of the last one' }).click();
    await page.getByRole('heading', { level: 1, name: /^protected came back in \d/ }).waitFor();

    await page.goto(`${site.url}/restores/new?plan=${plan.id}`);
    await page.getByLabel('Choose file-7.txt').check();
    await page.getByRole('button', { name: /^Ask .* for a proposal$/ }).click();
    await page.getByRole('button', { name: 'Continue…' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Restore 1 file' }).click();
    await page.getByText(/^1 file is back on .*, every byte verified\. It took \d/).waitFor();
    expect(await axeFindings(page)).toEqual([]);
    const [restored] = (await site.ask('listRestores')).items;
    expect(await readFile(join(restored?.report?.target ?? '', site.folder, 'file-7.txt'), 'utf8')).toBe('x'.repeat(700));

    await page.goto(`${site.url}/points?plan=${plan.id}#q=DEEP`);
    await page.getByRole('link', { name: join(site.folder, 'inner', 'deep.txt') }).click();
    await page.getByText('shown', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Preview' }).click();
    await page.getByRole('region', { name: 'Text of deep.txt' }).getByText('deep', { exact: true }).waitFor();

    await page.setViewportSize({ width: 430, height: 900 });
    await page.getByRole('button', { name: 'More' }).click();
    await page.getByRole('button', { name: /^Sign out/ }).click();
    await page.getByRole('heading', { level: 1, name: 'Sign in to fort-real' }).waitFor();
    await page.getByRole('button', { name: 'Use a passkey' }).click();
    await page.getByRole('heading', { level: 1, name: /would come back as promised/ }).waitFor();
    expect(faults).toEqual([]);
  });
});

import { existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { describeTree } from '@fortfail/source/testing';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { skipReason } from './console/harness.ts';
import { addBulk, MARKUP, type Product, startProduct } from './site/product.ts';
import { launch, type Visitor, visitor } from './site/visitor.ts';

const NAME = 'Ivo';
const PASSWORD = 'correct horse battery';

/**
 * The product as a person meets it on the first day: started once, then one visitor goes through it. The tests follow
 * upon each other as that day does.
 */
describe.skipIf(skipReason)('the whole product', () => {
  let product: Product;
  let browser: Browser;
  let person: Visitor;
  beforeAll(async () => {
    browser = await launch();
    product = await startProduct();
    person = await visitor(browser, product.url);
  });
  afterAll(async () => {
    await browser?.close();
    await product?.[Symbol.asyncDispose]();
  });

  const toPlan = async (): Promise<void> => {
    await person.open('/plans');
    await person.page.getByRole('link', { name: product.planName }).click();
    await person.heading(new RegExp(`^${product.planName}$`));
  };
  const signOut = async (): Promise<void> => {
    await person.page.getByRole('button', { name: `Account of ${NAME}` }).click();
    await person.page.getByRole('dialog').getByRole('button', { name: 'Sign out' }).click();
    await person.heading(/^Sign in to fort-01$/);
  };

  /** The same person in a second window. */
  const follower = async (path: string): Promise<Visitor> => {
    const other = await visitor(browser, product.url, { storageState: await person.context.storageState() });
    await other.open(path);
    return other;
  };

  test('the printed link lets one person in, once, to set a name and a password', async () => {
    const { page } = person;
    await page.goto(product.loginLink);
    await person.heading(/^Make this console yours$/);
    expect(page.url()).toBe(`${product.url}/sign-in`);
    await person.judge('set-up');
    await page.getByLabel('Name').fill(NAME);
    await page.getByLabel('Password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Set the password and go on' }).click();
    await person.heading(/would come back as promised/);
    await using other = await visitor(browser, product.url);
    await other.page.goto(product.loginLink);
    await other.page.getByRole('alert').getByText('This link does not work.').waitFor();
    await other.heading(/^Sign in to fort-01$/);
    expect(other.faults).toEqual([]);
  });

  test('the password lets in again, a wrong one does not, and nothing is shown in between', async () => {
    const { page } = person;
    await signOut();
    await person.open('/plans');
    await person.heading(/^Sign in to fort-01$/);
    await person.judge('sign-in');
    await page.getByLabel('Name').fill(NAME);
    await page.getByLabel('Password', { exact: true }).fill('correct horse buttery');
    await page.getByRole('button', { name: 'Sign in with the password' }).click();
    await page.getByRole('alert').getByText('You are not signed in.').waitFor();
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
    await page.getByRole('button', { name: 'Sign in with the password' }).click();
    await person.heading(/plans would come back/);
    expect(page.url()).toBe(`${product.url}/plans`);
    await person.judge('plans');
  });

  test('a passkey is added, and lets in without name and password', async () => {
    const { page, context } = person;
    const devtools = await context.newCDPSession(page);
    await devtools.send('WebAuthn.enable');
    await devtools.send('WebAuthn.addVirtualAuthenticator', {
      options: { protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true },
    });
    await page.getByRole('button', { name: `Account of ${NAME}` }).click();
    const account = page.getByRole('dialog');
    await account.getByRole('button', { name: 'Add a passkey' }).click();
    await account.getByText('1 passkey').waitFor();
    await person.judge('account');
    await page.keyboard.press('Escape');
    await signOut();
    await page.getByRole('button', { name: 'Use a passkey' }).click();
    await person.heading(/would come back as promised/);
    expect(person.faults).toEqual([]);
  });

  test('the overview says what is true of both plans', async () => {
    const { page } = person;
    await person.open('/');
    await person.heading(/would come back as promised/);
    for (const plan of [product.planName, 'fortfail-itself']) {
      const row = page.getByRole('row', { name: plan });
      await row.getByText('drilled').waitFor();
      await row.getByRole('img', { name: /^Newest point is .* old, the promise is 2 h$/ }).waitFor();
      await row.getByRole('img', { name: /^Last drill took .* s, the promise is 4 h$/ }).waitFor();
    }
    await page.getByText('Nothing. Every promise is kept or held.').waitFor();
    await person.judge('overview');
  });

  test('what does not belong to the page is refused by its policy, and these tests would notice', async () => {
    await using other = await follower('/');
    await other.heading(/would come back as promised/);
    const foreign = `new Promise((done) => {
      addEventListener('securitypolicyviolation', ({ violatedDirective }) => done(violatedDirective));
      const picture = document.createElement('img');
      picture.src = 'http://127.0.0.2:9/pixel.png';
      document.body.append(picture);
    })`;
    expect(await other.page.evaluate(foreign)).toBe('img-src');
    await expect(other.page.evaluate(`document.body.innerHTML = '<b>owned</b>'`)).rejects.toThrow(/TrustedHTML/);
    await expect.poll(() => other.faults.join()).toMatch(/console: .*Content Security Policy/);
  });

  test('a backup ordered here is watched live, and its point appears by itself', async () => {
    const { page } = person;
    addBulk(product.tree, 320);
    await toPlan();
    const points = page
      .getByRole('table')
      .filter({ has: page.getByRole('columnheader', { name: 'Taken' }) })
      .getByRole('row');
    await expect.poll(() => points.count()).toBe(2);
    await using other = await follower('/jobs');
    await other.heading(/^Nothing runs and nothing waits$/);
    await page.getByRole('button', { name: 'Back up now' }).click();
    await other.heading(/^1 job runs$/);
    await other.page
      .getByRole('progressbar', { name: `Back up ${product.planName}` })
      .first()
      .waitFor();
    await other.page
      .getByText(/^\d+ %$/)
      .first()
      .waitFor();
    await other.page
      .getByText(/^Backed up \d+ files/)
      .first()
      .waitFor();
    await expect.poll(() => points.count(), { timeout: 20_000 }).toBe(3);
    await other.judge('jobs');
    await page.getByText('complete', { exact: true }).first().waitFor();
    expect([...person.faults, ...other.faults]).toEqual([]);
  });

  test('a drill ordered here ends in evidence', async () => {
    const { page } = person;
    await toPlan();
    await page.getByRole('button', { name: 'Drill now' }).click();
    await page.getByRole('link', { name: 'Follow', exact: true }).click();
    await page
      .getByText(/^\d+ %$/)
      .first()
      .waitFor();
    await page
      .getByText(/^Drill passed: \d+ files/)
      .first()
      .waitFor();
    await person.judge('job-drill');
    await page.getByRole('link', { name: 'Evidence' }).click();
    await person.heading(new RegExp(`^${product.planName} came back in \\d`));
    await person.judge('drill');
    await person.open('/drills');
    await person.heading(/drills passed/);
    await person.judge('drills');
  });

  test('the plan shows slots, drills and what would be kept, with reasons', async () => {
    const { page } = person;
    await toPlan();
    await page.getByText(/^2 keep, 0 remove$/).waitFor();
    await page
      .getByRole('cell', { name: /hourly/ })
      .first()
      .waitFor();
    await page.getByText(/only a person’s forget acts/).waitFor();
    await page.getByRole('application', { name: /^Slots by day and hour/ }).waitFor();
    await page.getByRole('img', { name: /^2 drills; longest/ }).waitFor();
    await person.judge('plan');
    await person.open('/points');
    await person.heading(/^\d restore points of 2 plans$/);
    await person.judge('points', true);
  });

  test('two chosen things come back as they were, byte for byte', async () => {
    const { page } = person;
    await toPlan();
    await page.getByRole('link', { name: 'Restore…' }).click();
    await page.getByRole('link', { name: 'names', exact: true }).click();
    await page.getByRole('link', { name: '\\xfffolder' }).click();
    await page.getByText('\\x80inside').waitFor();
    await page.getByRole('navigation', { name: 'Folder' }).getByRole('link', { name: 'names' }).click();
    await page.getByLabel(`Choose ${MARKUP}`).waitFor();
    await page.getByLabel('Choose invoice\\u202efdp.exe').waitFor();
    expect(await page.locator('main img').count()).toBe(0);
    await person.judge('restore-choose');
    await page.getByLabel('Choose \\xff\\xfe\\x80').check();
    await page.getByRole('navigation', { name: 'Folder' }).getByRole('link', { name: 'library' }).click();
    await page.getByLabel('Choose bulk').check();
    await page.getByText('2 chosen').waitFor();
    await page.getByRole('button', { name: /^Ask .* for a proposal$/ }).click();
    await person.heading(/waits for your yes$/);
    await page.getByText(/answers: 21 files, 336 MB, nothing in the way\.$/).waitFor();
    await person.judge('restore-proposal');
    await page.getByRole('button', { name: 'Continue…' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Restore 21 files' }).click();
    // A disk may be faster than the next word of progress; a page in mid-restore is judged against the mock API.
    await person.heading(/^21 files of .* came back$/);
    await page.getByText(/^21 files are back on .*, every byte verified\. It took [\d.]+ s\.$/).waitFor();
    await person.judge('restored');
    const target = (await page.locator('.note-box code').textContent()) ?? '';
    const back = join(target, product.tree);
    const without = (path: string): boolean => !/^(bulk|names$|names\/\\xff\\xfe\\x80)/.test(path);
    const expected = describeTree(product.tree, { withoutRoot: true, without });
    expect(expected).toHaveLength(23);
    expect(describeTree(back, { withoutRoot: true })).toEqual(expected);
    await person.open('/restores');
    await person.heading(/^No restore waits for a yes$/);
    await person.judge('restores');
  });

  test('a backup whose folder is gone fails, and says why, where it was ordered and in its log', async () => {
    const { page } = person;
    renameSync(product.tree, `${product.tree}-away`);
    await toPlan();
    await page.getByRole('button', { name: 'Back up now' }).click();
    await page.getByRole('link', { name: 'Follow', exact: true }).click();
    await page
      .getByText(/^Unable to back up, no source path is left: '.*library' cannot be read\.$/)
      .first()
      .waitFor();
    await page.getByRole('region', { name: 'Log lines' }).waitFor();
    await person.judge('job-failed');
    renameSync(`${product.tree}-away`, product.tree);
    await page.getByRole('button', { name: 'Failed' }).click();
    await page
      .getByRole('link', { name: new RegExp(`Back up ${product.planName}`) })
      .first()
      .waitFor();
    await person.open('/');
    await person.heading(/would come back as promised/);
  });

  test('while the orchestrator is silent the page says so, and it recovers by itself', async () => {
    const { page } = person;
    await person.open('/');
    await person.heading(/would come back as promised/);
    await page.getByRole('status').getByText('Live').waitFor({ state: 'attached' });
    const orchestrator = product.part('orchestrator');
    process.kill(orchestrator, 'SIGSTOP');
    try {
      await page
        .getByRole('alert')
        .getByText(/^You see \d\d:\d\d:\d\d\.$/)
        .waitFor();
      await page
        .getByRole('status')
        .getByText(/^Stale since/)
        .waitFor({ state: 'attached' });
      await person.judge('stale');
    } finally {
      process.kill(orchestrator, 'SIGCONT');
    }
    await page.getByRole('status').getByText('Live').waitFor({ state: 'attached' });
    await page.getByRole('alert').waitFor({ state: 'detached' });
    process.kill(orchestrator, 'SIGKILL');
    await product.said(/orchestrator is back/);
    await page.getByRole('status').getByText('Live').waitFor({ state: 'attached' });
    await toPlan();
    expect(person.faults).toEqual([]);
    expect(existsSync(product.data)).toBe(true);
  });
});

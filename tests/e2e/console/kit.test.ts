import { readFile } from 'node:fs/promises';
import { noKit } from '@fortfail/console/mock-api';
import { joinShares, kitConfirmationHash, RecoveryKey, readRoster } from '@fortfail/trust';
import type { Download, Page } from 'playwright-core';
import { encode } from 'uqr';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { axeFindings } from './axe.ts';
import { type Bench, openBench, skipReason, type Visit, visit } from './harness.ts';

const admin = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea mara@laptop';
const without = {
  prepare: ({ world }: Visit['api']): void => {
    world.site.kit = noKit(world.site.kit);
  },
};

/** Everything that leaves the page: addresses, bodies, and frames of the stream. */
const listenTo = (page: Page): string[] => {
  const sent: string[] = [];
  page.on('request', (request) => sent.push(`${request.method()} ${request.url()} ${request.postData() ?? ''}`));
  page.on('websocket', (socket) => socket.on('framesent', ({ payload }) => sent.push(String(payload))));
  return sent;
};

const textOf = async (download: Download): Promise<string> => readFile(await download.path(), 'utf8');
const secretIn = (text: string): string => /AGE-SECRET-KEY-1[\s0-9A-Z]+?(?=\n\n)/.exec(text)?.[0].replaceAll(/\s/g, '') ?? '';

const begin = async ({ page, open }: Visit): Promise<void> => {
  await open('/kit');
  await page.getByRole('button', { name: 'Make the kit…' }).click();
  await page.getByLabel(/^Public SSH keys/).fill(admin);
  await page.getByText('mara@laptop may plan, approve, grant and enrol.').waitFor();
};

describe.skipIf(skipReason)('the recovery kit', () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await openBench();
  });
  afterAll(() => bench?.[Symbol.asyncDispose]());

  test('is made in the tab, saved, read back and published, and its secret never leaves the tab', async () => {
    await using seen = await visit(bench, without);
    const { page, api } = seen;
    const sent = listenTo(page);
    await seen.open('/kit');
    await page.getByRole('heading', { level: 1, name: /^There is no recovery kit/ }).waitFor();
    await page.getByRole('banner').getByRole('link', { name: 'No recovery kit' }).waitFor();
    await begin(seen);
    await page.getByRole('button', { name: 'Make the kit', exact: true }).click();
    await page.getByRole('heading', { level: 2, name: /^1\. Put kit [0-9a-f]{8} on paper$/ }).waitFor();
    expect(await axeFindings(page)).toEqual([]);
    const publish = page.getByRole('button', { name: /^Publish and confirm kit/ });
    expect(await publish.getAttribute('title')).toBe('Print or save it first.');
    const downloaded = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Save as text' }).click();
    const download = await downloaded;
    const text = await textOf(download);
    const secret = secretIn(text);
    const key = RecoveryKey.parse(secret);
    expect(download.suggestedFilename()).toBe(`fortfail-recovery-kit-${key.kitId}.txt`);
    expect(text).toContain(`Recipient  ${key.recipient}`);
    expect(text).toContain('local:/var/lib/fortfail/repositories/main');
    expect((await page.locator('.paper pre').first().textContent())?.replaceAll(/\s/g, '')).toBe(secret);
    expect(api.orders).toEqual([]);
    const field = page.getByLabel('Last six characters of the key, read from the paper');
    await field.fill('AAAAAA');
    await page.getByText('These are not the last six characters.').first().waitFor();
    await publish.click({ force: true });
    expect(api.orders).toEqual([]);
    await field.fill(key.lastSix().toLowerCase());
    await publish.click();
    await page.getByRole('heading', { level: 1, name: `Kit ${key.kitId} opens 0 of 1 repository` }).waitFor();
    expect(api.orders.map(({ route }) => route)).toEqual(['createKit', 'confirmKit']);
    const draft = api.orders[0]?.body as { owner: string; recipient: string; roster: { text: string; signature: string } };
    expect(draft.recipient).toBe(key.recipient);
    expect(draft.owner).toBe(key.ownerKey().publicLine);
    const roster = readRoster({ ...draft.roster, owner: draft.owner, site: api.world.site.kit.site.id, now: new Date() });
    expect(roster).toMatchObject({ serial: 1, recovery: key.recipient, admins: [{ name: 'mara@laptop' }] });
    await page.getByRole('link', { name: 'No recovery kit' }).waitFor({ state: 'detached' });
    await page.getByText(`fortfail agent owner set --recovery ${key.recipient} '${draft.owner}'`).waitFor();
    const everything = sent.join('\n');
    expect(everything).toContain('POST');
    expect(everything.toUpperCase()).not.toContain('AGE-SECRET-KEY');
    for (const part of [secret.slice(16, 40), secret.slice(-12)]) expect(everything.toUpperCase()).not.toContain(part);
    expect(await page.content()).not.toContain(secret.slice(16, 40));
    expect(await page.evaluate('JSON.stringify([Object.entries(localStorage), Object.entries(sessionStorage)])')).not.toContain('SECRET');
    expect(seen.faults).toEqual([]);
  });

  test('prints on one A4 page and nothing else, and only then can be published', async () => {
    await using seen = await visit(bench, without);
    const { page, api } = seen;
    await page.addInitScript('window.printed = 0; window.print = () => { window.printed += 1; };');
    await begin(seen);
    await page.getByRole('button', { name: 'Make the kit', exact: true }).click();
    await page.getByRole('button', { name: 'Print', exact: true }).click();
    expect(await page.evaluate('window.printed')).toBe(1);
    const pdf = await page.pdf({ preferCSSPageSize: true, printBackground: true });
    expect(pdf.toString('latin1').match(/\/Type\s*\/Page\b/g)).toHaveLength(1);
    expect(pdf.toString('latin1')).toMatch(/\/MediaBox \[0 0 59[45][\d.]* 84[12][\d.]*\]/);
    await page.emulateMedia({ media: 'print' });
    expect(await page.getByRole('navigation', { name: 'Main' }).count()).toBe(0);
    expect(await page.getByRole('button', { name: 'Print', exact: true }).isVisible()).toBe(false);
    await page.emulateMedia({ media: 'screen' });
    expect(api.orders).toEqual([]);
    expect(seen.faults).toEqual([]);
  });

  test('its code is the key itself', async () => {
    await using seen = await visit(bench, without);
    const { page } = seen;
    await begin(seen);
    await page.getByRole('button', { name: 'Make the kit', exact: true }).click();
    const code = page.getByRole('img', { name: 'The same as a QR code' });
    const secret = (await page.locator('.paper pre').first().textContent())?.replaceAll(/\s/g, '') ?? '';
    const { data, size } = encode(secret, { ecc: 'M', border: 2 });
    expect(await code.getAttribute('viewBox')).toBe(`0 0 ${size} ${size}`);
    const drawn = Array.from({ length: size }, () => Array.from({ length: size }, () => false));
    for (const [, x, y, length] of (await code.locator('path').getAttribute('d'))?.matchAll(/M(\d+) (\d+)h(\d+)/g) ?? [])
      drawn[Number(y)]?.fill(true, Number(x), Number(x) + Number(length));
    expect(drawn).toEqual(data);
  });

  test('in three shares none is the key, any two are, and each is read back', async () => {
    await using seen = await visit(bench, without);
    const { page, api } = seen;
    const sent = listenTo(page);
    await begin(seen);
    await page.getByLabel('Split it into three shares, of which any two open it').check();
    await page.getByRole('button', { name: 'Make the kit', exact: true }).click();
    await page.getByRole('article', { name: /share 3 of 3$/ }).waitFor();
    const texts: string[] = [];
    page.on('download', (download) => void textOf(download).then((text) => texts.push(text)));
    await page.getByRole('button', { name: 'Save as text' }).click();
    await expect.poll(() => texts.length).toBe(3);
    const shares = texts.map((text) => /FFSHARE1[\s0-9A-Z]+?(?=\n\n)/.exec(text)?.[0].replaceAll(/\s/g, '') ?? '');
    expect(texts.join('')).not.toContain('AGE-SECRET-KEY-1Q');
    const key = await joinShares(shares.slice(1));
    for (const text of texts) {
      const position = /SHARE (\d) OF 3/.exec(text)?.[1];
      const share = /FFSHARE1[\s0-9A-Z]+?(?=\n\n)/.exec(text)?.[0].replaceAll(/\s/g, '') ?? '';
      await page.getByLabel(`Last six characters of share ${position}, read from the paper`).fill(share.slice(-6));
    }
    await page.getByRole('button', { name: /^Publish and confirm kit/ }).click();
    await page.getByRole('heading', { level: 1, name: `Kit ${key.kitId} opens 0 of 1 repository` }).waitFor();
    for (const share of shares) expect(sent.join('\n').toUpperCase()).not.toContain(share.slice(20, 50));
    expect(api.world.site.kit.recipient).toBe(key.recipient);
    expect(seen.faults).toEqual([]);
  });

  test('lines that are no public keys stop the making, a private key above all', async () => {
    await using seen = await visit(bench, without);
    const { page } = seen;
    await begin(seen);
    await page.getByLabel(/^Public SSH keys/).fill('-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaA==');
    await page
      .getByText(/^Line 1 is no public key/)
      .first()
      .waitFor();
    expect(await page.getByRole('button', { name: 'Make the kit', exact: true }).getAttribute('aria-disabled')).toBe('true');
    await page.getByLabel(/^Public SSH keys/).fill(`${admin}\n${admin}`);
    await page.getByText('Line 2 is there twice.').first().waitFor();
    expect(await axeFindings(page)).toEqual([]);
  });

  test('one that was published but not read back is confirmed later, and wrong characters say so', async () => {
    const key = RecoveryKey.generate();
    await using seen = await visit(bench, {
      prepare: ({ world }) => {
        world.site.kit = { ...world.site.kit, state: 'unconfirmed', confirmedAt: null, kitId: key.kitId, recipient: key.recipient };
      },
    });
    const { page, api } = seen;
    await seen.open('/kit');
    await page.getByRole('heading', { level: 1, name: `Kit ${key.kitId} was made, and nobody confirmed that it is on paper` }).waitFor();
    await page.getByRole('banner').getByRole('link', { name: 'Recovery kit not confirmed' }).waitFor();
    await page.getByLabel(/^Last six characters/).fill('QQQQQQ');
    await page.getByRole('button', { name: `Confirm kit ${key.kitId}` }).click();
    await page
      .getByRole('alert')
      .getByText(/as they stand on the printed page/)
      .waitFor();
    api.world.site.kitConfirmation = kitConfirmationHash(key.recipient, key.lastSix());
    await page.getByLabel(/^Last six characters/).fill(key.lastSix());
    await page.getByRole('button', { name: `Confirm kit ${key.kitId}` }).click();
    await page.getByText('Confirmed', { exact: true }).first().waitFor();
    expect(JSON.stringify(api.orders)).not.toContain(key.lastSix());
  });

  test('with a kit in force no second one is made, and hosts without its owner are named with what to type', async () => {
    await using seen = await visit(bench);
    const { page, api } = seen;
    await seen.open('/kit');
    await page.getByRole('heading', { level: 1, name: 'With kit 3f9a12c0 on paper the one repository can be opened' }).waitFor();
    expect(await page.getByRole('button', { name: 'Make another…' }).getAttribute('title')).toMatch(/is in force/);
    await page.getByText('site, beside the repository').waitFor();
    const { recipient, owner } = api.world.site.kit;
    await page.getByText(`fortfail agent owner set --recovery ${recipient} '${owner}'`).waitFor();
    await page.getByRole('main').getByRole('link', { name: 'lab-nas' }).waitFor();
    expect(seen.faults).toEqual([]);
  });
});

import { readFile } from 'node:fs/promises';
import type { Download } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { axeFindings } from './axe.ts';
import { type Bench, openBench, skipReason, visit } from './harness.ts';
import { isFocused } from './in-page.ts';

const textOf = async (download: Download): Promise<string> => readFile(await download.path(), 'utf8');

describe.skipIf(skipReason)('audit, evidence and persons', () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await openBench();
  });
  afterAll(() => bench?.[Symbol.asyncDispose]());

  test('the filter is part of the address, Back undoes it, and a record opens in full', async () => {
    await using seen = await visit(bench);
    const { page } = seen;
    await seen.open('/audit');
    await page.getByRole('heading', { level: 1, name: '48,213 records are in the chain' }).waitFor();
    await page.getByLabel('Action').fill('plan.');
    await page.getByRole('button', { name: 'Look', exact: true }).click();
    await expect.poll(() => page.url()).toContain('/audit?action=plan.');
    await expect.poll(() => page.getByRole('cell', { name: 'plan.edit' }).count()).toBe(17);
    expect(await page.getByRole('cell', { name: 'agent.enrol' }).count()).toBe(0);
    await page.getByRole('button', { name: /^Record 48,212/ }).click();
    await page.getByRole('heading', { level: 3, name: /^Record 48,212/ }).waitFor();
    await page.getByText('"now": "every 2 h"').waitFor();
    await page.getByText('right, checked in this browser').waitFor();
    await page.goBack();
    await page.goBack();
    await page.getByRole('cell', { name: 'agent.enrol' }).first().waitFor();
    await page.getByLabel('Action').fill('no.such');
    await page.keyboard.press('Enter');
    await page.getByText('No record matches.').waitFor();
    await page.getByRole('button', { name: 'Clear the filter' }).click();
    await page.getByRole('cell', { name: 'agent.enrol' }).first().waitFor();
    await page.getByRole('button', { name: 'Looks' }).click();
    await page.getByRole('cell', { name: 'restore-point.browse' }).first().waitFor();
    expect(seen.faults).toEqual([]);
  });

  test('a record that was changed is found by this browser alone', async () => {
    await using seen = await visit(bench, {
      prepare: ({ world }) => {
        const { main } = world.site.audit;
        const [first, second] = main;
        if (!first || !second) throw new Error('the fixture has no records');
        main[1] = { ...second, body: second.body.replace('plan.edit', 'plan.read') };
        main[0] = { ...first, prev: 'f'.repeat(64) };
      },
    });
    const { page } = seen;
    await seen.open('/audit?n=48212');
    await page.getByRole('alert').getByText('Record 48,213 does not carry the hash of the one before.').waitFor();
    await page.getByText('wrong: it was changed').waitFor();
    expect(await axeFindings(page)).toEqual([]);
  });

  test('all is checked on demand: a witness that knows another history takes the title', async () => {
    await using seen = await visit(bench);
    const { page, api } = seen;
    await seen.open('/audit');
    await page.getByRole('button', { name: 'Check all now' }).click();
    await page.getByRole('heading', { level: 1, name: 'The chain is whole: 48,213 records' }).waitFor();
    await page.getByText('It did not answer; start its agent and ask again.').waitFor();
    api.world.site.witnesses = api.world.site.witnesses.map((witness) =>
      witness.hostname === 'lab-nas'
        ? { ...witness, verdict: 'differs', seq: 48_100, sentence: 'Chain main was rewritten at or before record 48100.' }
        : witness,
    );
    await page.getByRole('button', { name: 'Ask them' }).click();
    await page.getByRole('heading', { level: 1, name: 'lab-nas holds another history than this site' }).waitFor();
    const downloads: Download[] = [];
    page.on('download', (download) => downloads.push(download));
    await page.getByRole('button', { name: 'Save head 48,213 with its signature' }).click();
    await expect.poll(() => downloads.length).toBe(2);
    expect(downloads.map((download) => download.suggestedFilename()).sort()).toEqual(['head-main-48213.json', 'head-main-48213.json.sig']);
    await page.getByText(/ssh-keygen -Y verify .* -s head-main-48213\.json\.sig < head-main-48213\.json/).waitFor();
    expect(seen.faults).toEqual([]);
  });

  test('the evidence of a drill says what is not proven, and its signed files are saved as they are', async () => {
    await using seen = await visit(bench);
    const { page } = seen;
    const drill = 'drl_0000000000000321';
    await seen.open(`/drills/${drill}`);
    await page.getByRole('heading', { level: 2, name: 'What this does not prove' }).waitFor();
    await page.getByText('Whether the programs that use these files start with them.').waitFor();
    await page
      .getByText(
        `ssh-keygen -Y verify -f allowed_signers -I evidence -n fortfail-evidence@v1 -s evidence-${drill}.json.sig < evidence-${drill}.json`,
      )
      .waitFor();
    const downloads: Download[] = [];
    page.on('download', (download) => downloads.push(download));
    await page.getByRole('button', { name: 'Save the evidence' }).click();
    await expect.poll(() => downloads.length).toBe(5);
    const names = downloads.map((download) => download.suggestedFilename());
    expect(names.sort()).toEqual([
      'allowed_signers',
      `evidence-${drill}.json`,
      `evidence-${drill}.json.sig`,
      `result-${drill}.json`,
      `result-${drill}.json.sig`,
    ]);
    const file = downloads.find((download) => download.suggestedFilename() === `evidence-${drill}.json`);
    expect(file && (await textOf(file))).toBe(`{"drill":"${drill}","v":1}\n`);
    expect(await axeFindings(page)).toEqual([]);
    const pdf = await page.pdf({ preferCSSPageSize: true });
    expect(pdf.toString('latin1').match(/\/Type\s*\/Page\b/g)).toHaveLength(2);
    expect(seen.faults).toEqual([]);
  });

  test('a drill from before there were keys says so calmly', async () => {
    const drill = 'drl_0000000000000321';
    await using seen = await visit(bench, { prepare: ({ world }) => void world.site.unsignedDrills.add(drill) });
    const { page } = seen;
    await seen.open(`/drills/${drill}`);
    await page.getByText(/ran before the site had a key that signs/).waitFor();
    expect(await page.getByRole('alert').count()).toBe(0);
    expect(await page.getByRole('button', { name: 'Save the evidence' }).getAttribute('aria-disabled')).toBe('true');
  });

  test('a person is invited by a link that is shown once, and disabled by an administrator', async () => {
    await using seen = await visit(bench);
    const { page, api } = seen;
    await seen.open('/persons');
    await page.getByRole('button', { name: 'Invite a person…' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Name').fill('Oda');
    await dialog.getByLabel('Role 1', { exact: true }).selectOption('restorer');
    await dialog.getByLabel('Where role 1 holds').selectOption({ label: 'plan wiki-pages' });
    expect(await axeFindings(page)).toEqual([]);
    await dialog.getByRole('button', { name: 'Make the link' }).click();
    await dialog.getByText('https://fort-01.example:8443/sign-in#link=ffl_once-and-never-again-000000').waitFor();
    expect(await axeFindings(page)).toEqual([]);
    expect(api.orders[0]?.body).toEqual({ name: 'Oda', grants: [{ role: 'restorer', scope: 'plan:pln_0000000000000004' }] });
    await page.keyboard.press('Escape');
    await page.getByRole('heading', { level: 1, name: /^3 persons may come in/ }).waitFor();
    expect(await page.content()).not.toContain('ffl_once');
    await page.getByRole('button', { name: 'Change… Ivo' }).click();
    await page
      .getByRole('dialog', { name: 'Ivo' })
      .getByLabel(/^Disabled/)
      .check();
    await page.getByRole('button', { name: 'Disable Ivo' }).click();
    await page.getByRole('heading', { level: 1, name: /2 are disabled$/ }).waitFor();
    await page.getByRole('button', { name: 'Change… Mara' }).click();
    await page
      .getByRole('dialog', { name: 'Mara' })
      .getByLabel(/^Disabled/)
      .check();
    await page.getByRole('button', { name: 'Disable Mara' }).click();
    await page
      .getByRole('alert')
      .getByText(/the last administrator of the site/)
      .waitFor();
    expect(seen.faults).toEqual([]);
  });

  test('a token’s secret is shown once, and the token is ended by a click', async () => {
    await using seen = await visit(bench);
    const { page, api } = seen;
    await seen.open('/persons');
    await page.getByRole('button', { name: 'Make a token…' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Name').fill('nightly');
    await dialog.getByLabel('Days').fill('30');
    await dialog.getByRole('button', { name: 'Make the token' }).click();
    await dialog.getByText('ffp_shown-once-and-never-again').waitFor();
    await dialog.getByRole('button', { name: 'Close' }).click();
    await page.getByRole('button', { name: 'End… nightly' }).waitFor();
    expect(await page.content()).not.toContain('ffp_shown');
    expect(api.orders[0]?.body).toEqual({ name: 'nightly', days: 30, grants: [{ role: 'viewer', scope: 'site' }] });
    await page.getByRole('button', { name: 'End… deploy' }).click();
    const end = page.getByRole('dialog', { name: 'End token deploy?' });
    expect(await isFocused(end.getByRole('button', { name: 'Keep it' }))).toBe(true);
    await end.getByRole('button', { name: 'End it' }).click();
    await page.getByRole('button', { name: 'End… deploy' }).waitFor({ state: 'detached' });
    expect(api.orders[1]).toMatchObject({ route: 'deleteToken', path: { tokenId: 'tok_0000000000000001' } });
    expect(seen.faults).toEqual([]);
  });

  test('keys lead to the new pages', async () => {
    await using seen = await visit(bench);
    const { page } = seen;
    await seen.open('/');
    await page.getByRole('heading', { level: 1, name: /would come back as promised/ }).waitFor();
    for (const [letter, name] of [
      ['a', /hosts are heard/],
      ['l', /alerts are open/],
      ['u', /records are in the chain/],
      ['k', /^With kit/],
    ] as const) {
      await page.keyboard.press('g');
      await page.keyboard.press(letter);
      await page.getByRole('heading', { level: 1, name }).waitFor();
    }
  });
});

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { MockApi } from '@fortfail/console/mock-api';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { axeFindings } from './axe.ts';
import { type Bench, openBench, skipReason, type Visit, visit } from './harness.ts';
import { sidewaysScroll, wholePicture } from './in-page.ts';
import { smallPng } from './small-png.ts';

const shots = process.env.FORTFAIL_SHOTS === '1' ? join(import.meta.dirname, '../../../docs/console') : undefined;

interface Place {
  readonly name: string;
  readonly path: string;
  /** Words that are there once the page has its answers. */
  readonly ready: (page: Page) => Promise<unknown>;
  readonly prepare?: (api: MockApi) => void;
  readonly signedIn?: false;
  readonly width?: number;
  /** Longer than a picture of it should be. */
  readonly isLong?: true;
  /** Shows nothing that another picture does not. */
  readonly isUnpictured?: true;
  readonly act?: (visit: Visit) => Promise<void>;
}

const heading = (name: RegExp) => (page: Page) => page.getByRole('heading', { level: 1, name }).waitFor();
const wiki = '/plans/pln_0000000000000004';
const wikiPoint = 'rpt_0000000000000bb9';

const toProposal = async ({ page, api }: Visit): Promise<void> => {
  await page.getByLabel('Choose LocalSettings.php').check();
  await page.getByRole('button', { name: /Ask fort-01 for a proposal/ }).click();
  await page.getByRole('heading', { level: 1, name: /is being worked out/ }).waitFor();
  api.answerProposal(api.world.restores[0]?.id ?? '');
  await page.getByRole('heading', { level: 1, name: /waits for your yes/ }).waitFor();
};

const places: readonly Place[] = [
  { name: '01-sign-in', path: '/sign-in', signedIn: false, ready: heading(/^Sign in to fort-01$/) },
  { name: '02-overview', path: '/', ready: heading(/would come back as promised/) },
  {
    name: '03-plan',
    path: wiki,
    ready: async (page) => {
      await heading(/^wiki-pages$/)(page);
      await page.getByText(/due slots left a complete point/).waitFor();
      await page.getByText('promise 20 m').first().waitFor();
      await page.getByText(/40 keep, 8 remove/).waitFor();
    },
  },
  {
    name: '04-restore-choose',
    path: `/restores/new?point=${wikiPoint}`,
    ready: (page) => page.getByRole('link', { name: 'conf', exact: true }).waitFor(),
  },
  {
    name: '05-restore-proposal',
    path: `/restores/new?point=${wikiPoint}`,
    ready: (page) => page.getByLabel('Choose LocalSettings.php').waitFor(),
    act: toProposal,
  },
  {
    name: '06-jobs',
    path: '/jobs/job_0000000000007c9e',
    ready: (page) => page.getByText('changed while it was read, kept as read').waitFor(),
  },
  { name: '07-points', path: '/points', isLong: true, ready: (page) => page.getByRole('button', { name: 'Show older points' }).waitFor() },
  {
    name: '13-files',
    path: `/points/${wikiPoint}/files#at=%2Fsrv%2Fwww%2Fwiki&file=%2Fsrv%2Fwww%2Fwiki%2FLocalSettings.php&pick=%2Fsrv%2Fwww%2Fwiki%2Fcomposer.json`,
    ready: (page) => page.getByText('not in 2').waitFor(),
    act: async ({ page }) => {
      await page
        .getByRole('button', { name: /^compare/ })
        .first()
        .click();
      await page.getByText('+ $wgDBname = "wiki";').waitFor();
    },
  },
  {
    name: '14-search',
    path: '/points?plan=pln_0000000000000004#q=composer',
    ready: (page) => page.getByText(/^2 paths in the 5 newest points/).waitFor(),
  },
  {
    name: '15-compare',
    path: `/points/rpt_0000000000000bc3...${wikiPoint}#all=1`,
    ready: (page) => page.getByText('~ changed').first().waitFor(),
  },
  {
    name: '16-approval',
    path: `/points/${wikiPoint}/files`,
    prepare: (api) => {
      api.looking.isSealed = true;
      api.world.agents = api.world.agents.map((agent) => ({ ...agent, kind: 'remote' }));
      api.world.me = { ...api.world.me, passkeys: [{ id: 'pk', name: 'laptop', createdAt: '2026-11-01T00:00:00Z' }] };
    },
    ready: (page) => page.getByRole('button', { name: 'Approve with a passkey' }).waitFor(),
  },
  {
    name: '17-restore-elsewhere',
    path: `/restores/new?point=${wikiPoint}`,
    prepare: ({ world }) => {
      const [near] = world.agents;
      if (near) world.agents.push({ ...near, id: 'agt_0000000000000007', hostname: 'app-02', kind: 'remote' });
    },
    ready: (page) => page.getByLabel('Choose LocalSettings.php').waitFor(),
    act: async ({ page }) => {
      await page.getByRole('radio', { name: /Another host/ }).check();
      await page.getByLabel('Host', { exact: true }).selectOption('app-02');
      await page.getByText('A yes on app-02.').waitFor();
    },
  },
  {
    name: '18-files-phone',
    path: `/points/${wikiPoint}/files`,
    width: 430,
    isLong: true,
    ready: (page) => page.getByLabel('Choose LocalSettings.php').waitFor(),
  },
  { name: '08-drill', path: '/drills/drl_00000000000000c9', ready: heading(/did not come back as it was/) },
  { name: '09-drills', path: '/drills', isUnpictured: true, ready: heading(/of the last 50 drills failed/) },
  { name: '10-plans', path: '/plans', isUnpictured: true, ready: heading(/of 13 plans would come back/) },
  { name: '11-restores', path: '/restores', isUnpictured: true, ready: (page) => page.getByText('Nothing was restored yet').waitFor() },
  { name: '12-phone', path: '/', width: 430, isLong: true, ready: heading(/would come back as promised/) },
];

describe.skipIf(skipReason)('every page', () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await openBench();
  });
  afterAll(() => bench?.[Symbol.asyncDispose]());

  const cases = places.flatMap((place) => (['light', 'dark'] as const).map((theme) => ({ ...place, theme })));
  test.each(cases)(
    '$name in the $theme theme is accessible and stays within its own house',
    async ({ name, path, ready, prepare, theme, signedIn, width, isLong, isUnpictured, act }) => {
      await using seen = await visit(bench, {
        theme,
        signedIn: signedIn ?? true,
        ...(width ? { width } : {}),
        ...(prepare ? { prepare } : {}),
      });
      await seen.open(path);
      await ready(seen.page);
      await act?.(seen);
      expect(await axeFindings(seen.page)).toEqual([]);
      expect(await seen.page.getByRole('heading', { level: 1 }).count()).toBe(1);
      expect(await seen.page.getByRole('main').count()).toBe(1);
      expect(await seen.page.title()).toMatch(/ · FortFail$/);
      expect(await sidewaysScroll(seen.page)).toBeLessThanOrEqual(0);
      if (shots && !isUnpictured) {
        await mkdir(shots, { recursive: true });
        // A phone's overview is seven screens long; the first tells enough.
        const picture = isLong ? await seen.page.screenshot() : await wholePicture(seen.page);
        await writeFile(join(shots, `${name}-${theme}.png`), smallPng(picture));
      }
      expect(seen.faults).toEqual([]);
    },
  );
});

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { grantAt, type MockApi, moreAgents, noKit } from '@fortfail/console/mock-api';
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
  readonly ready: (page: Page) => Promise<unknown>;
  readonly prepare?: (api: MockApi) => void;
  readonly act?: (visit: Visit) => Promise<void>;
  readonly width?: number;
  /** Longer than a picture of it should be. */
  readonly isLong?: true;
  /** Holds something drawn by chance, so that no two pictures are alike. */
  readonly isUnpictured?: true;
}

const heading = (name: RegExp) => (page: Page) => page.getByRole('heading', { level: 1, name }).waitFor();
const withMoreAgents = ({ world, grants }: MockApi): void => {
  world.agents.push(...moreAgents(world.now()));
  grants.push(grantAt(world.now()));
};

const places: readonly Place[] = [
  {
    name: '19-agents',
    path: '/agents?add=1',
    prepare: withMoreAgents,
    ready: heading(/^3 of 5 hosts are heard; lab-nas is silent since/),
    act: async ({ page }) => {
      await page.getByRole('button', { name: 'Make the command' }).click();
      await page.getByText(/sudo fortfail agent enrol/).waitFor();
    },
  },
  {
    name: '20-agent',
    path: '/agents/agt_0000000000000005',
    prepare: withMoreAgents,
    ready: async (page) => {
      await heading(/^app-02 is heard$/)(page);
      await page.getByText('app-02 opens it with a key of its own.').waitFor();
      await page.getByText(/^SHA256:/).waitFor();
    },
  },
  { name: '21-alerts', path: '/alerts', ready: heading(/^3 alerts are open, 2 of them taken by nobody$/) },
  {
    name: '22-audit',
    path: '/audit?n=48212',
    isLong: true,
    ready: (page) => page.getByText('right, checked in this browser').waitFor(),
    act: async ({ page }) => {
      await page.getByRole('button', { name: 'Check all now' }).click();
      await heading(/^The chain is whole: 48,213 records$/)(page);
      await page.getByText('It agrees up to record 48213, the last one.').waitFor();
    },
  },
  { name: '23-kit', path: '/kit', ready: heading(/^With kit 3f9a12c0 on paper the one repository can be opened$/) },
  {
    name: '24-no-kit',
    path: '/kit',
    prepare: ({ world }) => {
      world.site.kit = noKit(world.site.kit);
    },
    ready: heading(/^There is no recovery kit/),
    act: async ({ page }) => {
      await page.getByRole('button', { name: 'Make the kit…' }).click();
      await page.getByLabel(/^Public SSH keys/).waitFor();
    },
  },
  {
    name: '25-kit-paper',
    path: '/kit',
    isUnpictured: true,
    prepare: ({ world }) => {
      world.site.kit = noKit(world.site.kit);
    },
    ready: heading(/^There is no recovery kit/),
    act: async ({ page }) => {
      await page.getByRole('button', { name: 'Make the kit…' }).click();
      await page.getByRole('button', { name: 'Make the kit', exact: true }).click();
      await page.getByRole('img', { name: 'The same as a QR code' }).waitFor();
    },
  },
  {
    name: '26-persons',
    path: '/persons',
    ready: async (page) => {
      await heading(/^2 persons may come in, one administers the site, 1 is disabled$/)(page);
      await page.getByText('operator of plan wiki-pages').waitFor();
    },
  },
  {
    name: '27-agents-phone',
    path: '/agents',
    width: 430,
    isLong: true,
    prepare: withMoreAgents,
    ready: heading(/^3 of 5 hosts are heard/),
  },
];

describe.skipIf(skipReason)('the pages of hosts, alerts, audit, kit and persons', () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await openBench();
  });
  afterAll(() => bench?.[Symbol.asyncDispose]());

  const cases = places.flatMap((place) => (['light', 'dark'] as const).map((theme) => ({ ...place, theme })));
  test.each(cases)(
    '$name in the $theme theme is accessible and stays within its own house',
    async ({ name, path, ready, prepare, act, theme, width, isLong, isUnpictured }) => {
      await using seen = await visit(bench, { theme, ...(width ? { width } : {}), ...(prepare ? { prepare } : {}) });
      await seen.open(path);
      await ready(seen.page);
      await act?.(seen);
      expect(await axeFindings(seen.page)).toEqual([]);
      expect(await seen.page.getByRole('heading', { level: 1 }).count()).toBe(1);
      expect(await sidewaysScroll(seen.page)).toBeLessThanOrEqual(0);
      if (shots && !isUnpictured) {
        await mkdir(shots, { recursive: true });
        const picture = isLong ? await seen.page.screenshot() : await wholePicture(seen.page);
        await writeFile(join(shots, `${name}-${theme}.png`), smallPng(picture));
      }
      expect(seen.faults).toEqual([]);
    },
  );

  test.each(['/agents', '/agents?add=1', '/agents/agt_0000000000000002', '/alerts', '/audit?n=48212', '/kit', '/persons'])(
    '%s fits 320 pixels without sideways scrolling',
    async (path) => {
      await using seen = await visit(bench, { width: 320, height: 700, prepare: withMoreAgents });
      const { page } = seen;
      await seen.open(path);
      await page.getByRole('heading', { level: 1 }).waitFor();
      await page.getByText('Live', { exact: true }).first().waitFor({ state: 'attached' });
      await expect.poll(() => sidewaysScroll(page)).toBeLessThanOrEqual(0);
    },
  );

  test.each([
    ['listAudit', '/audit', 'The records could not be read.'],
    ['listAlerts', '/alerts', 'The alerts could not be read.'],
    ['getKit', '/kit', 'What the site knows of the kit could not be read.'],
    ['listPersons', '/persons', 'The persons could not be read.'],
    ['getAgent', '/agents/agt_0000000000000002', 'The host could not be read.'],
  ] as const)('where %s is refused, %s says so and goes on', async (route, path, title) => {
    await using seen = await visit(bench);
    const { page, api } = seen;
    api.break(route, { status: 403, kind: 'denied', code: 'forbidden', detail: 'unable to do this with your rights' });
    await seen.open(path);
    const note = page.getByRole('alert').filter({ hasText: title });
    await note.waitFor();
    expect(await axeFindings(page)).toEqual([]);
    api.mend(route);
    await note.getByRole('button', { name: 'Try again' }).click();
    await note.waitFor({ state: 'detached' });
    expect(seen.faults).toEqual([]);
  });
});

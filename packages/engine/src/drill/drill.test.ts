import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { systemClock } from '@fortfail/base';
import { makeNastyTree } from '@fortfail/source/testing';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { EngineFixture } from '../testing/engine-fixture.ts';
import { drill } from './drill.ts';
import type { DrillReport } from './drill-options.ts';

let fixture: EngineFixture;

beforeEach(async () => {
  fixture = await EngineFixture.create();
  mkdirSync(fixture.path('scratch'));
});

afterEach(() => fixture[Symbol.asyncDispose]());

async function runDrill(): Promise<DrillReport> {
  await using repository = await fixture.open();
  const snapshot = await repository.findSnapshot('latest');
  return await drill(repository, { snapshot, scratchRoot: fixture.path('scratch'), clock: systemClock, openSeconds: 0.5, threads: 2 });
}

it('proves a whole snapshot, measures the phases and leaves nothing behind', async () => {
  makeNastyTree(fixture.path('source'));
  const summary = await fixture.backup(['source']);
  const report = await runDrill();
  expect(report.differences).toEqual([]);
  expect(report.outcome).toBe('passed');
  expect(report.files).toBe(summary.totalFilesProcessed);
  expect(report.comparedBytes).toBe(summary.totalBytesProcessed);
  expect(report.comparedEntries).toBe(report.files + report.directories + report.others);
  expect(report.phases.map((phase) => phase.name)).toEqual(['open', 'plan', 'fetch', 'metadata', 'verify']);
  const beforeVerify = report.phases.filter((phase) => phase.name !== 'verify').reduce((sum, phase) => sum + phase.seconds, 0);
  expect(report.rtoSeconds).toBeGreaterThanOrEqual(beforeVerify);
  expect(readdirSync(fixture.path('scratch'))).toEqual([]);
});

it('fails and names the file when a pack is damaged', async () => {
  mkdirSync(fixture.path('source'));
  writeFileSync(fixture.path('source/good'), 'good '.repeat(10));
  writeFileSync(fixture.path('source/bad'), 'bad '.repeat(10_000));
  await fixture.backup(['source']);
  await fixture.damageContent('/source/bad');
  const report = await runDrill();
  expect(report.outcome).toBe('failed');
  expect(report.differences.map(({ path, what }) => `${path} ${what}`)).toEqual(['/source/bad missing']);
  expect(readdirSync(fixture.path('scratch'))).toEqual([]);
});

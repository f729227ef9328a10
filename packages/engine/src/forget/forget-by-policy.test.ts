import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '@fortfail/base';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { EngineFixture, restics } from '../testing/engine-fixture.ts';
import { type ForgetOptions, type ForgetResult, forgetByPolicy } from './forget-by-policy.ts';

let fixture: EngineFixture;

beforeEach(async () => {
  fixture = await EngineFixture.create();
  mkdirSync(fixture.path('source'));
  for (const day of [1, 2, 3]) {
    writeFileSync(fixture.path('source/file'), String(day));
    await fixture.backup(['source'], { time: new Date(Date.UTC(2026, 0, day, 12)), tags: day === 1 ? ['first'] : [] });
  }
});

afterEach(() => fixture[Symbol.asyncDispose]());

async function forget(options: Partial<ForgetOptions>): Promise<ForgetResult> {
  await using repository = await fixture.open();
  return await forgetByPolicy(repository, { policy: {}, clock: systemClock, ...options });
}

const count = (folder: string): number => readdirSync(join(fixture.location, folder)).length;

it('moves what the policy does not keep into the trash, and restic still finds no error', async () => {
  const dry = await forget({ policy: { last: 1 }, dryRun: true });
  expect([dry.selected.length, dry.outcome, count('snapshots')]).toEqual([2, undefined, 3]);
  const result = await forget({ policy: { last: 1 } });
  expect(result.outcome?.forgotten.length).toBe(2);
  expect([count('snapshots'), count('fortfail/trash'), count('locks')]).toEqual([1, 2, 0]);
  for (const { tool, isHere } of restics) if (isHere) expect(await fixture.restic(tool, ['check'])).toContain('no errors were found');
});

it('refuses a policy without rules and one that keeps nothing of a group', async () => {
  await expect(forget({})).rejects.toMatchObject({ kind: 'invalid-input', code: 'empty-policy' });
  await expect(forget({ policy: { tags: [['nobody']] } })).rejects.toMatchObject({ kind: 'invalid-input', code: 'last-snapshot' });
  const allowed = forget({ policy: { tags: [['nobody']] }, allowRemoveAll: true });
  await expect(allowed).rejects.toMatchObject({ kind: 'invalid-input', code: 'last-snapshot' });
  expect([count('snapshots'), count('locks')]).toEqual([3, 0]);
});

it('leaves a snapshot alone that cannot be read, and says so', async () => {
  writeFileSync(join(fixture.location, 'snapshots', 'b'.repeat(64)), 'nothing of the kind');
  await expect(forget({ policy: { last: 1 } })).rejects.toMatchObject({ kind: 'damaged' });
  const unreadable: string[] = [];
  await forget({ policy: { last: 1 }, onUnreadable: (id) => unreadable.push(id) });
  expect([unreadable, count('snapshots')]).toEqual([['b'.repeat(64)], 2]);
});

it('forgets named snapshots without a policy, and all of a filter only when that is allowed', async () => {
  await using repository = await fixture.open();
  const [first] = await repository.listSnapshots();
  const named = await forget({ ids: [first?.id.slice(0, 12) ?? ''] });
  expect(named.outcome?.forgotten).toEqual([first?.id]);
  const all = await forget({ filter: { hosts: ['host'] }, allowRemoveAll: true });
  expect([all.outcome?.forgotten.length, count('snapshots')]).toEqual([2, 0]);
  expect(all.groups.map(({ keep, remove }) => [keep.length, remove.length])).toEqual([[0, 2]]);
});

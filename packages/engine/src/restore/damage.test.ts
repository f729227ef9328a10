import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isFortFailError } from '@fortfail/base';
import { describeTree } from '@fortfail/source/testing';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { EngineFixture, flipBit } from '../testing/engine-fixture.ts';

let fixture: EngineFixture;

beforeEach(async () => {
  fixture = await EngineFixture.create();
  mkdirSync(fixture.path('source/inner'), { recursive: true });
  writeFileSync(fixture.path('source/small'), 'small');
  writeFileSync(fixture.path('source/inner/text'), 'some text\n'.repeat(1000));
  const large = Buffer.alloc(2_500_000);
  for (let at = 0; at < large.length; at += 4) large.writeUInt32LE(Math.imul(at, 2_654_435_761) >>> 0, at);
  writeFileSync(fixture.path('source/large'), large);
  await fixture.backup(['source']);
});

afterEach(() => fixture[Symbol.asyncDispose]());

function storedFiles(): string[] {
  return readdirSync(fixture.location, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

/** What a restore gives must be the truth, or not be there and be told. */
async function expectNoLies(target: string): Promise<void> {
  const truth = new Map(describeTree(fixture.path('source')).map((entry) => [entry.path, entry]));
  try {
    const report = await fixture.restore(target, {}, { threads: 1 });
    const found = existsSync(join(target, 'source')) ? describeTree(join(target, 'source')) : [];
    for (const entry of found) expect(entry.sha256).toBe(truth.get(entry.path)?.sha256);
    if (!report.partial) expect(found).toEqual([...truth.values()]);
    else expect(report.errors.length).toBeGreaterThan(0);
  } catch (error) {
    if (!isFortFailError(error)) throw error;
    expect(['damaged', 'wrong-password', 'repository-missing', 'not-found']).toContain(error.kind);
    expect(existsSync(target)).toBe(false);
  }
}

it('never restores a file as if whole when a bit of any stored file is flipped', { timeout: 120_000 }, async () => {
  let count = 0;
  for (const file of storedFiles()) {
    const bytes = readFileSync(file);
    for (const offset of new Set([0, Math.floor(bytes.length / 3), bytes.length - 1])) {
      flipBit(file, offset);
      count += 1;
      await expectNoLies(fixture.path(`target-${count}`));
      writeFileSync(file, bytes);
    }
  }
  expect(count).toBeGreaterThan(12);
});

it('never restores a file as if whole when a stored file is cut short', { timeout: 120_000 }, async () => {
  let count = 0;
  for (const file of storedFiles()) {
    const bytes = readFileSync(file);
    flipBit(file, 0);
    truncateSync(file, Math.floor(statSync(file).size / 2));
    count += 1;
    await expectNoLies(fixture.path(`cut-${count}`));
    writeFileSync(file, bytes);
  }
});

it('leaves a damaged file out, names it, and restores all others', async () => {
  await fixture.damageContent('/source/inner/text');
  const report = await fixture.restore(fixture.path('target'));
  expect(report.partial).toBe(true);
  expect(report.errors.map((failure) => failure.item)).toEqual(['/source/inner/text']);
  expect(existsSync(fixture.path('target/source/inner/text'))).toBe(false);
  expect(readFileSync(fixture.path('target/source/large'))).toEqual(readFileSync(fixture.path('source/large')));
});

it('names entries of no known type and folders without contents, and restores the rest', async () => {
  {
    await using repository = await fixture.open();
    await using session = await repository.beginWriter();
    const rest = '"mtime":"2026-01-01T00:00:00Z","uid":0,"gid":0';
    const nodes = `{"name":"dir","type":"dir",${rest}},{"name":"file","type":"file","content":[],${rest}},{"name":"novel","type":"weird",${rest}}`;
    const tree = await session.saveTree(Buffer.from(`{"nodes":[${nodes}]}\n`));
    await session.publish({ time: '2030-01-01T00:00:00Z', tree: tree.toString('hex'), paths: ['/'] });
  }
  const report = await fixture.restore(fixture.path('target'));
  expect(report.errors.map((failure) => failure.item)).toEqual(['/dir', '/novel']);
  expect(readdirSync(fixture.path('target'))).toEqual(['file']);
});

it('does not back up on top of an index that cannot be read', async () => {
  for (const file of readdirSync(join(fixture.location, 'index'))) flipBit(join(fixture.location, 'index', file), 3);
  await expect(fixture.backup(['source'])).rejects.toMatchObject({ kind: 'damaged' });
  expect(readdirSync(join(fixture.location, 'locks'))).toEqual([]);
});

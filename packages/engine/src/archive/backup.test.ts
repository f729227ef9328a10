import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { describeTree } from '@fortfail/source/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EngineEvent } from '../events.ts';
import { EngineFixture, restics, testPassword } from '../testing/engine-fixture.ts';

let fixture: EngineFixture;

beforeEach(async () => {
  fixture = await EngineFixture.create();
  mkdirSync(fixture.path('source'));
});

afterEach(() => fixture[Symbol.asyncDispose]());

const restic = restics.find((program) => program.isHere && program.version === '0.19') ?? restics.find((program) => program.isHere);

async function expectClean(skip: (reason: string) => void): Promise<void> {
  if (restic === undefined) skip('needs a restic');
  else expect(await fixture.restic(restic.tool, ['check', '--read-data'])).toContain('no errors were found');
}

describe('what a backup is asked for', () => {
  it('refuses before anything is written when no target is left', async () => {
    await expect(fixture.backup(['nowhere', 'nor-here'])).rejects.toMatchObject({ kind: 'invalid-input', code: 'no-source-left' });
    expect(readdirSync(join(fixture.location, 'locks'))).toEqual([]);
    expect(readdirSync(join(fixture.location, 'snapshots'))).toEqual([]);
  });

  it('names a missing target and is partial', async () => {
    writeFileSync(fixture.path('source/file'), 'x');
    const summary = await fixture.backup(['source', 'nowhere']);
    expect(summary.partial).toBe(true);
    expect(summary.errors.map((failure) => failure.item)).toEqual(['nowhere']);
    expect(summary.snapshotId).toBeDefined();
  });

  it('writes no snapshot when everything is excluded', async () => {
    writeFileSync(fixture.path('source/file'), 'x');
    const options = { exclude: { patterns: ['*'] } };
    const summary = await fixture.backup(['source'], options);
    // A named target is never excluded; all below it is.
    expect(summary.totalFilesProcessed).toBe(0);
  });

  it('counts new, changed and unmodified entries as restic does', async () => {
    mkdirSync(fixture.path('source/folder'));
    for (const name of ['a', 'b', 'folder/c']) writeFileSync(fixture.path(`source/${name}`), name);
    await fixture.backup(['source']);
    writeFileSync(fixture.path('source/b'), 'changed');
    writeFileSync(fixture.path('source/d'), 'new');
    const summary = await fixture.backup(['source']);
    expect([summary.filesNew, summary.filesChanged, summary.filesUnmodified]).toEqual([1, 1, 2]);
    expect([summary.dirsNew, summary.dirsChanged, summary.dirsUnmodified]).toEqual([0, 1, 1]);
  });

  it('finds a change that left size and modification time alone, unless told to ignore it', async () => {
    const file = fixture.path('source/file');
    writeFileSync(file, 'one');
    utimesSync(file, 1_000_000, 1_000_000);
    await fixture.backup(['source']);
    writeFileSync(file, 'two');
    utimesSync(file, 1_000_000, 1_000_000);
    const ignored = await fixture.backup(['source'], { ignoreCtime: true });
    expect(ignored.dataBlobs).toBe(0);
    const seen = await fixture.backup(['source'], { parent: ignored.parent });
    expect(seen.dataBlobs).toBe(1);
  });

  it('stores nothing in a dry run and counts the same', async () => {
    writeFileSync(fixture.path('source/file'), randomBytes(100_000));
    const dry = await fixture.backup(['source'], { dryRun: true });
    expect(dry.snapshotId).toBeUndefined();
    expect(readdirSync(join(fixture.location, 'data'), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())).toEqual(
      [],
    );
    const real = await fixture.backup(['source']);
    expect([dry.dataBlobs, dry.treeBlobs, dry.dataAdded, dry.tree]).toEqual([real.dataBlobs, real.treeBlobs, real.dataAdded, real.tree]);
  });

  it('stores a stream as one file', async () => {
    const pieces = [randomBytes(700_000), Buffer.alloc(0), randomBytes(9_500_000), Buffer.from('end')];
    const stream = (async function* () {
      yield* pieces;
    })();
    const summary = await fixture.backup([], { stdin: { filename: 'dumps/database.sql', stream } });
    expect(summary.totalBytesProcessed).toBe(10_200_003);
    await fixture.restore(fixture.path('target'));
    expect(readFileSync(fixture.path('target/dumps/database.sql')).equals(Buffer.concat(pieces))).toBe(true);
  });

  it('does not take a stream without a byte for a backup of it', async () => {
    const summary = await fixture.backup([], { stdin: { filename: 'dump', stream: Readable.from([]) } });
    expect([summary.partial, summary.errors[0]?.item, summary.totalFilesProcessed]).toEqual([true, '/dump', 0]);
  });
});

describe('what can go wrong meanwhile', () => {
  it('names what it cannot read and stores the rest', async ({ skip }) => {
    writeFileSync(fixture.path('source/file'), 'x');
    const { events, summary } = await backupWhileVanishing();
    if (summary === undefined) return skip('needs a file that vanishes in time');
    expect(summary.partial).toBe(true);
    expect(events.filter((event) => event.type === 'error').length).toBe(summary.errorCount);
    expect(summary.errors.map((failure) => failure.item)).toContain(fixture.path('source/zz-last'));
  });

  /** A progress event comes between the listing of the folder and the reading of its last file. */
  async function backupWhileVanishing() {
    for (let count = 0; count < 2000; count += 1) writeFileSync(fixture.path(`source/${count}`), String(count));
    writeFileSync(fixture.path('source/zz-last'), 'x');
    const events: EngineEvent[] = [];
    let isGone = false;
    const onEvent = (event: EngineEvent): void => {
      events.push(event);
      if (!isGone) rmSync(fixture.path('source/zz-last'));
      isGone = true;
    };
    const summary = await fixture.backup(['source'], { onEvent });
    return { events, summary: summary.partial ? summary : undefined };
  }

  it('leaves a clean repository and no lock when it is cancelled, and goes on next time', async ({ skip }) => {
    for (let count = 0; count < 200; count += 1) writeFileSync(fixture.path(`source/${count}`), randomBytes(200_000));
    const stop = new AbortController();
    const onEvent = (event: EngineEvent): void => {
      if (event.type === 'item') stop.abort(new Error('enough'));
    };
    await expect(fixture.backup(['source'], { signal: stop.signal, onEvent, withItems: true })).rejects.toMatchObject({
      kind: 'cancelled',
    });
    expect(readdirSync(join(fixture.location, 'locks'))).toEqual([]);
    expect(readdirSync(join(fixture.location, 'snapshots'))).toEqual([]);
    await expectClean(skip);
    const summary = await fixture.backup(['source']);
    expect(summary.filesNew).toBe(200);
    await expectClean(skip);
  });

  it('starts over when its lock is taken away, and ends with one whole snapshot', async ({ skip }) => {
    for (let count = 0; count < 50; count += 1) writeFileSync(fixture.path(`source/${count}`), randomBytes(1000));
    await using other = await fixture.open();
    let unlocked: Promise<number> | undefined;
    const onEvent = (event: EngineEvent): void => {
      if (event.type === 'item') unlocked ??= other.unlock({ removeAll: true });
    };
    const summary = await fixture.backup(['source'], { onEvent, withItems: true });
    expect(await unlocked).toBe(1);
    expect(summary.filesNew).toBe(50);
    expect(readdirSync(join(fixture.location, 'snapshots')).length).toBe(1);
    expect(readdirSync(join(fixture.location, 'locks'))).toEqual([]);
    await expectClean(skip);
  });

  it('leaves a clean repository when it is killed, and the next backup simply goes on', { timeout: 120_000 }, async ({ skip }) => {
    for (let count = 0; count < 300; count += 1) writeFileSync(fixture.path(`source/${count}`), randomBytes(150_000));
    for (const delayMs of [150, 300, 400, 500, 650]) {
      await killBackupAfter(delayMs);
      await using repository = await fixture.open();
      await repository.unlock({ removeAll: true });
      await expectClean(skip);
    }
    await fixture.backup(['source']);
    await expectClean(skip);
    await fixture.restore(fixture.path('target'));
    expect(describeTree(fixture.path('target/source'))).toEqual(describeTree(fixture.path('source')));
  });

  function killBackupAfter(delayMs: number): Promise<void> {
    const script = fileURLToPath(new URL('../testing/backup-child.ts', import.meta.url));
    const child = spawn(process.execPath, [script, fixture.location, fixture.path('source'), testPassword], { stdio: 'ignore' });
    return new Promise((resolve) => {
      child.on('spawn', () => setTimeout(() => child.kill('SIGKILL'), delayMs));
      child.on('close', () => resolve());
    });
  }
});

describe('large things', () => {
  it('stores one large file with all threads, cut as restic cuts it', { timeout: 120_000 }, async () => {
    const pieces = Array.from({ length: 18 }, () => randomBytes(4 << 20));
    writeFileSync(fixture.path('source/large'), Buffer.concat(pieces));
    const large = await fixture.backup(['source'], { threads: 3 });
    // One thread alone takes the plain way: the same chunks, so nothing is new.
    const again = await fixture.backup(['source'], { threads: 1, force: true });
    expect([large.tree, again.dataBlobs]).toEqual([again.tree, 0]);
    await fixture.restore(fixture.path('target'));
    expect(describeTree(fixture.path('target/source'))).toEqual(describeTree(fixture.path('source')));
  });

  it('stores and restores a folder of 100,000 entries', { timeout: 400_000 }, async () => {
    for (let count = 0; count < 100_000; count += 1) writeFileSync(fixture.path(`source/${count}`), count % 10 === 0 ? String(count) : '');
    const summary = await fixture.backup(['source']);
    expect(summary.filesNew).toBe(100_000);
    const report = await fixture.restore(fixture.path('target'));
    expect([report.files, report.partial]).toEqual([100_000, false]);
    expect(readdirSync(fixture.path('target/source')).length).toBe(100_000);
    const unchanged = await fixture.backup(['source']);
    expect([unchanged.filesUnmodified, unchanged.treeBlobs]).toEqual([100_000, 0]);
  });
});

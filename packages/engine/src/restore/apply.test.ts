import { existsSync, linkSync, lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { systemClock } from '@fortfail/base';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EngineEvent } from '../events.ts';
import { EngineFixture, restics } from '../testing/engine-fixture.ts';
import { applyRestore } from './apply.ts';
import { proposeRestore } from './propose.ts';

let fixture: EngineFixture;
const context = { clock: systemClock, threads: 2 };

beforeEach(async () => {
  fixture = await EngineFixture.create();
  mkdirSync(fixture.path('source/folder'), { recursive: true });
  for (const name of ['a.txt', 'b.log', 'folder/c.txt', 'folder/d.log']) {
    writeFileSync(fixture.path(`source/${name}`), `content of ${name}`);
    utimesSync(fixture.path(`source/${name}`), 1_000_000, 1_000_000);
  }
  linkSync(fixture.path('source/a.txt'), fixture.path('source/folder/same-as-a'));
  symlinkSync('a.txt', fixture.path('source/link'));
});

afterEach(() => fixture[Symbol.asyncDispose]());

describe('into a new folder', () => {
  it('refuses a folder that holds something, and writes nothing', async () => {
    await fixture.backup(['source']);
    mkdirSync(fixture.path('target'));
    writeFileSync(fixture.path('target/mine'), 'mine');
    await expect(fixture.restore(fixture.path('target'))).rejects.toMatchObject({ kind: 'conflict', code: 'target-not-empty' });
    expect(readdirSync(fixture.path('target'))).toEqual(['mine']);
  });

  it('restores what was chosen, with the folders above it', async () => {
    await fixture.backup(['source']);
    await fixture.restore(fixture.path('included'), { include: ['*.txt'] });
    expect(readdirSync(fixture.path('included/source'))).toEqual(['a.txt', 'folder']);
    expect(readdirSync(fixture.path('included/source/folder'))).toEqual(['c.txt']);
    await fixture.restore(fixture.path('excluded'), { exclude: ['*.log', '/source/link'] });
    expect(readdirSync(fixture.path('excluded/source'))).toEqual(['a.txt', 'folder']);
    await fixture.restore(fixture.path('exact'), { includePaths: ['/source/folder'] });
    expect(readdirSync(fixture.path('exact/source'))).toEqual(['folder']);
    expect(readdirSync(fixture.path('exact/source/folder')).sort()).toEqual(['c.txt', 'd.log', 'same-as-a']);
  });

  it('reads everything back before it has its name', async () => {
    await fixture.backup(['source']);
    const { phases, verifiedFiles, seconds } = await fixture.restore(fixture.path('target'), {}, { verify: true });
    expect(phases.map(({ name }) => name)).toEqual(['plan', 'fetch', 'metadata', 'verify']);
    expect(verifiedFiles).toBe(5);
    const verifySeconds = phases.find(({ name }) => name === 'verify')?.seconds ?? 0;
    expect(seconds + verifySeconds).toBeLessThan(phases.reduce((sum, phase) => sum + phase.seconds, 0) + 0.5);
  });

  it('leaves nothing behind when it is cancelled', async () => {
    await fixture.backup(['source']);
    const stop = new AbortController();
    const onEvent = (event: EngineEvent): void => {
      if (event.type === 'progress') stop.abort(new Error('enough'));
    };
    await expect(fixture.restore(fixture.path('target'), {}, { signal: stop.signal, onEvent })).rejects.toMatchObject({
      kind: 'cancelled',
    });
    expect(readdirSync(fixture.folder).sort()).toEqual(['repository', 'source']);
    expect(readdirSync(`${fixture.location}/locks`)).toEqual([]);
  });
});

describe('into what is there', () => {
  it('leaves no half-written file beside its place when it is cancelled', async () => {
    for (let index = 0; index < 200; index += 1) writeFileSync(fixture.path(`source/folder/${index}`), Buffer.alloc(200_000, `${index} `));
    await fixture.backup(['source']);
    const stop = new AbortController();
    const onEvent = (event: EngineEvent): void => {
      if (event.type === 'progress') stop.abort(new Error('enough'));
    };
    const restore = fixture.restore(fixture.path('target'), { overwrite: 'always' }, { signal: stop.signal, onEvent });
    await expect(restore).rejects.toMatchObject({ kind: 'cancelled' });
    const names = readdirSync(fixture.path('target'), { recursive: true, encoding: 'utf8' });
    expect(names.filter((name) => name.includes('.fortfail-restore-'))).toEqual([]);
  });

  beforeEach(async () => {
    await fixture.backup(['source']);
    await fixture.restore(fixture.path('target'));
    writeFileSync(fixture.path('target/source/a.txt'), 'another content');
    utimesSync(fixture.path('target/source/a.txt'), 2_000_000, 2_000_000);
    writeFileSync(fixture.path('target/source/extra'), 'extra');
  });

  it('replaces what differs and keeps what is equal', async () => {
    const inode = lstatSync(fixture.path('target/source/b.log')).ino;
    const report = await fixture.restore(fixture.path('target'), { overwrite: 'always' });
    expect(report.errors).toEqual([]);
    expect(readFileSync(fixture.path('target/source/a.txt'), 'utf8')).toBe('content of a.txt');
    expect(lstatSync(fixture.path('target/source/b.log')).ino).toBe(inode);
    expect(lstatSync(fixture.path('target/source/folder/same-as-a')).ino).toBe(lstatSync(fixture.path('target/source/a.txt')).ino);
    expect(report.filesSkipped).toBe(3);
    expect(existsSync(fixture.path('target/source/extra'))).toBe(true);
    expect(readdirSync(fixture.path('target/source')).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  it('obeys never and if-newer', async () => {
    await fixture.restore(fixture.path('target'), { overwrite: 'never' });
    await fixture.restore(fixture.path('target'), { overwrite: 'if-newer' });
    expect(readFileSync(fixture.path('target/source/a.txt'), 'utf8')).toBe('another content');
  });

  it('names what lies too deep for this system and restores the rest', async () => {
    const longName = 'l'.repeat(100);
    writeFileSync(fixture.path(`source/folder/${longName}`), 'too deep');
    await fixture.backup(['source']);
    let target = fixture.path('deep');
    while (target.length < 4000) target = `${target}/${'d'.repeat(Math.min(200, 4000 - target.length))}`;
    const report = await fixture.restore(target, { overwrite: 'always' });
    expect(report.errors.map(({ item }) => item)).toEqual([`/source/folder/${longName}`]);
    expect(readdirSync(`${target}/source/folder`)).toEqual(['c.txt', 'd.log', 'same-as-a']);
  });

  it('removes what the snapshot does not have when asked to', async () => {
    const report = await fixture.restore(fixture.path('target'), { overwrite: 'always', deleteExtra: true });
    expect(existsSync(fixture.path('target/source/extra'))).toBe(false);
    expect(report.filesDeleted).toBe(1);
  });

  it('proposes what it would overwrite, and refuses a proposal that is out of date', async () => {
    await using repository = await fixture.open();
    const request = { snapshot: await repository.findSnapshot('latest'), target: fixture.path('target'), overwrite: 'always' } as const;
    const proposal = await proposeRestore(repository, request, context);
    expect(proposal.conflicts.map(({ path }) => path)).toContain(fixture.path('target/source/a.txt'));
    expect(proposal.files).toBe(5);
    // As it comes back over a link: the plan is not with it.
    const copy = structuredClone(proposal);
    writeFileSync(fixture.path('target/source/b.log'), 'changed since');
    utimesSync(fixture.path('target/source/b.log'), 3_000_000, 3_000_000);
    const inOther = { ...request, overwrite: 'never' } as const;
    await expect(applyRestore(repository, inOther, copy, context)).rejects.toMatchObject({ kind: 'conflict', code: 'proposal-stale' });
    expect(readFileSync(fixture.path('target/source/a.txt'), 'utf8')).toBe('another content');
  });
});

it('finds blobs again that were moved to other packs after the plan was made', async ({ skip }) => {
  const restic = restics.find((program) => program.isHere && program.version === '0.19');
  if (restic === undefined) return skip('needs restic 0.19');
  await fixture.backup(['source']);
  await using repository = await fixture.open();
  const request = { snapshot: await repository.findSnapshot('latest'), target: fixture.path('target') };
  const proposal = await proposeRestore(repository, request, context);
  writeFileSync(fixture.path('source/more'), 'more');
  await fixture.backup(['source'], { hostname: 'other', force: true });
  await fixture.restic(restic.tool, ['prune', '--max-unused', '0', '--repack-small', '--repack-cacheable-only=false']);
  const before = proposal.packs;
  expect(before).toBe(1);
  const report = await applyRestore(repository, request, proposal, context);
  expect(report.errors).toEqual([]);
  expect(readFileSync(fixture.path('target/source/folder/c.txt'), 'utf8')).toBe('content of folder/c.txt');
});

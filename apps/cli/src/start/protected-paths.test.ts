import { mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { freshFolder } from '../testing/run-cli.ts';
import { findProtectedPaths, isWithin, planName } from './protected-paths.ts';

describe('the paths to protect', () => {
  it('are made absolute from where they were typed, once each, and what links lead to', async () => {
    const folder = realpathSync(freshFolder());
    mkdirSync(join(folder, 'real'));
    symlinkSync('real', join(folder, 'link'));
    expect(await findProtectedPaths(['real', './real/', 'link'], folder, '/data')).toEqual({ found: [join(folder, 'real')], missing: [] });
  });

  it('go on without those that are missing, and say which', async () => {
    const folder = realpathSync(freshFolder());
    writeFileSync(join(folder, 'file'), '');
    expect(await findProtectedPaths(['file', 'gone', 'file/below'], folder, '/data')).toEqual({
      found: [join(folder, 'file')],
      missing: [
        { path: 'gone', reason: 'it does not exist' },
        { path: 'file/below', reason: 'a part of it is not a folder' },
      ],
    });
  });

  it('are refused when none is left', async () => {
    await expect(findProtectedPaths(['/gone'], '/', '/data')).rejects.toMatchObject({
      code: 'no-source',
      message: "unable to protect '/gone': it does not exist",
    });
    await expect(findProtectedPaths(['/gone', '/lost'], '/', '/data')).rejects.toMatchObject({
      message: "unable to protect any of '/gone', '/lost': none of them can be found",
    });
  });

  it("are refused inside FortFail's own data, but may hold it", async () => {
    const folder = realpathSync(freshFolder());
    mkdirSync(join(folder, 'data', 'below'), { recursive: true });
    await expect(findProtectedPaths(['data/below'], folder, join(folder, 'data'))).rejects.toMatchObject({ code: 'own-data' });
    expect((await findProtectedPaths(['.'], folder, join(folder, 'data'))).found).toEqual([folder]);
  });

  it('may be none at all', async () => {
    expect(await findProtectedPaths([], '/', '/data')).toEqual({ found: [], missing: [] });
  });
});

describe("a plan's name", () => {
  it.each([
    ['/usr/share/doc', 'usr-share-doc'],
    ['/home/Ann/My Files!', 'home-ann-my-files'],
    ['/', 'whole-machine'],
    ['/日本', expect.stringMatching(/^files-[0-9a-f]{8}$/)],
  ])('for %s', (path, name) => expect(planName(path, new Set())).toEqual(name));

  it('differs when the plain one is taken, and is always a name that a plan may have', () => {
    expect(planName('/a/b', new Set(['a-b']))).toMatch(/^a-b-[0-9a-f]{8}$/);
    for (const path of ['/...', `/${'x'.repeat(300)}`, '/_a', '/a_'])
      expect(planName(path, new Set())).toMatch(/^[a-z0-9][a-z0-9._-]{0,62}$/);
  });
});

describe('being within a folder', () => {
  it.each([
    ['/a/b', '/a', true],
    ['/a', '/a', true],
    ['/ab', '/a', false],
    ['/a', '/', true],
  ])('%s within %s is %s', (inner, outer, expected) => expect(isWithin(inner, outer)).toBe(expected));
});

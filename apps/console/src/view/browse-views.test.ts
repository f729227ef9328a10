import type { FileEntry } from '@fortfail/protocol';
import { describe, expect, test } from 'vitest';
import { compareFolders } from './compare-folders.ts';
import { lineDiff } from './line-diff.ts';
import { mergeFound } from './merge-found.ts';
import { compareAddress, comparedPoints, filesAddress, restoreAddress, searchAddress } from './point-address.ts';
import { bytesOf, hexLines, imageType, previewKind, textOf } from './preview-kind.ts';
import { entryOrder, sortEntries } from './sort-entries.ts';
import { versionDifferences, versionRuns } from './version-runs.ts';

const entry = (name: string, more: Partial<FileEntry> = {}): FileEntry => ({
  name,
  path: `/srv/${name}`,
  type: 'file',
  size: 10,
  mode: '-rw-r--r--',
  modified: '2026-11-20T15:58:00.000Z',
  uid: 33,
  gid: 33,
  user: 'www-data',
  group: 'www-data',
  linkTarget: null,
  ...more,
});
const version = (point: number, content: string | null, of: FileEntry | null = content === null ? null : entry('a')) => ({
  restorePointId: `rpt_${point}`,
  time: `2026-11-${String(point).padStart(2, '0')}T00:00:00Z`,
  entry: of,
  content,
});

describe('versions of a file', () => {
  test('neighbours with the same bytes are one version, and a gap without the file is told', () => {
    const runs = versionRuns([version(9, 'b'), version(8, 'b'), version(7, null), version(6, 'a'), version(5, 'b')]);
    expect(runs.map(({ content, points }) => [content, points.length])).toEqual([
      ['b', 2],
      [null, 1],
      ['a', 1],
      ['b', 1],
    ]);
    expect(versionRuns([])).toEqual([]);
  });

  test('entries without bytes are one version as long as they are of one kind', () => {
    const fifo = entry('a', { type: 'fifo', size: null });
    expect(versionRuns([version(9, null, fifo), version(8, null, fifo), version(7, null)]).map(({ points }) => points.length)).toEqual([
      2, 1,
    ]);
  });

  test('differences name bytes, size, time, mode and owner, and nothing where nothing differs', () => {
    const size = (bytes: number): string => `${bytes} B`;
    const older = { entry: entry('a'), content: 'x' };
    expect(versionDifferences(older, older, size)).toEqual([]);
    const newer = { entry: entry('a', { size: 4, mode: '-rw-------', uid: 0, modified: '2026-11-21T00:00:00Z' }), content: 'y' };
    expect(versionDifferences(older, newer, size)).toEqual([
      'other bytes',
      '6 B less',
      'other time',
      '-rw-r--r-- became -rw-------',
      'other owner',
    ]);
    expect(versionDifferences(older, { entry: null, content: null }, size)).toEqual(['gone']);
  });
});

describe('the first bytes of a file', () => {
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

  test('are text, a picture or bytes by what they are, not by a name', () => {
    expect(previewKind(bytes('<?php\n'), false)).toBe('text');
    expect(previewKind(new Uint8Array(), false)).toBe('empty');
    expect(previewKind(Uint8Array.of(1, 0, 2), false)).toBe('bytes');
    expect(previewKind(bytes('<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'), false)).toBe('text');
    const png = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0);
    expect([previewKind(png, false), previewKind(png, true), imageType(png)]).toEqual(['image', 'bytes', 'image/png']);
    expect(imageType(bytes('RIFF....WEBPVP8 '))).toBe('image/webp');
  });

  test('that end in the middle of a character are still text', () => {
    const cut = bytes('Käse 🧀').subarray(0, -2);
    expect([textOf(cut, true), textOf(cut, false)]).toEqual(['Käse ', undefined]);
  });

  test('are shown in lines of sixteen, up to a limit', () => {
    expect(hexLines(bytes('FortFail keeps it\n'), 10)).toEqual([
      { at: '00000000', hex: '46 6f 72 74 46 61 69 6c  20 6b 65 65 70 73 20 69', text: 'FortFail keeps i' },
      { at: '00000010', hex: '74 0a', text: 't.' },
    ]);
    expect(hexLines(new Uint8Array(100), 2)).toHaveLength(2);
    expect(bytesOf('AP8=')).toEqual(Uint8Array.of(0, 255));
  });
});

test('a search over several points has one row for each path, as it is in the newest', () => {
  const [newer, older] = [
    { id: 'rpt_2', time: '2026-11-21T00:00:00Z' },
    { id: 'rpt_1', time: '2026-11-20T00:00:00Z' },
  ];
  const found = mergeFound([
    { point: newer, entries: [entry('a', { size: 2 })] },
    { point: older, entries: [entry('a', { size: 1 }), entry('b')] },
  ]);
  expect(found.map(({ path, entry: { size }, points }) => [path, size, points.length])).toEqual([
    ['/srv/a', 2, 2],
    ['/srv/b', 10, 1],
  ]);
});

test('two points are compared name by name', () => {
  const older = [entry('a'), entry('b'), entry('c')];
  const newer = [entry('a'), entry('b', { size: 11 }), entry('d')];
  expect(compareFolders(older, newer).map(({ name, change }) => `${name} ${change}`)).toEqual(['a same', 'b changed', 'c gone', 'd came']);
});

test('entries are ordered by a column, folders first, and by name for an order nobody knows', () => {
  const entries = [entry('b', { size: 1 }), entry('z', { type: 'dir', size: null }), entry('a', { size: 5 })];
  const names = (order: string | null): string =>
    sortEntries(entries, entryOrder(order))
      .map(({ name }) => name)
      .join('');
  expect([names(null), names('-name'), names('size'), names('-size'), names('onload')]).toEqual(['zab', 'zba', 'zba', 'zab', 'zab']);
});

describe('the lines that changed', () => {
  test('are told with two lines around them', () => {
    const older = ['a', 'b', 'c', 'd', 'old', 'e', 'f', 'g'].join('\n');
    const newer = ['a', 'b', 'c', 'd', 'new', 'newer', 'e', 'f', 'g'].join('\n');
    expect(lineDiff(older, newer)?.map(({ what, text, line }) => `${what} ${line} ${text}`)).toEqual([
      'same 3 c',
      'same 4 d',
      'gone 5 old',
      'came 5 new',
      'came 6 newer',
      'same 7 e',
      'same 8 f',
    ]);
  });

  test('are none for equal texts, and are not told of texts that are too long', () => {
    expect(lineDiff('a\nb', 'a\nb')).toEqual([]);
    expect(lineDiff('x\n'.repeat(2000), 'y\n'.repeat(2000))).toBeUndefined();
  });
});

describe('addresses', () => {
  test('keep names of files in the part that is never sent', () => {
    const sent = (address: string): string => address.slice(0, address.indexOf('#'));
    expect(filesAddress('rpt_1', { file: '/srv/secret plan' })).toBe('/points/rpt_1/files#at=%2Fsrv&file=%2Fsrv%2Fsecret+plan');
    expect(filesAddress('rpt_1')).toBe('/points/rpt_1/files');
    expect([sent(searchAddress('pln_1', 'secret')), sent(restoreAddress('rpt_1', ['/srv/secret']))]).toEqual([
      '/points?plan=pln_1',
      '/restores/new?point=rpt_1',
    ]);
  });

  test('name two points to compare, or none', () => {
    const [a, b] = ['rpt_0000000000000001', 'rpt_0000000000000002'];
    expect(comparedPoints(compareAddress(a, b).slice('/points/'.length))).toEqual({ older: a, newer: b });
    expect(comparedPoints(`${a}...x`)).toBeUndefined();
  });
});

import { flag, text, value, valueOr } from './option.ts';
import { snapshotFilter } from './snapshot-options.ts';
import { choice, groupBy, wholeNumber } from './value-parsers.ts';
import { defineVerb, repositoryExits } from './verb.ts';

export const snapshotsOptions = {
  ...snapshotFilter(),
  compact: flag('-c, --compact', 'print fewer columns'),
  groupBy: value('-g, --group-by <group>', 'group by host, paths, tags', groupBy),
  latest: value('--latest <n>', 'only the newest n of each host and paths', wholeNumber),
} as const;

export const lsOptions = {
  ...snapshotFilter(', for `latest`'),
  humanReadable: flag('--human-readable', 'print sizes with units'),
  long: flag('-l, --long', 'print mode, owner, size and time'),
  ncdu: flag('--ncdu', 'print for `ncdu -f -`'),
  recursive: flag('--recursive', 'go into the folders below the named ones'),
  reverse: flag('--reverse', 'turn the order round'),
  sort: value(
    '-s, --sort <mode>',
    'order: name, size, time (or mtime), atime, ctime, extension (default name)',
    choice('name', 'size', 'time', 'mtime', 'atime', 'ctime', 'extension'),
  ),
} as const;

export const statsOptions = {
  ...snapshotFilter(),
  mode: valueOr(
    '--mode <mode>',
    'what to count: restore-size, files-by-contents, blobs-per-file or raw-data',
    'restore-size',
    (mode) => mode,
  ),
} as const;

export const checkOptions = {
  ...snapshotFilter(' (accepted for restic; all are checked)'),
  readData: flag('--read-data', 'read and verify every stored byte'),
  readDataSubset: text('--read-data-subset <subset>', 'read a part: n/t (the n-th of t parts), x% or a size such as 50M, at random'),
  withCache: flag('--with-cache', 'use the cache (accepted for restic; there is none here)'),
} as const;

export const catOptions = {} as const;

export const readVerbs = [
  defineVerb({
    name: 'snapshots',
    args: '[ids...]',
    summary: 'List snapshots',
    family: 'restic',
    options: snapshotsOptions,
    exits: repositoryExits,
    next: 'fortfail ls latest',
    load: () => import('../commands/snapshots.ts'),
  }),
  defineVerb({
    name: 'ls',
    args: '[snapshot] [folders...]',
    summary: 'List the files of a snapshot',
    family: 'restic',
    options: lsOptions,
    exits: repositoryExits,
    next: 'fortfail restore latest --target FOLDER',
    load: () => import('../commands/ls.ts'),
  }),
  defineVerb({
    name: 'stats',
    args: '[ids...]',
    summary: 'Count files, bytes and blobs of snapshots',
    family: 'restic',
    options: statsOptions,
    exits: repositoryExits,
    next: 'fortfail check',
    load: () => import('../commands/stats.ts'),
  }),
  defineVerb({
    name: 'check',
    args: '[ids...]',
    summary: 'Find damage in a repository',
    family: 'restic',
    options: checkOptions,
    exits: [repositoryExits[0] ?? '', '1  the repository is damaged, or an error', ...repositoryExits.slice(2)],
    next: 'fortfail check --read-data',
    load: () => import('../commands/check.ts'),
  }),
  defineVerb({
    name: 'cat',
    args: '[type] [id]',
    summary: 'Print what is stored: config, masterkey, key, index, snapshot, lock, pack, blob or tree',
    family: 'restic',
    options: catOptions,
    exits: repositoryExits,
    next: 'fortfail snapshots',
    load: () => import('../commands/cat.ts'),
  }),
];

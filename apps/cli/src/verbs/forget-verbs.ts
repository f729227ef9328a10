import { flag, list, text, value, values } from './option.ts';
import { snapshotFilter } from './snapshot-options.ts';
import { calendarDuration, groupBy, keepCount, sizeBytes, tagList } from './value-parsers.ts';
import { defineVerb, repositoryExits } from './verb.ts';

const filter = snapshotFilter();
const laterText = '(for --prune, which comes later)';

export const forgetOptions = {
  keepLast: value('-l, --keep-last <n>', "keep the last n snapshots ('unlimited' for all)", keepCount),
  keepHourly: value('-H, --keep-hourly <n>', 'keep the last n hourly snapshots', keepCount),
  keepDaily: value('-d, --keep-daily <n>', 'keep the last n daily snapshots', keepCount),
  keepWeekly: value('-w, --keep-weekly <n>', 'keep the last n weekly snapshots', keepCount),
  keepMonthly: value('-m, --keep-monthly <n>', 'keep the last n monthly snapshots', keepCount),
  keepYearly: value('-y, --keep-yearly <n>', 'keep the last n yearly snapshots', keepCount),
  keepWithin: value('--keep-within <duration>', 'keep what is newer than 1y5m7d2h before the newest', calendarDuration),
  keepWithinHourly: value('--keep-within-hourly <duration>', 'keep hourly snapshots newer than this', calendarDuration),
  keepWithinDaily: value('--keep-within-daily <duration>', 'keep daily snapshots newer than this', calendarDuration),
  keepWithinWeekly: value('--keep-within-weekly <duration>', 'keep weekly snapshots newer than this', calendarDuration),
  keepWithinMonthly: value('--keep-within-monthly <duration>', 'keep monthly snapshots newer than this', calendarDuration),
  keepWithinYearly: value('--keep-within-yearly <duration>', 'keep yearly snapshots newer than this', calendarDuration),
  keepTag: values('--keep-tag <taglist>', 'keep snapshots with all these tags (repeatable)', tagList),
  unsafeAllowRemoveAll: flag('--unsafe-allow-remove-all', 'allow to remove all snapshots of a group'),
  host: list('--host <host>', "only snapshots of this host (repeatable; default: $RESTIC_HOST; '' for all hosts)"),
  tag: filter.tag,
  path: filter.path,
  compact: flag('-c, --compact', 'print fewer columns'),
  groupBy: value('-g, --group-by <group>', "group by host, paths, tags; '' for one group (default host,paths)", groupBy),
  dryRun: flag('-n, --dry-run', 'remove nothing, show what would be'),
  prune: flag('--prune', 'refused for now: removing unused data comes later'),
  maxUnused: text('--max-unused <limit>', `unused data to tolerate ${laterText}`),
  maxRepackSize: value('--max-repack-size <size>', `limit of data to pack anew ${laterText}`, sizeBytes),
  repackCacheableOnly: flag('--repack-cacheable-only', `pack tree packs anew only ${laterText}`),
  repackUncompressed: flag('--repack-uncompressed', `pack uncompressed data anew ${laterText}`),
  repackSmallerThan: value('--repack-smaller-than <size>', `pack small packs anew ${laterText}`, sizeBytes),
} as const;

export const keyListOptions = {} as const;
export const keyAddOptions = {
  host: text('--host <host>', 'host name of the new key'),
  newInsecureNoPassword: flag('--new-insecure-no-password', 'make a key with an empty password (insecure)'),
  newPasswordFile: text('--new-password-file <file>', 'file to read the new password from'),
  user: text('--user <user>', 'user name of the new key'),
} as const;
export const keyRemoveOptions = {} as const;
export const unlockOptions = { removeAll: flag('--remove-all', 'remove all locks, also those of live processes') } as const;
export const versionOptions = {} as const;

export const upkeepVerbs = [
  defineVerb({
    name: 'forget',
    args: '[ids...]',
    summary: 'Remove snapshots by a policy or by id (into the trash; data stays)',
    family: 'restic',
    options: forgetOptions,
    exits: [...repositoryExits.slice(0, 2), '3  a snapshot could not be removed', ...repositoryExits.slice(2)],
    next: 'fortfail snapshots',
    load: () => import('../commands/forget.ts'),
  }),
  defineVerb({
    name: 'key list',
    args: '',
    summary: 'List keys (passwords) of a repository',
    family: 'restic',
    options: keyListOptions,
    exits: repositoryExits,
    next: 'fortfail key add',
    load: () => import('../commands/key-list.ts'),
  }),
  defineVerb({
    name: 'key add',
    args: '',
    summary: 'Add a key (password)',
    family: 'restic',
    options: keyAddOptions,
    exits: repositoryExits,
    next: 'fortfail key list',
    load: () => import('../commands/key-add.ts'),
  }),
  defineVerb({
    name: 'key remove',
    args: '[id]',
    summary: 'Remove a key (password)',
    family: 'restic',
    options: keyRemoveOptions,
    exits: repositoryExits,
    next: 'fortfail key list',
    load: () => import('../commands/key-remove.ts'),
  }),
  defineVerb({
    name: 'key passwd',
    args: '',
    summary: 'Change the password: add a key and remove the one in use',
    family: 'restic',
    options: keyAddOptions,
    exits: repositoryExits,
    next: 'fortfail key list',
    load: () => import('../commands/key-passwd.ts'),
  }),
  defineVerb({
    name: 'unlock',
    args: '',
    summary: 'Remove locks that dead processes left',
    family: 'restic',
    options: unlockOptions,
    exits: repositoryExits.filter((line) => !/^1[01] /.test(line)),
    next: 'fortfail check',
    load: () => import('../commands/unlock.ts'),
  }),
  defineVerb({
    name: 'version',
    args: '',
    summary: 'Print the version',
    family: 'restic',
    options: versionOptions,
    exits: ['0  done'],
    next: 'fortfail --help',
    load: () => import('../commands/version.ts'),
  }),
];

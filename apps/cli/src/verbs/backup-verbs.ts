import { flag, list, text, value, valueOr, values } from './option.ts';
import { snapshotFilter } from './snapshot-options.ts';
import { choice, groupBy, localTime, sizeBytes, tagList, wholeNumber } from './value-parsers.ts';
import { defineVerb, repositoryExits } from './verb.ts';

export const initOptions = {
  copyChunkerParams: flag('--copy-chunker-params', 'cut files as the repository of --from-repo does, so that copies share their data'),
  fromRepo: text('--from-repo <repository>', 'repository to take chunker parameters from (default: $RESTIC_FROM_REPOSITORY)'),
  fromRepositoryFile: text('--from-repository-file <file>', 'file to read its location from (default: $RESTIC_FROM_REPOSITORY_FILE)'),
  fromPasswordFile: text('--from-password-file <file>', 'file to read its password from (default: $RESTIC_FROM_PASSWORD_FILE)'),
  fromPasswordCommand: text(
    '--from-password-command <command>',
    'command that prints its password (default: $RESTIC_FROM_PASSWORD_COMMAND)',
  ),
  fromInsecureNoPassword: flag('--from-insecure-no-password', 'it has an empty password (insecure)'),
  fromKeyHint: text('--from-key-hint <key>', 'id of its key to try first (default: $RESTIC_FROM_KEY_HINT)'),
  repositoryVersion: valueOr(
    '--repository-version <version>',
    "repository format: 1, 2, 'latest' or 'stable'",
    '2',
    choice('1', '2', 'latest', 'stable'),
  ),
} as const;

export const backupOptions = {
  dryRun: flag('-n, --dry-run', 'read and count, store nothing'),
  exclude: list('-e, --exclude <pattern>', 'leave out what matches (repeatable; `!` takes back)'),
  excludeCaches: flag('--exclude-caches', 'leave out the contents of folders marked by a CACHEDIR.TAG file'),
  excludeFile: list('--exclude-file <file>', 'read exclude patterns from a file (repeatable)'),
  excludeIfPresent: list('--exclude-if-present <filename[:header]>', 'leave out the contents of folders that hold this file (repeatable)'),
  excludeLargerThan: value('--exclude-larger-than <size>', 'leave out files larger than this (suffixes k, M, G, T)', sizeBytes),
  filesFrom: list('--files-from <file>', 'read what to back up from a file of patterns (repeatable; - for standard input)'),
  filesFromRaw: list('--files-from-raw <file>', 'read what to back up from a file of names that end in NUL (repeatable)'),
  filesFromVerbatim: list('--files-from-verbatim <file>', 'read what to back up from a file of names, one a line (repeatable)'),
  force: flag('-f, --force', 'read every file again, whatever the parent says'),
  groupBy: value('-g, --group-by <group>', 'what a parent must share: host, paths, tags (default host,paths)', groupBy),
  host: text('-H, --host <hostname>', 'host name of the snapshot (default: $RESTIC_HOST or this host)'),
  iexclude: list('--iexclude <pattern>', 'like --exclude without regard to case'),
  iexcludeFile: list('--iexclude-file <file>', 'like --exclude-file without regard to case'),
  ignoreCtime: flag('--ignore-ctime', 'do not look at change times to find changed files'),
  ignoreInode: flag('--ignore-inode', 'do not look at inodes and change times to find changed files'),
  noScan: flag('--no-scan', 'do not estimate the size first (accepted for restic; makes no difference here)'),
  oneFileSystem: flag('-x, --one-file-system', 'do not leave the file systems of the named paths'),
  parent: text('--parent <snapshot>', 'compare with this snapshot instead of the newest of the same host and paths'),
  readConcurrency: value('--read-concurrency <n>', 'read so many files at once (accepted for restic; the cores decide here)', wholeNumber),
  skipIfUnchanged: flag('--skip-if-unchanged', 'make no snapshot when nothing changed'),
  stdin: flag('--stdin', 'back up standard input'),
  stdinFilename: valueOr('--stdin-filename <filename>', 'name of the file that standard input becomes', 'stdin', (name) => name),
  stdinFromCommand: flag('--stdin-from-command', 'take the arguments as a command and back up what it prints'),
  tag: values('--tag <tags>', 'tags of the snapshot, `a,b` (repeatable)', tagList),
  time: value('--time <time>', "time of the snapshot, '2012-11-01 22:08:41' (default: now)", localTime),
  withAtime: flag('--with-atime', 'store access times'),
} as const;

export const restoreOptions = {
  ...snapshotFilter(', for `latest`'),
  delete: flag('--delete', 'delete what is in the target and not in the snapshot'),
  dryRun: flag('--dry-run', 'write nothing, show what would be done'),
  exclude: list('-e, --exclude <pattern>', 'leave out what matches (repeatable)'),
  excludeFile: list('--exclude-file <file>', 'read exclude patterns from a file (repeatable)'),
  excludeXattr: list('--exclude-xattr <pattern>', 'leave out extended attributes that match (repeatable)'),
  iexclude: list('--iexclude <pattern>', 'like --exclude without regard to case'),
  iexcludeFile: list('--iexclude-file <file>', 'like --exclude-file without regard to case'),
  include: list('-i, --include <pattern>', 'restore only what matches (repeatable)'),
  includeFile: list('--include-file <file>', 'read include patterns from a file (repeatable)'),
  iinclude: list('--iinclude <pattern>', 'like --include without regard to case'),
  iincludeFile: list('--iinclude-file <file>', 'like --include-file without regard to case'),
  includeXattr: list('--include-xattr <pattern>', 'restore only extended attributes that match (repeatable)'),
  overwrite: valueOr(
    '--overwrite <behavior>',
    'what to do with files that are there: always, if-changed, if-newer or never',
    'always',
    choice('always', 'if-changed', 'if-newer', 'never'),
  ),
  ownershipByName: flag('--ownership-by-name', 'restore owners by name instead of number'),
  sparse: flag('--sparse', 'make holes where a file holds zeros'),
  target: text('-t, --target <folder>', 'folder to restore to'),
  verify: flag('--verify', 'read the restored files again and compare them'),
} as const;

export const backupVerbs = [
  defineVerb({
    name: 'init',
    args: '',
    summary: 'Make a new repository',
    family: 'restic',
    options: initOptions,
    exits: repositoryExits.filter((line) => !/^1[012] /.test(line)),
    next: 'fortfail backup PATH',
    load: () => import('../commands/init.ts'),
  }),
  defineVerb({
    name: 'backup',
    args: '[paths...]',
    summary: 'Back up files and folders into a new snapshot',
    family: 'restic',
    options: backupOptions,
    exits: [
      ...repositoryExits.slice(0, 1),
      '1  an error; no snapshot was made',
      '3  something could not be read; the snapshot holds the rest',
      ...repositoryExits.slice(2),
    ],
    next: 'fortfail snapshots',
    load: () => import('../commands/backup.ts'),
  }),
  defineVerb({
    name: 'restore',
    args: '[snapshot]',
    summary: 'Restore a snapshot (or `latest`, or `snapshot:folder`) into a folder',
    family: 'restic',
    options: restoreOptions,
    exits: [
      ...repositoryExits.slice(0, 1),
      '1  an error; what could not be restored is named',
      '3  all contents are restored; owners, devices or attributes that this user may not set are named',
      ...repositoryExits.slice(2),
    ],
    next: 'fortfail check --read-data',
    load: () => import('../commands/restore.ts'),
  }),
];

import { count, flag, list, text, value } from './option.ts';
import { choice, durationMs, wholeNumber } from './value-parsers.ts';

const noEffect = '(accepted for restic; no effect on local storage)';

/** restic's global options. They may stand before or after the verb, and belong to restic's verbs only. */
export const globalOptions = {
  repo: text('-r, --repo <repository>', 'repository to work on (default: $RESTIC_REPOSITORY)'),
  repositoryFile: text('--repository-file <file>', 'file to read the repository location from (default: $RESTIC_REPOSITORY_FILE)'),
  passwordFile: text('-p, --password-file <file>', 'file to read the repository password from (default: $RESTIC_PASSWORD_FILE)'),
  passwordCommand: text('--password-command <command>', 'command that prints the repository password (default: $RESTIC_PASSWORD_COMMAND)'),
  insecureNoPassword: flag('--insecure-no-password', 'use an empty password (insecure; needed for every command on such a repository)'),
  keyHint: text('--key-hint <key>', 'id of the key to try first (default: $RESTIC_KEY_HINT)'),
  json: flag('--json', 'print JSON, one object a line'),
  quiet: flag('-q, --quiet', 'print results and errors only'),
  verbose: count('-v, --verbose', 'say more; twice to name every file (also --verbose=2)'),
  noLock: flag('--no-lock', 'read without a lock, for repositories that cannot be written'),
  retryLock: value('--retry-lock <duration>', 'wait so long for a locked repository, such as 5m (default: no waiting)', durationMs),
  compression: value(
    '--compression <mode>',
    'auto, off, fastest, better or max (default: $RESTIC_COMPRESSION or auto)',
    choice('auto', 'off', 'fastest', 'better', 'max'),
  ),
  packSize: value('--pack-size <size>', 'target size of pack files in MiB (default: $RESTIC_PACK_SIZE or 16)', wholeNumber),
  noExtraVerify: flag('--no-extra-verify', 'do not decrypt and compare what is about to be stored'),
  noCache: flag('--no-cache', 'keep no local cache (accepted for restic; there is none here)'),
  cacheDir: text('--cache-dir <directory>', 'local cache folder (accepted for restic; there is no cache here)'),
  cleanupCache: flag('--cleanup-cache', 'remove old cache folders (accepted for restic; there is no cache here)'),
  option: list('-o, --option <key=value>', `set an extended option ${noEffect}`),
  limitDownload: value('--limit-download <rate>', `limit of reading in KiB/s ${noEffect}`, wholeNumber),
  limitUpload: value('--limit-upload <rate>', `limit of writing in KiB/s ${noEffect}`, wholeNumber),
  cacert: list('--cacert <file>', `root certificates ${noEffect}`),
  tlsClientCert: text('--tls-client-cert <file>', `client certificate ${noEffect}`),
  insecureTls: flag('--insecure-tls', `do not verify certificates ${noEffect}`),
  httpUserAgent: text('--http-user-agent <text>', `user agent of requests ${noEffect}`),
  stuckRequestTimeout: value('--stuck-request-timeout <duration>', `retry stuck requests after this time ${noEffect}`, durationMs),
} as const;

export type GlobalOptions = typeof globalOptions;

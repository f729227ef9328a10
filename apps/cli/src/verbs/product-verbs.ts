import { flag, list, text, value } from './option.ts';
import { choice, port, shareNumbers, wholeNumber } from './value-parsers.ts';
import { defineVerb } from './verb.ts';

const data = text('--data <folder>', 'data folder (default: $FORTFAIL_DATA, /var/lib/fortfail for root, else ~/.local/share/fortfail)');
const json = flag('--json', 'print JSON');
const listening = {
  port: value('--port <number>', 'port to listen on (default: $PORT or 8000)', port),
  host: text('--host <address>', 'address to listen on (default: $HOST or loopback; others need TLS or ALLOW_PLAIN_HTTP=1)'),
} as const;
const limit = value('--limit <n>', 'at most so many (default 50)', wholeNumber);

export const startOptions = {
  protect: list('--protect <path>', 'protect this file or folder (repeatable)'),
  data,
  ...listening,
  once: flag('--once', 'protect, prove, print the summary and stop'),
  json: flag('--json', 'with --once: the last line printed is one JSON object'),
} as const;
export const orchestratorOptions = { data, ...listening } as const;
export const agentOptions = { data } as const;
export const localOptions = { data, json } as const;
export const planListOptions = localOptions;
export const pointListOptions = { data, json, plan: text('--plan <name>', 'only points of this plan'), limit } as const;
export const jobListOptions = {
  data,
  json,
  plan: text('--plan <name>', 'only jobs of this plan'),
  status: value(
    '--status <status>',
    'only jobs in this state',
    choice('queued', 'leased', 'running', 'succeeded', 'partial', 'failed', 'cancelled'),
  ),
  limit,
} as const;
export const drillStartOptions = { data, json, wait: flag('--wait', 'wait for the end and print what was found') } as const;
export const auditVerifyOptions = {
  data,
  json,
  file: text('--file <file>', 'verify this audit file instead of the one that FortFail keeps'),
  witnesses: flag('--witnesses', 'also ask every agent for the signed heads that it keeps'),
} as const;
export const auditHeadsOptions = {
  data,
  json,
  limit,
  out: text('--out <folder>', 'write them as files that ssh-keygen verifies'),
} as const;
export const drillEvidenceOptions = { data, json, out: text('--out <folder>', 'where to write the files (default: here)') } as const;

const yes = flag('--yes', 'do not ask');
const signingKey = text('--key <file>', 'SSH key of an admin of the roster (default: yours in ~/.ssh)');
export const repoGrantOptions = {
  data,
  json,
  to: text('--to <agent>', 'the host that is to get a key: its name or agent id'),
  key: signingKey,
  unsigned: flag('--unsigned', 'without signatures: somebody consents on the host whose repository it is'),
  wait: flag('--wait', 'wait until the other host has it'),
  yes,
} as const;
export const approveOptions = {
  data,
  json,
  key: signingKey,
  as: text('--as <name>', 'who approves (default: your user name)'),
  yes,
} as const;
export const pointRestoreOptions = {
  data,
  json,
  on: text('--on <agent>', 'restore on this host: name or agent id (default: the host of the point)'),
  include: list('--include <path>', 'only this path of the point (repeatable)'),
  target: text('--target <folder>', 'into this new or empty folder of that host (default: a fresh one below its restore root)'),
  apply: flag('--apply', 'the argument is a restore that was proposed: do it'),
  dryRun: flag('--dry-run', 'stop after the proposal'),
  yes,
} as const;
export const kitCreateOptions = {
  data,
  json,
  keyFile: text('--key-file <file>', 'put the recovery key into this new file (0600), and nowhere else'),
  text: text('--text <file>', 'write the page as text into this new file (0600)'),
  pdf: text('--pdf <file>', 'write the page as PDF into this new file (0600)'),
  shares: value('--shares <k/n>', 'split the key into n shares of which any k open it', shareNumbers),
  adminKey: list('--admin-key <file>', 'public SSH key of an admin who may approve and grant (repeatable; default: yours in ~/.ssh)'),
  yes: flag('--yes', 'do not ask whether the page was printed'),
} as const;
export const kitTestOptions = {
  data,
  json,
  keyFile: text('--key-file <file>', 'read the key or the shares from this file (default: type them, or a pipe)'),
  repository: text('--repository <name>', 'open the escrow of this repository (default: any)'),
} as const;
export const catalogImportOptions = { data, json } as const;

const localExits = [
  '0  done',
  '1  a bug',
  '2  wrong usage',
  '20  no such object',
  '24  FortFail is not up, or does not answer',
  '130  interrupted',
];

export const productVerbs = [
  defineVerb({
    name: 'start',
    args: '',
    summary: 'Protect, prove a restore, and serve the console',
    description: 'Starts orchestrator and agent; the first start makes a repository, backs up and drills. Ctrl-C stops cleanly.',
    family: 'product',
    options: startOptions,
    exits: [
      '0  done (--once), or stopped by Ctrl-C',
      '1  no path to protect is left, or a bug; nothing was written',
      '2  wrong usage',
      '3  something was left out or not proven (--once)',
      '21  the port is taken, or the data folder is in use',
      '22  the data folder cannot be written',
      '24  orchestrator or agent did not come up',
    ],
    next: 'fortfail status',
    load: () => import('../commands/start.ts'),
  }),
  defineVerb({
    name: 'orchestrator',
    args: '',
    summary: 'Run the orchestrator alone',
    family: 'product',
    options: orchestratorOptions,
    exits: ['0  stopped', '1  ended on its own', '2  wrong usage', '21  the port is taken, or the data folder is in use'],
    next: 'fortfail agent',
    load: () => import('../commands/orchestrator.ts'),
  }),
  defineVerb({
    name: 'agent',
    args: '',
    summary: 'Run the agent alone',
    family: 'product',
    options: agentOptions,
    exits: ['0  stopped', '1  ended on its own', '2  wrong usage'],
    next: 'fortfail status',
    load: () => import('../commands/agent.ts'),
  }),
  defineVerb({
    name: 'login-link',
    args: '',
    summary: 'Print a one-time link to sign in',
    family: 'product',
    options: localOptions,
    exits: localExits,
    next: 'open the link in a browser',
    load: () => import('../commands/login-link.ts'),
  }),
  defineVerb({
    name: 'status',
    args: '',
    summary: 'Are we safe? Plans against their promises',
    family: 'product',
    options: localOptions,
    exits: [...localExits.slice(0, 3), '3  a promise is not kept', ...localExits.slice(3)],
    next: 'fortfail plan show NAME',
    load: () => import('../commands/status.ts'),
  }),
  defineVerb({
    name: 'plan list',
    args: '',
    summary: 'List plans',
    family: 'product',
    options: localOptions,
    exits: localExits,
    next: 'fortfail plan show NAME',
    load: () => import('../commands/plan-list.ts'),
  }),
  defineVerb({
    name: 'plan show',
    args: '<plan>',
    summary: 'Show a plan, its promise and what keeps it',
    family: 'product',
    options: localOptions,
    exits: localExits,
    next: 'fortfail drill start NAME',
    load: () => import('../commands/plan-show.ts'),
  }),
  defineVerb({
    name: 'point list',
    args: '',
    summary: 'List restore points',
    family: 'product',
    options: pointListOptions,
    exits: localExits,
    next: 'fortfail drill start ID',
    load: () => import('../commands/point-list.ts'),
  }),
  defineVerb({
    name: 'point restore',
    args: '<point>',
    summary: 'Restore a point on its host or another one; the proposal comes first',
    family: 'product',
    options: pointRestoreOptions,
    exits: [...localExits.slice(0, 3), '3  not all came back, or somebody has to consent first', ...localExits.slice(3)],
    next: 'fortfail approve RESTORE',
    load: () => import('../commands/point-restore.ts'),
  }),
  defineVerb({
    name: 'approve',
    args: '<restore>',
    summary: "Sign a restore's proposal with an SSH key of the roster",
    family: 'product',
    options: approveOptions,
    exits: [...localExits.slice(0, 4), '21  it waits for no approval', '22  nothing was signed', ...localExits.slice(4)],
    next: 'fortfail point restore --apply RESTORE',
    load: () => import('../commands/approve.ts'),
  }),
  defineVerb({
    name: 'repo grant',
    args: '<repository>',
    summary: 'Give another host a key of a repository, so that points can come back there',
    family: 'product',
    options: repoGrantOptions,
    exits: [...localExits.slice(0, 3), '3  the other host has no key yet (--wait)', ...localExits.slice(3)],
    next: 'fortfail point restore POINT --on HOST',
    load: () => import('../commands/repo-grant.ts'),
  }),
  defineVerb({
    name: 'job list',
    args: '',
    summary: 'List jobs',
    family: 'product',
    options: jobListOptions,
    exits: localExits,
    next: 'fortfail job show ID',
    load: () => import('../commands/job-list.ts'),
  }),
  defineVerb({
    name: 'job show',
    args: '<job>',
    summary: 'Show a job and its log',
    family: 'product',
    options: localOptions,
    exits: localExits,
    next: 'fortfail job list',
    load: () => import('../commands/job-show.ts'),
  }),
  defineVerb({
    name: 'drill start',
    args: '<point-or-plan>',
    summary: 'Drill a restore point, or the newest of a plan',
    family: 'product',
    options: drillStartOptions,
    exits: [...localExits.slice(0, 3), '3  the drill found a difference (--wait)', ...localExits.slice(3)],
    next: 'fortfail job show ID',
    load: () => import('../commands/drill-start.ts'),
  }),
  defineVerb({
    name: 'drill evidence',
    args: '<drill>',
    summary: "Write a drill's signed evidence as files that ssh-keygen verifies",
    family: 'product',
    options: drillEvidenceOptions,
    exits: [...localExits.slice(0, 4), '21  another file is in the way', ...localExits.slice(4)],
    next: 'ssh-keygen -Y verify ...',
    load: () => import('../commands/drill-evidence.ts'),
  }),
  defineVerb({
    name: 'audit heads',
    args: '',
    summary: 'Show the signed heads of the audit chains, or write them as files',
    family: 'product',
    options: auditHeadsOptions,
    exits: localExits,
    next: 'fortfail audit verify --witnesses',
    load: () => import('../commands/audit-heads.ts'),
  }),
  defineVerb({
    name: 'audit verify',
    args: '',
    summary: 'Verify the audit chain, and name the first broken record',
    description: 'Asks the orchestrator where one is up; otherwise reads the database and the audit file itself.',
    family: 'product',
    options: auditVerifyOptions,
    exits: [...localExits.slice(0, 3), '25  a record was changed, dropped or moved', ...localExits.slice(3)],
    next: 'fortfail status',
    load: () => import('../commands/audit-verify.ts'),
  }),
  defineVerb({
    name: 'kit create',
    args: '',
    summary: 'Make the recovery kit: the one page that opens every backup',
    description:
      'The key is made here and printed, or written where you say. Only its public halves reach the orchestrator. Without an option the page is shown on the terminal.',
    family: 'product',
    options: kitCreateOptions,
    exits: [...localExits.slice(0, 3), '21  there is a kit, or a file is in the way', ...localExits.slice(4)],
    next: 'fortfail kit confirm',
    load: () => import('../commands/kit-create.ts'),
  }),
  defineVerb({
    name: 'kit confirm',
    args: '',
    summary: 'Confirm that the page is printed, by its last six characters',
    family: 'product',
    options: localOptions,
    exits: localExits,
    next: 'fortfail kit test',
    load: () => import('../commands/kit-confirm.ts'),
  }),
  defineVerb({
    name: 'kit test',
    args: '',
    summary: 'Open an escrow, and its repository, with the key typed from the paper',
    family: 'product',
    options: kitTestOptions,
    exits: [...localExits.slice(0, 3), '12  the key is of another kit, or does not open it', ...localExits.slice(3)],
    next: 'fortfail kit show',
    load: () => import('../commands/kit-test.ts'),
  }),
  defineVerb({
    name: 'kit show',
    args: '',
    summary: 'Show what the site knows of its recovery kit',
    family: 'product',
    options: localOptions,
    exits: localExits,
    next: 'fortfail kit test',
    load: () => import('../commands/kit-show.ts'),
  }),
  defineVerb({
    name: 'catalog import',
    args: '<folder>',
    summary: 'Fill a new database with a copy of a catalog',
    description:
      'The folder is database in a restored configuration of a site on PostgreSQL. Fills the database of DATABASE_URL, or that of the data folder; never one that is in use.',
    family: 'product',
    options: catalogImportOptions,
    exits: [
      '0  done',
      '1  a bug',
      '2  wrong usage',
      '20  there is no copy in that folder',
      '21  the database holds a site, or FortFail is up',
      '25  the copy is damaged, or its audit chain is broken',
    ],
    next: 'fortfail start',
    load: () => import('../commands/catalog-import.ts'),
  }),
];

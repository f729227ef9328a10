import { formatBytes } from '@fortfail/base';
import type { PlanProgress, PlanProof } from '../start/prove-plans.ts';
import type { StartSummary } from '../start/summary.ts';
import { formatSpan } from './format.ts';
import { bar } from './progress.ts';
import { renderTable } from './table.ts';

const count = (value: number): string => value.toLocaleString('en-US');

/** One line of a plan at work: `usr-share-doc  backing up  [####....] 12,042 files  310 MB  4.0 s left`. */
export function progressLine({ plan, doing, job }: PlanProgress): string {
  const what = doing === 'backup' ? 'backing up' : 'drilling  ';
  const progress = job.progress;
  if (progress === null) return `${plan}  ${what}  ${job.status}`;
  const total = progress.bytesTotal === null ? '' : ` of ${formatBytes(progress.bytesTotal)}`;
  const left = progress.secondsRemaining === null ? '' : `  ${formatSpan(progress.secondsRemaining)} left`;
  const drawn = progress.bytesTotal === null ? '' : `  ${bar(progress.bytesDone, progress.bytesTotal)}`;
  return `${plan}  ${what}${drawn}  ${count(progress.filesDone)} files  ${formatBytes(progress.bytesDone)}${total}${left}`;
}

/** What stays on the screen of a job that has ended. */
export function endedLine({ plan, doing, job }: PlanProgress): string {
  const what = doing === 'backup' ? 'backup' : 'drill';
  const why = job.error?.message ?? job.outcome;
  return `${plan}: ${what} ${job.status}${why === null || why === undefined ? '' : `: ${why}`}\n`;
}

export interface StartTexts {
  readonly summary: StartSummary;
  readonly proofs: readonly PlanProof[];
  readonly loginLink: string;
  /** `fortfail` or `./fortfail`, with the data folder where it is not the default one. */
  readonly command: (verb: string) => string;
  readonly staysUp: boolean;
  readonly missing: readonly { readonly path: string; readonly reason: string }[];
}

const outcomes = { passed: 'every byte and all metadata equal', failed: 'DIFFERENCES FOUND' } as const;

function proofText({ drill, point, problems }: PlanProof): readonly string[] {
  if (point === undefined) return ['not protected', ...problems];
  if (drill === undefined) return ['not proven', ...problems];
  return [`restored in ${formatSpan(drill.rtoSeconds)}, ${outcomes[drill.outcome]}`, ...problems];
}

/** The screen that `start` ends its work with. */
export function startText(texts: StartTexts): string {
  const { summary, proofs, command } = texts;
  const table = renderTable<PlanProof>(
    [
      { title: 'Plan', cell: ({ plan }) => plan },
      { title: 'Restore point', cell: ({ point }) => point?.id ?? '-' },
      { title: 'Files', cell: ({ point }) => (point === undefined ? '-' : count(point.files)) },
      { title: 'Bytes', cell: ({ point }) => (point === undefined ? '-' : formatBytes(point.bytes)) },
      { title: 'Grade', cell: ({ point }) => point?.grade ?? '-' },
      { title: 'Measured restore', cell: proofText },
    ],
    proofs,
  );
  const files = proofs.find(({ kind }) => kind === 'files') ?? proofs[0];
  const restic = `RESTIC_REPOSITORY=${quoted(summary.repository)} RESTIC_PASSWORD_FILE=${quoted(summary.passwordFile)}`;
  const next: readonly (readonly [string, string])[] = [
    [command('status'), 'are we safe?'],
    [command(`plan show ${files?.plan ?? 'NAME'}`), 'its promise, points and drills'],
    [command('login-link'), 'another link to sign in'],
    [`${restic} ${command('').split(' ')[0]} snapshots`, 'also understood by restic itself'],
  ];
  return [
    '',
    `Console        ${texts.loginLink}`,
    `               (one use, 30 minutes${texts.staysUp ? '' : '; FortFail is not up now, start it without --once'})`,
    `Data           ${summary.data}`,
    `Repository     ${summary.repository}`,
    `Password file  ${summary.passwordFile}`,
    '               Keep a copy of it elsewhere: without it nobody can restore.',
    '',
    table.trimEnd(),
    ...texts.missing.map(({ path, reason }) => `Not protected: ${path}, ${reason}`),
    `Took ${formatSpan(summary.tookSeconds)}.`,
    '',
    'Next:',
    ...next.map(([line, why]) => `  ${line}\n      ${why}`),
    ...(texts.staysUp ? ['', 'FortFail is up; the plans go on by their schedules. Ctrl-C stops it.'] : []),
    '',
  ].join('\n');
}

const quoted = (text: string): string => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);

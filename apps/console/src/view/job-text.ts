import type { Job, JobProgress } from '@fortfail/protocol';
import { duration } from '../format/duration.ts';
import { percent, size } from '../format/quantity.ts';

const verbs: Record<Job['kind'], string> = {
  initialise: 'Make the repository',
  backup: 'Back up',
  check: 'Check',
  drill: 'Drill',
  'propose-restore': 'Propose a restore of',
  'apply-restore': 'Restore',
  forget: 'Forget points of',
  escrow: 'Seal the key of the repository',
  'grant-slot': 'Seal a key for another host',
  'accept-slot': 'Take over a key',
};

/** What the job does to what: `Back up wiki-db`. */
export const jobTitle = ({ kind, planName }: Pick<Job, 'kind' | 'planName'>): string =>
  planName === null ? (verbs[kind] ?? kind).replace(/ (?:of|points of)$/, '') : `${verbs[kind] ?? kind} ${planName}`;

/** How far it is, in the words of a status line: `62 %, 4 m left`. Nothing is guessed while totals are unknown. */
export const progressText = (job: Pick<Job, 'status'>, progress: JobProgress | null): string => {
  if (job.status === 'queued' || job.status === 'leased') return 'waits';
  if (progress === null) return 'runs';
  const done = percent(progress.bytesDone, progress.bytesTotal);
  const left = progress.secondsRemaining === null ? undefined : `${duration(Math.ceil(progress.secondsRemaining))} left`;
  if (done === undefined) return [size(progress.bytesDone), progress.phase].filter(Boolean).join(', ');
  return [`${done} %`, left ?? progress.phase].filter(Boolean).join(', ');
};

const causes: Record<Job['cause'], string> = {
  schedule: 'by its schedule',
  'catch-up': 'to catch up',
  person: 'by a person',
  'first-start': 'at the first start',
  'self-run': 'by the host itself, as no order came',
};

/** Why the job exists. */
export const causeText = (cause: Job['cause']): string => causes[cause] ?? cause;

export const isLive = ({ status }: Pick<Job, 'status'>): boolean => status === 'queued' || status === 'leased' || status === 'running';

/** A message as a sentence of its own: what others said begins small and has no full stop. */
export const asSentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`;

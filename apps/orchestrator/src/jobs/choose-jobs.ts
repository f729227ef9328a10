import type { JobRow } from './job-rows.ts';

/** What an agent does at once besides restores that a person waits for. */
export const backgroundCapacity = 2;
export const restoreCapacity = 4;

const restoreKinds: ReadonlySet<string> = new Set(['propose-restore', 'apply-restore']);
const writerKinds: ReadonlySet<string> = new Set(['initialise', 'backup', 'forget']);

/**
 * Which queued jobs of one agent may be leased now, in order. Restores go first, since a person waits; the rest by age.
 * A repository has one writer at a time, and a forget has it to itself, as its lock will demand anyway.
 */
export function chooseJobs(open: readonly JobRow[], now: string): JobRow[] {
  const active = open.filter((job) => job.status !== 'queued');
  const queued = open.filter((job) => job.status === 'queued' && job.not_before <= now).sort(byUrgency);
  const chosen: JobRow[] = [];
  for (const job of queued) {
    const beside = [...active, ...chosen];
    if (hasRoom(job, beside) && !beside.some((other) => clashes(job, other))) chosen.push(job);
  }
  return chosen;
}

function byUrgency(a: JobRow, b: JobRow): number {
  const urgency = Number(restoreKinds.has(b.kind)) - Number(restoreKinds.has(a.kind));
  if (urgency !== 0) return urgency;
  return a.queued_at === b.queued_at ? a.id.localeCompare(b.id) : a.queued_at < b.queued_at ? -1 : 1;
}

function hasRoom(job: JobRow, beside: readonly JobRow[]): boolean {
  const isRestore = restoreKinds.has(job.kind);
  const alike = beside.filter((other) => restoreKinds.has(other.kind) === isRestore).length;
  return alike < (isRestore ? restoreCapacity : backgroundCapacity);
}

function clashes(a: JobRow, b: JobRow): boolean {
  if (a.repository_id === null || a.repository_id !== b.repository_id) return false;
  if (a.kind === 'forget' || b.kind === 'forget') return true;
  return writerKinds.has(a.kind) && writerKinds.has(b.kind);
}

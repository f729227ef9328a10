import { formatBytes } from '@fortfail/base';
import { formatCount } from '@fortfail/policy';
import { type CheckReport, check } from '@fortfail/repository';
import { counted } from './counted.ts';
import type { JobEnd, JobParts, JobVoice, PayloadOf } from './job-context.ts';

/** Faults that are named in a result; their number is told in full. */
const mostNamed = 1000;

/** Checks that a repository is whole, with every stored byte when asked. */
export async function checkRepository(payload: PayloadOf<'check'>, voice: JobVoice, { shelf }: JobParts): Promise<JobEnd> {
  return await shelf.use(payload.repository, async (repository) => {
    // Of the time before: what is added meanwhile was not checked.
    const snapshots = (await repository.listSnapshots({ onUnreadable: () => undefined })).map(({ id }) => id);
    const report = await check(repository, {
      readData: payload.readData,
      signal: voice.signal,
      onProgress: ({ phase, done, total }) => voice.progress(progressOf(phase, done, total)),
    });
    for (const hint of report.hints.slice(0, mostNamed)) voice.log('info', hint);
    for (const error of report.errors.slice(0, mostNamed)) voice.log('error', error);
    return endOf(report, snapshots, payload.readData);
  });
}

function progressOf(phase: string, done: number, total: number): Parameters<JobVoice['progress']>[0] {
  const unknown = { bytesDone: 0, bytesTotal: null, errors: 0, current: [], bytesPerSecond: null, secondsRemaining: null };
  return { phase: `check ${phase}`, filesDone: done, filesTotal: total === 0 ? null : total, ...unknown };
}

function endOf(report: CheckReport, snapshots: string[], readData: boolean): JobEnd {
  const { packs, blobs, bytesRead, errors } = report;
  const result = { kind: 'check' as const, packs, blobs, bytesRead, errors: errors.slice(0, mostNamed), snapshots };
  const seen = `${counted(packs, 'pack')} with ${counted(blobs, 'blob')}${readData ? `, ${formatBytes(bytesRead)} read` : ''}`;
  if (errors.length === 0) return { status: 'succeeded', result, summary: `Checked ${seen}: whole.` };
  const message = `the repository is damaged: ${errors[0]}${errors.length > 1 ? ` and ${formatCount(errors.length - 1)} more` : ''}`;
  const hint = 'Do not prune it. See the log of this job for all faults, and back up anew what is still there.';
  // Without an error record: damage that was read is not made better by reading it again at once.
  return { status: 'failed', result, summary: `Checked ${seen}: ${message}. ${hint}` };
}

import { forgetSnapshots, type Snapshot } from '@fortfail/repository';
import { counted } from './counted.ts';
import { incomplete } from './engine-events.ts';
import type { JobEnd, JobParts, JobVoice, PayloadOf } from './job-context.ts';

interface Refusal {
  readonly snapshot: string;
  readonly reason: string;
}

/**
 * Moves the snapshots a person named into the trash, deciding under the keeper's lock on what really lies in the
 * repository: the last snapshot of a plan is refused whatever was said. One that is gone already counts as forgotten, so
 * the job may be done again.
 */
export async function forget(payload: PayloadOf<'forget'>, voice: JobVoice, { shelf }: JobParts): Promise<JobEnd> {
  return await shelf.use(payload.repository, async (repository) => {
    await using session = await repository.lockExclusive('keeper', { signal: voice.signal });
    const spared = lastOnes(await repository.listSnapshots(), new Set(payload.snapshots));
    const ids = payload.snapshots.filter((id) => !spared.has(id));
    const outcome = await forgetSnapshots(repository, ids, { session, signal: voice.signal });
    const refusals = (names: Iterable<string>, reason: string): Refusal[] => [...names].map((snapshot) => ({ snapshot, reason }));
    const refused = [
      ...refusals(spared, 'it is the last one of its plan'),
      ...refusals(outcome.held, 'a person holds it'),
      ...refusals(outcome.retained, 'the store does not let it go'),
    ];
    for (const { snapshot, reason } of refused) voice.log('warn', `not forgotten: ${reason}`, snapshot);
    return endOf([...outcome.forgotten, ...outcome.missing], refused);
  });
}

/** Of each plan (snapshots of equal tags, or of equal paths without tags) that would lose everything, the newest. */
function lastOnes(there: readonly Snapshot[], wanted: ReadonlySet<string>): Set<string> {
  const groups = Map.groupBy(there, ({ tags, paths }) => JSON.stringify(tags.length > 0 ? [...tags].sort() : ['', ...[...paths].sort()]));
  const spared = new Set<string>();
  for (const members of groups.values()) {
    if (!members.every(({ id }) => wanted.has(id))) continue;
    const newest = members.reduce((a, b) => (b.timeNs > a.timeNs ? b : a));
    spared.add(newest.id);
  }
  return spared;
}

function endOf(forgotten: string[], refused: Refusal[]): JobEnd {
  const result = { kind: 'forget' as const, forgotten, refused };
  const done = `${counted(forgotten.length, 'restore point')} moved to the trash`;
  if (refused.length === 0) return { status: 'succeeded', result, summary: `${done}.` };
  const error = incomplete(refused.length, 'forgotten');
  return {
    status: forgotten.length > 0 ? 'partial' : 'failed',
    result,
    error,
    summary: `${done}; ${error.message}: ${refused[0]?.reason}.`,
  };
}

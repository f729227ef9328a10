import { type Clock, FortFailError } from '@fortfail/base';
import { applyForgetPolicy, type ForgetGroup, type ForgetPolicy, type GroupBy, groupSnapshots, isEmptyPolicy } from '@fortfail/policy';
import {
  type ForgetOutcome,
  forgetSnapshots,
  matchesFilter,
  type Repository,
  type Session,
  type Snapshot,
  type SnapshotFilter,
} from '@fortfail/repository';

export interface ForgetOptions {
  readonly policy: ForgetPolicy;
  /** Snapshots named one by one: they go without asking the policy. */
  readonly ids?: readonly string[];
  readonly filter?: SnapshotFilter;
  readonly groupBy?: GroupBy | undefined;
  readonly clock: Clock;
  readonly dryRun?: boolean;
  /** Lets a filter without a policy remove all it finds; a policy that keeps nothing of a group is refused all the same. */
  readonly allowRemoveAll?: boolean;
  /** Called for a snapshot that cannot be read, which then stays; without it the first such one is thrown. */
  readonly onUnreadable?: (id: string, error: FortFailError) => void;
  readonly signal?: AbortSignal | undefined;
}

export interface ForgetResult {
  /** Empty when snapshots were named. */
  readonly groups: readonly ForgetGroup<Snapshot>[];
  readonly selected: readonly Snapshot[];
  /** What became of the selected; undefined under a dry run. */
  readonly outcome: ForgetOutcome | undefined;
}

/**
 * Decides as restic 0.19's `forget` and moves what is not kept into the trash. Throws `invalid-input` for a policy
 * without rules and when a group would lose its last snapshot; nothing is removed then.
 */
export async function forgetByPolicy(repository: Repository, options: ForgetOptions): Promise<ForgetResult> {
  if (options.dryRun === true) return { ...(await select(repository, options)), outcome: undefined };
  // Decided under the lock: nobody else may forget at the same time what this decision keeps others for.
  await using session: Session = await repository.lockExclusive('keeper', { signal: options.signal });
  const selection = await select(repository, options);
  const ids = selection.selected.map(({ id }) => id);
  return { ...selection, outcome: await forgetSnapshots(repository, ids, { session, signal: options.signal }) };
}

interface Selection {
  readonly groups: readonly ForgetGroup<Snapshot>[];
  readonly selected: readonly Snapshot[];
}

function select(repository: Repository, options: ForgetOptions): Promise<Selection> {
  return (options.ids ?? []).length > 0 ? selectByName(repository, options) : selectByPolicy(repository, options);
}

async function selectByName(repository: Repository, options: ForgetOptions): Promise<Selection> {
  const selected = new Map<string, Snapshot>();
  for (const id of options.ids ?? []) {
    const snapshot = await repository.findSnapshot(id);
    selected.set(snapshot.id, snapshot);
  }
  return { groups: [], selected: [...selected.values()] };
}

async function selectByPolicy(repository: Repository, options: ForgetOptions): Promise<Selection> {
  const filter = options.filter ?? {};
  const mayRemoveAll = options.allowRemoveAll === true;
  if (isEmptyPolicy(options.policy) && !(mayRemoveAll && !isEmptyFilter(filter))) {
    throw new FortFailError({
      kind: 'invalid-input',
      code: 'empty-policy',
      message: 'unable to forget, no policy was given and no snapshot is removed without one',
      hint: 'Say what to keep, for example --keep-daily 7.',
    });
  }
  const all = await repository.listSnapshots({ signal: options.signal, onUnreadable: options.onUnreadable });
  const snapshots = all.filter((snapshot) => matchesFilter(snapshot, filter));
  if (isEmptyPolicy(options.policy)) return { groups: groupsToRemove(snapshots, options), selected: snapshots };
  const groups = applyForgetPolicy(snapshots, options.policy, { now: options.clock.now(), groupBy: options.groupBy });
  const lost = groups.find((group) => group.losesAll);
  if (lost !== undefined) throw lastSnapshot(lost);
  return { groups, selected: groups.flatMap((group) => group.remove) };
}

/** Newest first in each group, as a policy lists them. */
function groupsToRemove(snapshots: readonly Snapshot[], { groupBy }: ForgetOptions): ForgetGroup<Snapshot>[] {
  const groups = groupSnapshots(snapshots, groupBy ?? { host: true, paths: true, tags: false });
  return groups.map(({ key, members }) => ({ key, keep: [], remove: members.toReversed(), reasons: [], losesAll: true }));
}

function isEmptyFilter({ hosts = [], tags = [], paths = [] }: SnapshotFilter): boolean {
  return hosts.length + tags.length + paths.length === 0;
}

function lastSnapshot(group: ForgetGroup<Snapshot>): FortFailError {
  const { hostname, paths } = group.key;
  return new FortFailError({
    kind: 'invalid-input',
    code: 'last-snapshot',
    message: `unable to forget, the policy keeps nothing of host '${hostname}', paths '${(paths ?? []).join(', ')}'`,
    hint: 'Nothing was removed. Keep at least one snapshot of each group, or name those that shall go.',
  });
}

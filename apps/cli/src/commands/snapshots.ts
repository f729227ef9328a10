import { groupSnapshots, type SnapshotGroup } from '@fortfail/policy';
import type { Snapshot } from '@fortfail/repository';
import { exitOk } from '../exit.ts';
import { groupHeadline, listedSnapshotJson, snapshotTable } from '../render/snapshot-text.ts';
import { openFor } from '../repository/open-repository.ts';
import { filterOf, pickSnapshots } from '../repository/pick-snapshots.ts';
import type { snapshotsOptions } from '../verbs/read-verbs.ts';
import type { Perform } from '../verbs/verb.ts';

const oneGroup = { host: false, paths: false, tags: false } as const;

/** The newest `count` of each host and paths, in the order given. */
function newestOf(snapshots: readonly Snapshot[], count: number): Snapshot[] {
  const kept = new Set(groupSnapshots(snapshots, { host: true, paths: true, tags: false }).flatMap(({ members }) => members.slice(-count)));
  return snapshots.filter((snapshot) => kept.has(snapshot));
}

/** `snapshots`: the list, or one list for each group. */
export const perform: Perform<typeof snapshotsOptions> = async ({ options, globals, args, context }) => {
  await using repository = await openFor(globals, context);
  await using _session = await repository.beginReader({ signal: context.signal });
  const picked = await pickSnapshots(repository, args, filterOf(options, context), context);
  const snapshots = options.latest === undefined || options.latest === 0 ? picked : newestOf(picked, options.latest);
  const isGrouped = options.groupBy !== undefined && Object.values(options.groupBy).includes(true);
  const groups: readonly SnapshotGroup<Snapshot>[] = isGrouped
    ? groupSnapshots(snapshots, options.groupBy ?? oneGroup)
    : [{ key: { hostname: '', paths: null, tags: null }, members: snapshots }];
  if (globals.json) {
    const document = isGrouped
      ? groups.map(({ key, members }) => ({ group_key: key, snapshots: members.map(listedSnapshotJson) }))
      : snapshots.map(listedSnapshotJson);
    context.stdout.write(`${JSON.stringify(document)}\n`);
    return exitOk;
  }
  for (const { key, members } of groups)
    context.stdout.write(
      `${isGrouped ? groupHeadline(key) : ''}${snapshotTable(members, { compact: options.compact, zone: context.env.TZ })}`,
    );
  return exitOk;
};

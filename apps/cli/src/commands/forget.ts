import { FortFailError } from '@fortfail/base';
import { type ForgetResult, forgetByPolicy } from '@fortfail/engine';
import { type CalendarSpan, type ForgetGroup, type ForgetPolicy, parseSpan } from '@fortfail/policy';
import type { Snapshot } from '@fortfail/repository';
import { exitOk, exitPartial } from '../exit.ts';
import { groupHeadline, listedSnapshotJson, shortId, snapshotTable } from '../render/snapshot-text.ts';
import { openFor } from '../repository/open-repository.ts';
import { filterOf, pickSnapshots, reportUnreadable } from '../repository/pick-snapshots.ts';
import type { forgetOptions } from '../verbs/forget-verbs.ts';
import type { Values } from '../verbs/option.ts';
import type { Call, Perform } from '../verbs/verb.ts';

type Options = Values<typeof forgetOptions>;

function policyOf(options: Options): ForgetPolicy {
  const span = (text: string | undefined): CalendarSpan | undefined => (text === undefined ? undefined : parseSpan(text));
  return {
    last: options.keepLast,
    hourly: options.keepHourly,
    daily: options.keepDaily,
    weekly: options.keepWeekly,
    monthly: options.keepMonthly,
    yearly: options.keepYearly,
    within: span(options.keepWithin),
    withinHourly: span(options.keepWithinHourly),
    withinDaily: span(options.keepWithinDaily),
    withinWeekly: span(options.keepWithinWeekly),
    withinMonthly: span(options.keepWithinMonthly),
    withinYearly: span(options.keepWithinYearly),
    tags: options.keepTag,
  };
}

/** The policy in restic's words: `keep 3 latest, 2 daily snapshots and all snapshots with tags [[a b]]`. */
function policyText(options: Options): string {
  const counts: readonly (readonly [string, number | undefined])[] = [
    ['latest', options.keepLast],
    ['hourly', options.keepHourly],
    ['daily', options.keepDaily],
    ['weekly', options.keepWeekly],
    ['monthly', options.keepMonthly],
    ['yearly', options.keepYearly],
  ];
  const spans: readonly (readonly [string, string | undefined])[] = [
    ['all snapshots', options.keepWithin],
    ['hourly snapshots', options.keepWithinHourly],
    ['daily snapshots', options.keepWithinDaily],
    ['weekly snapshots', options.keepWithinWeekly],
    ['monthly snapshots', options.keepWithinMonthly],
    ['yearly snapshots', options.keepWithinYearly],
  ];
  const counted = counts.filter(([, count]) => (count ?? 0) !== 0).map(([name, count]) => `${count === -1 ? 'all' : count} ${name}`);
  const parts = [
    ...(counted.length === 0 ? [] : [`${counted.join(', ')} snapshots`]),
    ...spans.filter(([, span]) => span !== undefined).map(([name, span]) => `${name} within ${span} of the newest snapshot`),
    ...(options.keepTag.length === 0
      ? []
      : [`all snapshots with tags [${options.keepTag.map((tags) => `[${tags.join(' ')}]`).join(' ')}]`]),
  ];
  return parts.length === 0 ? 'remove' : `keep ${parts.join(' and ')}`;
}

function groupJson({ key, keep, remove, reasons }: ForgetGroup<Snapshot>): object {
  const list = (snapshots: readonly Snapshot[]): object[] | null => (snapshots.length === 0 ? null : snapshots.map(listedSnapshotJson));
  return {
    tags: key.tags,
    host: key.hostname,
    paths: key.paths,
    keep: list(keep),
    remove: list(remove),
    reasons: reasons.length === 0 ? null : reasons.map(({ snapshot, matches }) => ({ snapshot: listedSnapshotJson(snapshot), matches })),
  };
}

function groupText(group: ForgetGroup<Snapshot>, style: { compact: boolean; zone: string | undefined }, isOnly: boolean): string {
  const reasons = new Map(group.reasons.map(({ snapshot, matches }) => [snapshot.id, matches]));
  const headline = isOnly ? '' : groupHeadline(group.key);
  const keep = group.keep.length === 0 ? '' : `keep ${group.keep.length} snapshots:\n${snapshotTable(group.keep, { ...style, reasons })}\n`;
  const remove = group.remove.length === 0 ? '' : `remove ${group.remove.length} snapshots:\n${snapshotTable(group.remove, style)}\n`;
  return `${headline}${keep}${remove}`;
}

function outcomeText(result: ForgetResult, dryRun: boolean): string {
  if (result.selected.length === 0) return '';
  if (!dryRun) return `${result.outcome?.forgotten.length ?? 0} / ${result.selected.length} snapshots moved into the trash\n`;
  return `Would have removed the following snapshots:\n{${result.selected
    .map(({ id }) => shortId(id))
    .sort()
    .join(' ')}}\n\n`;
}

function refusePrune(options: Options): void {
  if (!options.prune) return;
  throw new FortFailError({
    kind: 'invalid-input',
    code: 'prune-later',
    message: 'unable to forget with --prune, removing unused data is not built yet',
    hint: 'Nothing was removed. Forget without --prune; the snapshots go into the trash and the data stays.',
  });
}

function print(call: Call<typeof forgetOptions>, result: ForgetResult, byName: boolean): void {
  const { options, globals, context } = call;
  if (globals.json) {
    if (!byName && result.groups.length > 0) context.stdout.write(`${JSON.stringify(result.groups.map(groupJson))}\n`);
    return;
  }
  if (globals.quiet) return;
  if (!byName && result.groups.length > 0) {
    context.stdout.write(`Applying Policy: ${policyText(options)}\n`);
    const style = { compact: options.compact, zone: context.env.TZ };
    for (const group of result.groups) context.stdout.write(groupText(group, style, result.groups.length === 1));
  }
  context.stdout.write(outcomeText(result, options.dryRun));
}

/** `forget`: by policy, or the snapshots named; into the trash. */
export const perform: Perform<typeof forgetOptions> = async (call) => {
  const { options, globals, args, context } = call;
  refusePrune(options);
  const policy = policyOf(options);
  await using repository = await openFor(globals, context);
  const filter = filterOf(options, context);
  const named = args.length === 0 ? [] : await pickSnapshots(repository, args, filter, context);
  // Names that fit nothing were said; without any left there is nothing to do, and never a policy to fall back to.
  if (args.length > 0 && named.length === 0) return exitOk;
  const result = await forgetByPolicy(repository, {
    policy,
    ids: named.map(({ id }) => id),
    filter,
    groupBy: options.groupBy,
    clock: context.clock,
    dryRun: options.dryRun,
    allowRemoveAll: options.unsafeAllowRemoveAll,
    onUnreadable: reportUnreadable(context),
    signal: context.signal,
  });
  print(call, result, args.length > 0);
  const { held = [], retained = [] } = result.outcome ?? {};
  for (const id of held) context.stderr.write(`unable to remove snapshot ${shortId(id)}: it is on hold\n`);
  for (const id of retained) context.stderr.write(`unable to remove snapshot ${shortId(id)}: the store keeps it\n`);
  return held.length + retained.length > 0 ? exitPartial : exitOk;
};

import type { PlanState } from '@fortfail/protocol';
import { clientCall, findPlan } from '../client/client-call.ts';
import { exitOk } from '../exit.ts';
import { formatLocalTime, formatSpan } from '../render/format.ts';
import type { localOptions } from '../verbs/product-verbs.ts';
import type { Perform } from '../verbs/verb.ts';

const local = (time: string | null): string => (time === null ? 'none' : formatLocalTime(new Date(time)));

function keepText(keep: PlanState['plan']['keep']): string {
  return Object.entries(keep)
    .filter(([, value]) => value !== undefined)
    .map(([rule, value]) => `${rule} ${value}`)
    .join(', ');
}

function planText(state: PlanState): string {
  const { plan, newestPoint, lastDrill, points } = state;
  const rows: readonly (readonly [string, string])[] = [
    ['Plan', `${plan.name} (${plan.id})`],
    ['State', state.sentence],
    ['Protects', plan.source.kind === 'files' ? plan.source.paths.join(', ') : 'FortFail itself'],
    ['Leaves out', plan.source.kind === 'files' && plan.source.excludes.length > 0 ? plan.source.excludes.join(', ') : 'nothing'],
    ['When', plan.enabled ? `${plan.schedule.cron} (${plan.schedule.zone}), next ${local(state.nextSlotAt)}` : 'disabled'],
    ['Drills', plan.drillSchedule === null ? 'by hand' : `${plan.drillSchedule.cron} (${plan.drillSchedule.zone})`],
    ['Keeps', keepText(plan.keep)],
    ['Promise', `at most ${formatSpan(plan.promise.rpoSeconds)} of data lost, restored within ${formatSpan(plan.promise.rtoSeconds)}`],
    ['Newest point', newestPoint === null ? 'none' : `${newestPoint.id}, ${local(newestPoint.time)}, ${newestPoint.grade}`],
    ['Last drill', lastDrill === null ? 'none' : `${lastDrill.id}, ${lastDrill.outcome}, restored in ${formatSpan(lastDrill.rtoSeconds)}`],
    ['Points', `${points.drilled} drilled, ${points.checked} checked, ${points.complete} complete, ${points.partial} partial`],
  ];
  return rows.map(([name, value]) => `${name.padEnd(13)} ${value}\n`).join('');
}

/** `plan show`: one plan in full. */
export const perform: Perform<typeof localOptions> = async ({ options, args, context }) => {
  const call = clientCall(options, context);
  const state = await findPlan(call, args[0] ?? '');
  call.print(state, () => planText(state));
  return exitOk;
};

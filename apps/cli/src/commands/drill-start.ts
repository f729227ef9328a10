import { formatBytes } from '@fortfail/base';
import type { Drill, Job } from '@fortfail/protocol';
import { clientCall, findPlan } from '../client/client-call.ts';
import { exitOk, exitPartial } from '../exit.ts';
import { formatSpan, printable } from '../render/format.ts';
import { ProgressLines } from '../render/progress.ts';
import { progressLine } from '../render/start-text.ts';
import { followJob } from '../start/follow-job.ts';
import type { drillStartOptions } from '../verbs/product-verbs.ts';
import type { Perform } from '../verbs/verb.ts';

function drillText(drill: Drill): string {
  const shown = drill.differences
    .slice(0, 20)
    .map(({ path, what, expected, found }) => `  ${printable(path)}: ${what} is ${found}, was ${expected}\n`);
  const more = drill.differenceCount > shown.length ? [`  and ${drill.differenceCount - shown.length} more\n`] : [];
  const size = `${drill.files} files, ${formatBytes(drill.comparedBytes)} compared`;
  return [`${drill.id} ${drill.outcome}: ${size}, restored in ${formatSpan(drill.rtoSeconds)}\n`, ...shown, ...more].join('');
}

/** `drill start`: orders a drill, and with `--wait` tells what it found. */
export const perform: Perform<typeof drillStartOptions> = async ({ options, args, context }) => {
  const call = clientCall(options, context);
  const { client, signal } = call;
  const [name = ''] = args;
  const { job } = name.startsWith('rpt_')
    ? await client.ask('drillRestorePoint', { params: { restorePointId: name }, signal })
    : await client.ask('drillPlan', { params: { planId: (await findPlan(call, name)).plan.id }, signal });
  if (!options.wait) {
    call.print(job, () => `${job.id} ${job.status}; see \`fortfail job show ${job.id}\`\n`);
    return exitOk;
  }
  const progress = new ProgressLines(context.stderr, () => context.clock.monotonicMs());
  const show = (seen: Job): void => progress.show(() => [progressLine({ plan: name, doing: 'drill', job: seen })]);
  const ended = await followJob({ client, clock: context.clock, signal }, job.id, show);
  progress.clear();
  if (ended.drillId === null || ended.status === 'failed' || ended.status === 'cancelled') {
    call.print(ended, () => `${ended.id} ${ended.status}: ${ended.error?.message ?? ended.outcome ?? ''}\n`);
    return exitPartial;
  }
  const drill = await client.ask('getDrill', { params: { drillId: ended.drillId }, signal });
  call.print(drill, () => drillText(drill));
  return drill.outcome === 'passed' ? exitOk : exitPartial;
};

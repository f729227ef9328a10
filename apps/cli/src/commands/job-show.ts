import type { Job, JobLogLine } from '@fortfail/protocol';
import { clientCall, jobSeconds } from '../client/client-call.ts';
import { exitOk } from '../exit.ts';
import { formatLocalTime, formatSpan, printable } from '../render/format.ts';
import type { localOptions } from '../verbs/product-verbs.ts';
import type { Perform } from '../verbs/verb.ts';

function jobText(job: Job, lines: readonly JobLogLine[]): string {
  const seconds = jobSeconds(job);
  const rows: readonly (readonly [string, string | null | undefined])[] = [
    ['Job', job.id],
    ['Kind', job.kind],
    ['Plan', job.planName],
    ['State', job.status],
    ['Cause', job.cause],
    ['Attempt', `${job.attempt} of ${job.maxAttempts}`],
    ['Queued', formatLocalTime(new Date(job.queuedAt))],
    ['Took', seconds === undefined ? undefined : formatSpan(seconds)],
    ['Outcome', job.outcome],
    ['Error', job.error?.message],
    ['Hint', job.error?.hint],
    ['Drill', job.drillId],
    ['Point', job.restorePointId],
  ];
  const facts = rows.filter(([, value]) => value !== null && value !== undefined).map(([name, value]) => `${name.padEnd(9)} ${value}\n`);
  const log = lines.map(({ at, level, message, item }) => {
    const what = item === undefined ? '' : `: ${printable(item)}`;
    return `${formatLocalTime(new Date(at))}  ${level.padEnd(5)}  ${printable(message)}${what}\n`;
  });
  return [...facts, ...(log.length === 0 ? [] : ['\n', ...log])].join('');
}

/** `job show`: one job with its log. */
export const perform: Perform<typeof localOptions> = async ({ options, args, context }) => {
  const { client, signal, print } = clientCall(options, context);
  const params = { jobId: args[0] ?? '' };
  const job = await client.ask('getJob', { params, signal });
  const log = await client.ask('getJobLog', { params, signal });
  print({ ...job, log: log.lines, logTruncated: log.truncated }, () => jobText(job, log.lines));
  return exitOk;
};

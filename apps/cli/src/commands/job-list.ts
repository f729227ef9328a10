import type { Job } from '@fortfail/protocol';
import { clientCall, findPlan, jobSeconds } from '../client/client-call.ts';
import { exitOk } from '../exit.ts';
import { formatLocalTime, formatSpan } from '../render/format.ts';
import { renderTable } from '../render/table.ts';
import type { jobListOptions } from '../verbs/product-verbs.ts';
import type { Perform } from '../verbs/verb.ts';

function tookText(job: Job): string {
  const seconds = jobSeconds(job);
  return seconds === undefined ? '' : formatSpan(seconds);
}

/** `job list`: jobs, newest first. */
export const perform: Perform<typeof jobListOptions> = async ({ options, context }) => {
  const call = clientCall(options, context);
  const planId = options.plan === undefined ? {} : { planId: (await findPlan(call, options.plan)).plan.id };
  const status = options.status === undefined ? {} : { status: options.status };
  const query = { limit: options.limit ?? 50, ...planId, ...status };
  const { items } = await call.client.ask('listJobs', { query, signal: call.signal });
  call.print(items, () =>
    renderTable<Job>(
      [
        { title: 'Job', cell: ({ id }) => id },
        { title: 'Queued', cell: ({ queuedAt }) => formatLocalTime(new Date(queuedAt)) },
        { title: 'Kind', cell: ({ kind }) => kind },
        { title: 'Plan', cell: ({ planName }) => planName ?? '' },
        { title: 'State', cell: ({ status: state }) => state },
        { title: 'Took', cell: tookText },
        { title: 'Outcome', cell: ({ outcome, error }) => outcome ?? error?.message ?? '' },
      ],
      items,
    ),
  );
  return exitOk;
};

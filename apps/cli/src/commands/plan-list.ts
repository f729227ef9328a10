import type { PlanState } from '@fortfail/protocol';
import { clientCall } from '../client/client-call.ts';
import { exitOk } from '../exit.ts';
import { formatSpan } from '../render/format.ts';
import { renderTable } from '../render/table.ts';
import type { localOptions } from '../verbs/product-verbs.ts';
import type { Perform } from '../verbs/verb.ts';

/** `plan list`: every plan with what it protects, when, and whether its promise is kept. */
export const perform: Perform<typeof localOptions> = async ({ options, context }) => {
  const { client, signal, print } = clientCall(options, context);
  const { items } = await client.ask('listPlans', { query: { limit: 200 }, signal });
  print(items, () =>
    renderTable<PlanState>(
      [
        { title: 'Plan', cell: ({ plan }) => plan.name },
        { title: 'Protects', cell: ({ plan }) => (plan.source.kind === 'files' ? plan.source.paths : 'FortFail itself') },
        { title: 'When', cell: ({ plan }) => (plan.enabled ? `${plan.schedule.cron} (${plan.schedule.zone})` : 'disabled') },
        {
          title: 'RPO / RTO',
          cell: ({ plan }) => `${formatSpan(plan.promise.rpoSeconds)} / ${formatSpan(plan.promise.rtoSeconds)}`,
        },
        { title: 'Promise', cell: ({ verdict }) => verdict },
      ],
      items,
    ),
  );
  return exitOk;
};

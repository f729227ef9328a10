import type { PlanState } from '@fortfail/protocol';
import { clientCall } from '../client/client-call.ts';
import { exitOk, exitPartial } from '../exit.ts';
import { formatSpan } from '../render/format.ts';
import { renderTable } from '../render/table.ts';
import type { localOptions } from '../verbs/product-verbs.ts';
import type { Perform } from '../verbs/verb.ts';

/** `status`: the overview's answer as text; exit 3 when a promise is broken. */
export const perform: Perform<typeof localOptions> = async ({ options, context }) => {
  const { client, signal, print } = clientCall(options, context);
  const overview = await client.ask('overview', { signal });
  print(overview, () => {
    const table = renderTable<PlanState>(
      [
        { title: 'Plan', cell: ({ plan }) => plan.name },
        { title: 'Promise', cell: ({ verdict }) => verdict },
        {
          title: 'Newest point',
          cell: ({ newestPoint: point }) => (point === null ? 'none' : `${formatSpan(point.ageSeconds)} ago, ${point.grade}`),
        },
        {
          title: 'Last drill',
          cell: ({ lastDrill: drill }) => (drill === null ? 'none' : `${drill.outcome}, restored in ${formatSpan(drill.rtoSeconds)}`),
        },
        { title: 'State', cell: ({ sentence }) => sentence },
      ],
      overview.plans,
    );
    return `${overview.title}\n${overview.subtitle}\n\n${table}`;
  });
  return overview.counts.broken > 0 ? exitPartial : exitOk;
};

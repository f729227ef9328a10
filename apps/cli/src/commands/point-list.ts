import { formatBytes } from '@fortfail/base';
import type { RestorePoint } from '@fortfail/protocol';
import { clientCall, findPlan } from '../client/client-call.ts';
import { exitOk } from '../exit.ts';
import { formatLocalTime } from '../render/format.ts';
import { renderTable } from '../render/table.ts';
import type { pointListOptions } from '../verbs/product-verbs.ts';
import type { Perform } from '../verbs/verb.ts';

/** `point list`: restore points, newest first. */
export const perform: Perform<typeof pointListOptions> = async ({ options, context }) => {
  const call = clientCall(options, context);
  const planId = options.plan === undefined ? {} : { planId: (await findPlan(call, options.plan)).plan.id };
  const { items } = await call.client.ask('listRestorePoints', { query: { limit: options.limit ?? 50, ...planId }, signal: call.signal });
  call.print(items, () =>
    renderTable<RestorePoint>(
      [
        { title: 'Restore point', cell: ({ id }) => id },
        { title: 'Time', cell: ({ time }) => formatLocalTime(new Date(time)) },
        { title: 'Plan', cell: ({ planName }) => planName },
        { title: 'Files', cell: ({ files }) => String(files) },
        { title: 'Bytes', cell: ({ bytes }) => formatBytes(bytes) },
        { title: 'Grade', cell: ({ grade, forgottenAt }) => (forgottenAt === null ? grade : `${grade}, forgotten`) },
        { title: 'Snapshot', cell: ({ snapshot }) => snapshot.slice(0, 8) },
      ],
      items,
    ),
  );
  return exitOk;
};

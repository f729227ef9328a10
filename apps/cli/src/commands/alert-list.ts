import type { Alert } from '@fortfail/protocol';
import { clientCall } from '../client/client-call.ts';
import { exitOk } from '../exit.ts';
import { formatLocalTime, printable } from '../render/format.ts';
import { renderTable } from '../render/table.ts';
import type { alertListOptions } from '../verbs/access-verbs.ts';
import type { Perform } from '../verbs/verb.ts';

function stateOf(alert: Alert): string {
  if (alert.endedAt !== null) return 'ended';
  return alert.acknowledgedBy === null ? 'open' : `seen by ${printable(alert.acknowledgedBy)}`;
}

/** `alert list`: what somebody should look after, the newest first. */
export const perform: Perform<typeof alertListOptions> = async ({ options, context }) => {
  const { client, signal, print } = clientCall(options, context);
  const { items } = await client.ask('listAlerts', { query: { limit: 200, ...(options.all ? {} : { open: 'true' as const }) }, signal });
  print(items, () =>
    items.length === 0
      ? 'No alert is open.\n'
      : renderTable<Alert>(
          [
            { title: 'Alert', cell: ({ id }) => id },
            { title: 'Since', cell: ({ openedAt }) => formatLocalTime(new Date(openedAt)) },
            { title: 'How bad', cell: ({ severity }) => severity },
            { title: 'State', cell: stateOf },
            { title: 'What', cell: ({ sentence }) => printable(sentence) },
          ],
          items,
        ),
  );
  return exitOk;
};

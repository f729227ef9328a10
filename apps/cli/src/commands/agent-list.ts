import type { Agent } from '@fortfail/protocol';
import { clientCall } from '../client/client-call.ts';
import { exitOk } from '../exit.ts';
import { printable } from '../render/format.ts';
import { renderTable } from '../render/table.ts';
import type { localOptions } from '../verbs/product-verbs.ts';
import type { Perform } from '../verbs/verb.ts';

/** `agent list`: the hosts of the site, how they stand, and the words to compare. */
export const perform: Perform<typeof localOptions> = async ({ options, context }) => {
  const { client, signal, print } = clientCall(options, context);
  const { items } = await client.ask('listAgents', { query: { limit: 200 }, signal });
  print(items, () => `${tableOf(items)}${items.flatMap(reasonOf).join('')}`);
  return exitOk;
};

function tableOf(agents: readonly Agent[]): string {
  return renderTable<Agent>(
    [
      { title: 'Host', cell: ({ hostname }) => printable(hostname) },
      { title: 'Id', cell: ({ id }) => id },
      { title: 'Kind', cell: ({ kind }) => kind },
      { title: 'State', cell: ({ status, connected }) => (status === 'active' ? (connected ? 'connected' : 'away') : status) },
      { title: 'Plans', cell: ({ plans }) => String(plans) },
      { title: 'Words', cell: ({ words }) => words?.join(' ') ?? 'none' },
    ],
    agents,
  );
}

function reasonOf({ hostname, reason }: Agent): string[] {
  return reason === null ? [] : [`${printable(hostname)}: ${printable(reason)}\n`];
}

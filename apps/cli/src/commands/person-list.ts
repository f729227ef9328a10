import type { Person } from '@fortfail/protocol';
import { clientCall } from '../client/client-call.ts';
import { grantsText } from '../client/grants.ts';
import { exitOk } from '../exit.ts';
import { formatLocalTime, printable } from '../render/format.ts';
import { renderTable } from '../render/table.ts';
import type { localOptions } from '../verbs/product-verbs.ts';
import type { Perform } from '../verbs/verb.ts';

function stateOf(person: Person): string {
  if (person.disabled) return 'disabled';
  if (person.lastSeenAt === null) return 'invited';
  return person.hasPassword || person.passkeys > 0 ? 'active' : 'by link only';
}

/** `person list`: who may do what, and when they were last here. */
export const perform: Perform<typeof localOptions> = async ({ options, context }) => {
  const { client, signal, print } = clientCall(options, context);
  const { items } = await client.ask('listPersons', { query: { limit: 200 }, signal });
  print(items, () =>
    renderTable<Person>(
      [
        { title: 'Person', cell: ({ name }) => printable(name) },
        { title: 'Id', cell: ({ id }) => id },
        { title: 'Roles', cell: ({ grants }) => grantsText(grants) },
        { title: 'State', cell: stateOf },
        { title: 'Last seen', cell: ({ lastSeenAt }) => (lastSeenAt === null ? 'never' : formatLocalTime(new Date(lastSeenAt))) },
      ],
      items,
    ),
  );
  return exitOk;
};

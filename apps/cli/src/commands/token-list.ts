import type { ApiToken } from '@fortfail/protocol';
import { clientCall } from '../client/client-call.ts';
import { findPerson, grantsText } from '../client/grants.ts';
import { exitOk } from '../exit.ts';
import { formatLocalTime, printable } from '../render/format.ts';
import { renderTable } from '../render/table.ts';
import type { tokenListOptions } from '../verbs/access-verbs.ts';
import type { Perform } from '../verbs/verb.ts';

/** `token list`: whose tokens there are, what they may, and when they were last used. */
export const perform: Perform<typeof tokenListOptions> = async ({ options, context }) => {
  const call = clientCall(options, context);
  const owner = options.person === undefined ? {} : { personId: (await findPerson(call, options.person)).id };
  const { items } = await call.client.ask('listTokens', { query: { limit: 200, ...owner }, signal: call.signal });
  call.print(items, () =>
    renderTable<ApiToken>(
      [
        { title: 'Token', cell: ({ id }) => id },
        { title: 'Name', cell: ({ name }) => printable(name) },
        { title: 'Of', cell: ({ personName }) => printable(personName) },
        { title: 'Roles', cell: ({ grants }) => grantsText(grants) },
        { title: 'Until', cell: ({ expiresAt }) => formatLocalTime(new Date(expiresAt)) },
        { title: 'Last used', cell: ({ lastUsedAt }) => (lastUsedAt === null ? 'never' : formatLocalTime(new Date(lastUsedAt))) },
      ],
      items,
    ),
  );
  return exitOk;
};

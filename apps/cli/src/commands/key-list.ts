import { exitOk } from '../exit.ts';
import { formatLocalTime } from '../render/format.ts';
import { renderTable } from '../render/table.ts';
import { openFor } from '../repository/open-repository.ts';
import type { keyListOptions } from '../verbs/forget-verbs.ts';
import type { Perform } from '../verbs/verb.ts';

/** `key list`: every key; the one in use is marked. */
export const perform: Perform<typeof keyListOptions> = async ({ globals, context }) => {
  await using repository = await openFor(globals, context);
  await using _session = await repository.beginReader({ signal: context.signal });
  const keys = (await repository.listKeys()).map((key) => ({
    current: key.isCurrent,
    id: key.id,
    userName: key.username,
    hostName: key.hostname,
    created: formatLocalTime(new Date(key.created)),
  }));
  const text = (): string =>
    renderTable(
      [
        { title: ' ID', cell: ({ current, id }) => `${current ? '*' : ' '}${id.slice(0, 8)}` },
        { title: 'User', cell: ({ userName }) => userName },
        { title: 'Host', cell: ({ hostName }) => hostName },
        { title: 'Created', cell: ({ created }) => created },
      ],
      keys,
    );
  context.stdout.write(globals.json ? `${JSON.stringify(keys)}\n` : text());
  return exitOk;
};

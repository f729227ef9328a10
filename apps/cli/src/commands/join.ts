import { clientCall } from '../client/client-call.ts';
import { writeJoin } from '../client/join-text.ts';
import { exitOk } from '../exit.ts';
import type { joinOptions } from '../verbs/site-verbs.ts';
import type { Perform } from '../verbs/verb.ts';

/** `join`: a join string for one more host, as the line to paste there. */
export const perform: Perform<typeof joinOptions> = async ({ options, context }) => {
  const { client, signal, print } = clientCall(options, context);
  const { for: hostname, hours } = options;
  const body = { hostname: hostname ?? null, ...(hours === undefined ? {} : { hours }) };
  const join = await client.ask('createJoinString', { body, signal });
  if (options.json) print(join, () => '');
  else writeJoin(join, context);
  return exitOk;
};

import { clientCall } from '../client/client-call.ts';
import { findPerson } from '../client/grants.ts';
import { exitOk } from '../exit.ts';
import type { localOptions } from '../verbs/product-verbs.ts';
import type { Perform } from '../verbs/verb.ts';

/** `person link`: a new one-time link for a person; one made before no longer serves. */
export const perform: Perform<typeof localOptions> = async ({ options, args, context }) => {
  const call = clientCall(options, context);
  const { id } = await findPerson(call, args[0] ?? '');
  const link = await call.client.ask('createPersonLink', { params: { personId: id }, signal: call.signal });
  call.print(link, () => `${link.url}\n`);
  return exitOk;
};

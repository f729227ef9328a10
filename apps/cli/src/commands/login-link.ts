import { clientCall } from '../client/client-call.ts';
import { exitOk } from '../exit.ts';
import type { localOptions } from '../verbs/product-verbs.ts';
import type { Perform } from '../verbs/verb.ts';

/** `login-link`: a one-time link to sign in, for whoever may reach the socket. */
export const perform: Perform<typeof localOptions> = async ({ options, context }) => {
  const { client, signal, print } = clientCall(options, context);
  const link = await client.ask('createLoginLink', { signal });
  print(link, () => `${link.url}\n`);
  return exitOk;
};

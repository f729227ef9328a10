import { clientCall } from '../client/client-call.ts';
import { exitOk } from '../exit.ts';
import type { localOptions } from '../verbs/product-verbs.ts';
import type { Perform } from '../verbs/verb.ts';

/** `token remove`: ends a token at once, for good. */
export const perform: Perform<typeof localOptions> = async ({ options, args, context }) => {
  const { client, signal, print } = clientCall(options, context);
  const [tokenId = ''] = args;
  await client.ask('deleteToken', { params: { tokenId }, signal });
  print({ removed: tokenId }, () => `${tokenId} has ended\n`);
  return exitOk;
};

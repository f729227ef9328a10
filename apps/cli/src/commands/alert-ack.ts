import { clientCall } from '../client/client-call.ts';
import { exitOk } from '../exit.ts';
import { printable } from '../render/format.ts';
import type { localOptions } from '../verbs/product-verbs.ts';
import type { Perform } from '../verbs/verb.ts';

/** `alert ack`: somebody looks after it; it stays open until it is over. */
export const perform: Perform<typeof localOptions> = async ({ options, args, context }) => {
  const { client, signal, print } = clientCall(options, context);
  const alert = await client.ask('acknowledgeAlert', { params: { alertId: args[0] ?? '' }, signal });
  print(alert, () => `${alert.id}: ${printable(alert.sentence)}\n`);
  return exitOk;
};

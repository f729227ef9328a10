import { FortFailError } from '@fortfail/base';
import { kitConfirmationHash } from '@fortfail/trust';
import { clientCall } from '../client/client-call.ts';
import { exitOk } from '../exit.ts';
import { readLine } from '../render/prompt.ts';
import type { localOptions } from '../verbs/product-verbs.ts';
import type { Perform } from '../verbs/verb.ts';

/** `kit confirm`: the last six characters of the key, read back from the printed page. */
export const perform: Perform<typeof localOptions> = async ({ options, context }) => {
  const call = clientCall(options, context);
  const state = await call.client.ask('getKit', { signal: call.signal });
  if (state.recipient === null) {
    throw new FortFailError({
      kind: 'not-found',
      code: 'no-such-kit',
      message: 'unable to confirm a recovery kit, there is none',
      hint: 'Make one with `fortfail kit create`.',
    });
  }
  if (context.stdin.isTTY === true) context.stderr.write(`Last six characters of the recovery key of kit ${state.kitId}: `);
  const typed = await readLine(context.stdin);
  const body = { recipient: state.recipient, lastSix: kitConfirmationHash(state.recipient, typed) };
  const confirmed = await call.client.ask('confirmKit', { body, signal: call.signal });
  call.print(confirmed, () => `Recovery kit ${confirmed.kitId} is confirmed.\n`);
  return exitOk;
};

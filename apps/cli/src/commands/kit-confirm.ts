import { FortFailError } from '@fortfail/base';
import { joinShares, kitConfirmationHash } from '@fortfail/trust';
import { clientCall } from '../client/client-call.ts';
import type { CommandContext } from '../command-context.ts';
import { exitOk } from '../exit.ts';
import { isShare, joinTyped } from '../kit/read-recovery-key.ts';
import { askHidden, readAll } from '../render/prompt.ts';
import type { localOptions } from '../verbs/product-verbs.ts';
import type { Perform } from '../verbs/verb.ts';

/** `kit confirm`: the last six characters of the key, read back from the printed page; of a split key, enough of its shares. */
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
  const question = `Kit ${state.kitId}: last six characters of the recovery key, or one share (not shown): `;
  const typed = context.stdin.isTTY === true ? await askHidden(question, context.stdin, context.stderr) : await readAll(context.stdin);
  const body = { recipient: state.recipient, lastSix: kitConfirmationHash(state.recipient, await lastSix(typed, context)) };
  const confirmed = await call.client.ask('confirmKit', { body, signal: call.signal });
  call.print(confirmed, () => `Recovery kit ${confirmed.kitId} is confirmed.\n`);
  return exitOk;
};

/** A pipe brings one share on each line; a person types them one after the other. */
async function lastSix(typed: string, context: CommandContext): Promise<string> {
  if (!isShare(typed)) return typed.trim();
  const lines = typed.split('\n').filter((line) => line.trim() !== '');
  const key = lines.length > 1 ? await joinShares(lines) : await joinTyped(typed, context);
  return key.lastSix();
}

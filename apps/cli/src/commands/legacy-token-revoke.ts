import { clientCall } from '../client/client-call.ts';
import { legacyWhom } from '../client/legacy-whom.ts';
import { exitOk } from '../exit.ts';
import type { legacyTokenRevokeOptions } from '../verbs/legacy-verbs.ts';
import type { Perform } from '../verbs/verb.ts';

/** `legacy token revoke`: nobody gets in by an old token of that id any more. */
export const perform: Perform<typeof legacyTokenRevokeOptions> = async ({ options, context }) => {
  const { client, signal, print } = clientCall(options, context);
  const done = await client.ask('revokeLegacyTokens', { body: { agentId: legacyWhom(options) }, signal });
  print(done, () => `${done.revoked} ${done.revoked === 1 ? 'token' : 'tokens'} ended\n`);
  return exitOk;
};

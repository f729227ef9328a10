import { clientCall } from '../client/client-call.ts';
import { legacyWhom } from '../client/legacy-whom.ts';
import { exitOk } from '../exit.ts';
import type { legacySecretCreateOptions } from '../verbs/legacy-verbs.ts';
import type { Perform } from '../verbs/verb.ts';

/** `legacy secret create`: the secret alone on standard output, once. */
export const perform: Perform<typeof legacySecretCreateOptions> = async ({ options, context }) => {
  const { client, signal, print } = clientCall(options, context);
  const agentId = legacyWhom({ ...options, pool: false }) ?? '';
  const made = await client.ask('createLegacySecret', { body: { agentId }, signal });
  print(made, () => `${made.secret}\n`);
  if (!options.json) context.stderr.write(`For ${agentId} alone. Set it as AGENT_REG_SECRET of its client; it is shown only here.\n`);
  return exitOk;
};

import { clientCall } from '../client/client-call.ts';
import { legacyWhom } from '../client/legacy-whom.ts';
import { exitOk } from '../exit.ts';
import { formatLocalTime } from '../render/format.ts';
import type { legacyTokenCreateOptions } from '../verbs/legacy-verbs.ts';
import type { Perform } from '../verbs/verb.ts';

/** `legacy token create`: the token alone on standard output, once; what it is on standard error. */
export const perform: Perform<typeof legacyTokenCreateOptions> = async ({ options, context }) => {
  const { client, signal, print } = clientCall(options, context);
  const agentId = legacyWhom(options);
  const days = options.days === undefined ? {} : { days: options.days };
  const made = await client.ask('createLegacyToken', { body: { agentId, ...days }, signal });
  print(made, () => `${made.token}\n`);
  if (!options.json) {
    const until = formatLocalTime(new Date(made.expiresAt));
    context.stderr.write(`For ${agentId ?? 'the pool'}, until ${until}. Set it as ORCH_JWT of its client; it is shown only here.\n`);
  }
  return exitOk;
};

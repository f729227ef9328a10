import { clientCall } from '../client/client-call.ts';
import { findPerson, needGrants, readGrants } from '../client/grants.ts';
import { exitOk } from '../exit.ts';
import { formatLocalTime, printable } from '../render/format.ts';
import type { tokenCreateOptions } from '../verbs/access-verbs.ts';
import type { Perform } from '../verbs/verb.ts';

/** `token create`: the secret alone on standard output, once; what it is on standard error. */
export const perform: Perform<typeof tokenCreateOptions> = async ({ options, args, context }) => {
  const call = clientCall(options, context);
  const grants = await readGrants(call, needGrants(options.grant));
  const owner = options.person === undefined ? {} : { personId: (await findPerson(call, options.person)).id };
  const days = options.days === undefined ? {} : { days: options.days };
  const made = await call.client.ask('createToken', { body: { name: args[0] ?? '', grants, ...days, ...owner }, signal: call.signal });
  call.print(made, () => `${made.secret}\n`);
  const until = formatLocalTime(new Date(made.token.expiresAt));
  if (!options.json)
    context.stderr.write(`${made.token.id} of ${printable(made.token.personName)}, until ${until}. Its secret is shown only here.\n`);
  return exitOk;
};

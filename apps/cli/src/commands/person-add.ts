import { clientCall } from '../client/client-call.ts';
import { needGrants, readGrants } from '../client/grants.ts';
import { exitOk } from '../exit.ts';
import type { personAddOptions } from '../verbs/access-verbs.ts';
import type { Perform } from '../verbs/verb.ts';

/** `person add`: invites a person and prints the link to send. */
export const perform: Perform<typeof personAddOptions> = async ({ options, args, context }) => {
  const call = clientCall(options, context);
  const grants = await readGrants(call, needGrants(options.grant));
  const invited = await call.client.ask('createPerson', { body: { name: args[0] ?? '', grants }, signal: call.signal });
  call.print(invited, () => `${invited.url}\n`);
  if (!options.json) context.stderr.write('The link serves once, for 24 hours. It is shown only here.\n');
  return exitOk;
};

import { FortFailError } from '@fortfail/base';
import { clientCall } from '../client/client-call.ts';
import { findPerson, grantsText, readGrants } from '../client/grants.ts';
import { exitOk } from '../exit.ts';
import { printable } from '../render/format.ts';
import type { personChangeOptions } from '../verbs/access-verbs.ts';
import type { Perform } from '../verbs/verb.ts';

/** `person change`: other roles, or nobody in as this person any more. */
export const perform: Perform<typeof personChangeOptions> = async ({ options, args, context }) => {
  const call = clientCall(options, context);
  const { grant, disable, enable } = options;
  if (disable && enable) throw unclear('Give --disable or --enable, not both.');
  if (!disable && !enable && grant.length === 0) throw unclear('Give --grant ROLE, --disable or --enable.');
  const person = await findPerson(call, args[0] ?? '');
  const grants = grant.length === 0 ? person.grants : await readGrants(call, grant);
  const disabled = disable || (person.disabled && !enable);
  const changed = await call.client.ask('changePerson', {
    params: { personId: person.id },
    body: { grants, disabled },
    signal: call.signal,
  });
  call.print(
    changed,
    () => `${printable(changed.name)}: ${grantsText(changed.grants).join(', ')}${changed.disabled ? ', disabled' : ''}\n`,
  );
  return exitOk;
};

function unclear(hint: string): FortFailError {
  return new FortFailError({ kind: 'invalid-input', code: 'usage', message: 'unable to tell what to change', hint });
}

import type { KitState } from '@fortfail/protocol';
import { clientCall } from '../client/client-call.ts';
import { exitOk } from '../exit.ts';
import type { localOptions } from '../verbs/product-verbs.ts';
import type { Perform } from '../verbs/verb.ts';

function kitLines(state: KitState): string[] {
  if (state.state === 'none')
    return ['There is no recovery kit. Without it nobody can open the backups once this host is gone.', 'Make one: fortfail kit create'];
  const sealed = state.repositories.filter(({ escrowed }) => escrowed);
  return [
    `Kit ${state.kitId} is ${state.state}, made ${state.createdAt}${state.testedAt === null ? ', never tested' : `, tested ${state.testedAt}`}.`,
    `Recipient ${state.recipient}`,
    `Owner     ${state.ownerFingerprint}`,
    `${sealed.length} of ${state.repositories.length} repositories are sealed to it.`,
    ...state.repositories.filter(({ escrowed }) => !escrowed).map(({ name }) => `  not yet: ${name}`),
    ...state.agents
      .filter(({ hasOwner }) => !hasOwner)
      .map(({ hostname }) => `Host ${hostname} does not name this owner: fortfail agent owner set, there.`),
  ];
}

/** `kit show`: what the site knows of its recovery kit. */
export const perform: Perform<typeof localOptions> = async ({ options, context }) => {
  const call = clientCall(options, context);
  const state = await call.client.ask('getKit', { signal: call.signal });
  call.print(state, () => `${kitLines(state).join('\n')}\n`);
  return exitOk;
};

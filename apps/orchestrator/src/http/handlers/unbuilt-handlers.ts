import { FortFailError } from '@fortfail/base';
import type { RouteName } from '@fortfail/protocol';
import type { Handlers } from '../call.ts';

const names = ['createJoinString', 'enrol', 'renewAgent', 'decideAgent'] as const satisfies readonly RouteName[];

/** Routes of the protocol that have no handler of their own yet: each is taken out of here by whoever builds it. */
export function unbuiltHandlers(): Pick<Handlers, (typeof names)[number]> {
  const refuse = (name: string) => async (): Promise<never> => {
    throw new FortFailError({ kind: 'unavailable', code: 'not-built', message: `unable to answer '${name}' yet` });
  };
  return Object.fromEntries(names.map((name) => [name, refuse(name)])) as unknown as Pick<Handlers, (typeof names)[number]>;
}

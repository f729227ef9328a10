import { FortFailError, isFortFailError } from '@fortfail/base';
import { nameKey, type PersonRow } from '../../access/persons.ts';
import type { Principal } from '../../access/principal.ts';
import type { Services } from '../../services.ts';
import type { Call, Handlers, Reply } from '../call.ts';
import { relyingParty, wrongCredentials } from './sign-in-handlers.ts';

type MeRoutes = 'me' | 'changePassword' | 'newPasskeyOptions' | 'addPasskey' | 'signOut';
type Person = Extract<Principal, { kind: 'person' }>;

/** What callers may do about themselves. */
export function meHandlers(services: Services): Pick<Handlers, MeRoutes> {
  return {
    me: async (call) => ({ body: await services.persons.describe(call.principal) }),
    changePassword: (call) => changePassword(services, call),
    newPasskeyOptions: async (call) => {
      const { row } = await self(services, call.principal);
      return { body: await services.passkeys.registrationOptions(relyingParty(services), row) };
    },
    addPasskey: async (call) => {
      const { row } = await self(services, call.principal);
      await services.changes.run(call.context, (change) =>
        services.passkeys.register(change, relyingParty(services), row, call.body.name, call.body.credential),
      );
      return { body: await services.persons.describe(call.principal) };
    },
    signOut: async (call) => {
      const { person } = await self(services, call.principal);
      await services.changes.run(call.context, (change) => services.sessions.end(change, person.sessionHash, person.id));
      call.setSession(null);
      return { body: {} };
    },
  };
}

async function self(services: Services, principal: Principal): Promise<{ person: Person; row: PersonRow }> {
  const row = principal.kind === 'person' ? await services.persons.byId(principal.id) : undefined;
  if (principal.kind === 'person' && row !== undefined) return { person: principal, row };
  throw new FortFailError({
    kind: 'denied',
    code: 'not-a-person',
    message: 'unable to do this over the local socket, it belongs to no person',
    hint: 'Sign in in the browser, with a link from `fortfail login-link`.',
  });
}

/** Sets name and password. Whoever came by link need not know the old one. All sessions end; a new one begins. */
async function changePassword(services: Services, call: Call<'changePassword'>): Promise<Reply<'changePassword'>> {
  const { person, row } = await self(services, call.principal);
  const { name, currentPassword, newPassword } = call.body;
  if (row.password !== null && person.via !== 'link') {
    const keys = [`name:${row.name_key}`];
    services.backOff.check(keys);
    if (!(await services.passwords.verify(row.password, currentPassword ?? ''))) {
      services.backOff.failed(keys);
      throw wrongCredentials();
    }
  }
  const password = await services.passwords.hash(newPassword);
  const naming = name === undefined ? {} : { name, name_key: nameKey(name) };
  try {
    const begun = await services.changes.run(call.context, async (change) => {
      const changed = await change.tx
        .updateTable('person')
        .set({ password, ...naming })
        .where('id', '=', person.id)
        .returningAll()
        .executeTakeFirstOrThrow();
      change.audit({ action: 'person.set-password', object: { kind: 'person', id: person.id }, personal: { name: changed.name } });
      await services.sessions.endAll(change, person.id);
      return services.sessions.begin(change, changed, 'session');
    });
    call.setSession(begun.secret);
    return { body: await services.persons.describe(begun.principal) };
  } catch (error) {
    if (!isFortFailError(error, 'conflict')) throw error;
    throw new FortFailError({
      kind: 'conflict',
      code: 'name-taken',
      message: `unable to take the name '${name}', it is in use`,
      cause: error,
    });
  }
}

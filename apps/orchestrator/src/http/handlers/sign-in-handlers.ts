import { FortFailError, isFortFailError } from '@fortfail/base';
import type { Me } from '@fortfail/protocol';
import { badLink, createLoginLink, type LinkHolder, redeemLoginLink } from '../../access/login-links.ts';
import type { RelyingParty } from '../../access/passkeys.ts';
import { nameKey, type PersonRow } from '../../access/persons.ts';
import { actorOf, nobody, type Principal } from '../../access/principal.ts';
import type { SessionVia } from '../../access/sessions.ts';
import type { Change } from '../../changes/changes.ts';
import type { Services } from '../../services.ts';
import type { Call, Handlers } from '../call.ts';
import { HttpRefusal } from '../problems.ts';

type SignInRoutes = 'signInState' | 'signInWithLink' | 'signInWithPassword' | 'passkeyOptions' | 'signInWithPasskey' | 'createLoginLink';
type SignInCall = Call<'signInWithLink'> | Call<'signInWithPassword'> | Call<'signInWithPasskey'>;

/** Ways in: one-time link, password, passkey. */
export function signInHandlers(services: Services): Pick<Handlers, SignInRoutes> {
  return {
    signInState: async () => ({
      body: { setUp: await services.persons.hasSome(), site: services.site.name, version: services.site.version },
    }),
    signInWithLink: async (call) =>
      limited(services, call, [], async () =>
        signIn(services, call, 'link', async (change) => {
          const { personId } = await redeemLoginLink(change, call.body.link);
          return personId === null ? services.persons.firstAdmin(change) : holderOf(change, personId);
        }),
      ),
    signInWithPassword: async (call) =>
      limited(services, call, [`name:${nameKey(call.body.name)}`], async () => {
        const person = await services.persons.byName(call.body.name);
        const isRight = await services.passwords.verify(person?.password ?? null, call.body.password);
        if (!isRight || person === undefined || person.disabled === 1) throw wrongCredentials();
        return signIn(services, call, 'session', async () => person);
      }),
    passkeyOptions: async () => ({ body: await services.passkeys.authenticationOptions(relyingParty(services)) }),
    signInWithPasskey: async (call) =>
      limited(services, call, [], async () =>
        signIn(services, call, 'session', (change) => services.passkeys.authenticate(change, relyingParty(services), call.body)),
      ),
    createLoginLink: async (call) => ({ body: await services.changes.run(call.context, (change) => newLink(services, change)) }),
  };
}

/** A fresh one-time link as people get it: the secret stands in the fragment, which reaches no log. */
export async function newLink(
  services: Pick<Services, 'addresses'>,
  change: Change,
  holder: LinkHolder | null = null,
): Promise<{ url: string; expiresAt: string }> {
  const { secret, expiresAt } = await createLoginLink(change, holder);
  return { url: `${services.addresses().url}/sign-in#link=${secret}`, expiresAt };
}

/** Whose link it was. A disabled person's is as bad as none. */
async function holderOf(change: Change, personId: string): Promise<PersonRow> {
  const row = await change.tx.selectFrom('person').selectAll().where('id', '=', personId).where('disabled', '=', 0).executeTakeFirst();
  if (row === undefined) throw badLink();
  return row;
}

export function relyingParty(services: Services): RelyingParty {
  const { url, origins } = services.addresses();
  return { id: new URL(url).hostname, name: `FortFail ${services.site.name}`, origins };
}

async function signIn(
  services: Services,
  call: SignInCall,
  via: SessionVia,
  find: (change: Change) => Promise<PersonRow>,
): Promise<{ body: Me }> {
  // On whose behalf is only known at the end; the record of the session names the person.
  const begun = await services.changes.run({ actor: actorOf(nobody), request: call.context.request }, async (change) => {
    const person = await find(change);
    // Whoever signs in anew leaves what this browser held before: it would live on without anybody knowing.
    if (call.principal.kind === 'person') await services.sessions.end(change, call.principal.sessionHash, call.principal.id);
    return services.sessions.begin(change, person, via);
  });
  call.setSession(begun.secret);
  return { body: await describe(services, begun.principal) };
}

function describe(services: Services, principal: Principal): Promise<Me> {
  return services.persons.describe(principal);
}

/** Counts failures per account and per address; only a refused credential is one. */
async function limited<T>(services: Services, call: SignInCall, accountKeys: readonly string[], work: () => Promise<T>): Promise<T> {
  const keys = [...accountKeys, `address:${call.address}`];
  services.backOff.check(keys);
  try {
    const result = await work();
    services.backOff.succeeded(accountKeys);
    return result;
  } catch (error) {
    if (!isFortFailError(error, 'denied') || error instanceof HttpRefusal) throw error;
    services.backOff.failed(keys);
    throw new HttpRefusal(401, { kind: 'denied', code: error.code, message: error.message, hint: error.hint });
  }
}

/** The same words for a wrong name and a wrong password. */
export function wrongCredentials(): FortFailError {
  return new FortFailError({ kind: 'denied', code: 'wrong-credentials', message: 'unable to sign in, name or password is wrong' });
}

export { badLink };

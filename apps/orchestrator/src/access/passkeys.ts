import type { Clock } from '@fortfail/base';
import { FortFailError } from '@fortfail/base';
import type { AuthenticationResponseJSON, RegistrationResponseJSON } from '@simplewebauthn/server';
import type { Change } from '../changes/changes.ts';
import type { Database } from '../database/database.ts';
import type { PersonRow } from './persons.ts';

const challengeMs = 5 * 60_000;
const maxPasskeys = 20;

export interface RelyingParty {
  readonly id: string;
  readonly name: string;
  readonly origins: readonly string[];
}

type Json = Record<string, unknown>;

/** Loaded when first needed: it is large, and a start should not pay for it. */
const webauthn = (): Promise<typeof import('@simplewebauthn/server')> => import('@simplewebauthn/server');

/** Passkeys: user verification is required, challenges are stored and used once. */
export class Passkeys {
  readonly #database: Database;
  readonly #clock: Clock;

  constructor(database: Database, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
  }

  async registrationOptions(party: RelyingParty, person: PersonRow): Promise<Json> {
    const known = await this.#of(person.id);
    const options = await (await webauthn()).generateRegistrationOptions({
      rpName: party.name,
      rpID: party.id,
      userName: person.name,
      userID: new TextEncoder().encode(person.id),
      attestationType: 'none',
      authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
      excludeCredentials: known.map((passkey) => ({ id: passkey.id })),
    });
    await this.#remember(options.challenge, 'register', person.id);
    return { ...options };
  }

  async authenticationOptions(party: RelyingParty): Promise<Json> {
    const options = await (await webauthn()).generateAuthenticationOptions({ rpID: party.id, userVerification: 'required' });
    await this.#remember(options.challenge, 'sign-in', null);
    return { ...options };
  }

  /** Checks what the authenticator made and stores it as part of `change`. */
  async register(change: Change, party: RelyingParty, person: PersonRow, name: string, credential: Json): Promise<void> {
    const challenge = await this.#use(change, credential, 'register', person.id);
    const { verified, registrationInfo } = await check(async () =>
      (await webauthn()).verifyRegistrationResponse({
        response: credential as unknown as RegistrationResponseJSON,
        expectedChallenge: challenge,
        expectedOrigin: [...party.origins],
        expectedRPID: party.id,
        requireUserVerification: true,
      }),
    );
    if (!verified) throw badPasskey();
    const made = registrationInfo.credential;
    const { count } = await change.tx
      .selectFrom('passkey')
      .select((eb) => eb.fn.countAll<number>().as('count'))
      .where('person_id', '=', person.id)
      .executeTakeFirstOrThrow();
    if (Number(count) >= maxPasskeys)
      throw new FortFailError({ kind: 'conflict', code: 'too-many-passkeys', message: `unable to keep more than ${maxPasskeys} passkeys` });
    await change.tx
      .insertInto('passkey')
      .values({
        id: made.id,
        person_id: person.id,
        name,
        public_key: Buffer.from(made.publicKey).toString('base64url'),
        counter: made.counter,
        transports: JSON.stringify(made.transports ?? []),
        created_at: change.now,
      })
      .execute();
    change.audit({ action: 'passkey.add', object: { kind: 'person', id: person.id }, personal: { name } });
  }

  /** Whose passkey answered. Throws `denied` for anything that does not fit. */
  async authenticate(change: Change, party: RelyingParty, credential: Json): Promise<PersonRow> {
    const challenge = await this.#use(change, credential, 'sign-in', null);
    const passkey =
      typeof credential.id === 'string'
        ? await change.tx.selectFrom('passkey').selectAll().where('id', '=', credential.id).executeTakeFirst()
        : undefined;
    if (passkey === undefined) throw badPasskey();
    const { verified, authenticationInfo } = await check(async () =>
      (await webauthn()).verifyAuthenticationResponse({
        response: credential as unknown as AuthenticationResponseJSON,
        expectedChallenge: challenge,
        expectedOrigin: [...party.origins],
        expectedRPID: party.id,
        requireUserVerification: true,
        credential: { id: passkey.id, publicKey: new Uint8Array(Buffer.from(passkey.public_key, 'base64url')), counter: passkey.counter },
      }),
    );
    if (!verified) throw badPasskey();
    await change.tx.updateTable('passkey').set({ counter: authenticationInfo.newCounter }).where('id', '=', passkey.id).execute();
    const person = await change.tx
      .selectFrom('person')
      .selectAll()
      .where('id', '=', passkey.person_id)
      .where('disabled', '=', 0)
      .executeTakeFirst();
    if (person === undefined) throw badPasskey();
    return person;
  }

  async #of(personId: string): Promise<{ id: string }[]> {
    return this.#database.read.selectFrom('passkey').select('id').where('person_id', '=', personId).execute();
  }

  async #remember(challenge: string, purpose: string, personId: string | null): Promise<void> {
    const now = this.#clock.now();
    await this.#database.transaction(async (tx) => {
      await tx.deleteFrom('challenge').where('expires_at', '<', now.toISOString()).execute();
      const expires = new Date(now.getTime() + challengeMs).toISOString();
      await tx.insertInto('challenge').values({ challenge, purpose, person_id: personId, expires_at: expires }).execute();
    });
  }

  /** Takes the challenge that the answer names out of the store: it serves once, for its purpose and person. */
  async #use(change: Change, credential: Json, purpose: string, personId: string | null): Promise<string> {
    const claimed = claimedChallenge(credential);
    const query = change.tx
      .deleteFrom('challenge')
      .where('challenge', '=', claimed)
      .where('purpose', '=', purpose)
      .where('expires_at', '>', change.now);
    const used = await (personId === null ? query.where('person_id', 'is', null) : query.where('person_id', '=', personId))
      .returning('challenge')
      .executeTakeFirst();
    if (used === undefined) throw badPasskey();
    return claimed;
  }
}

function claimedChallenge(credential: Json): string {
  const response = credential.response;
  const encoded = typeof response === 'object' && response !== null && 'clientDataJSON' in response ? response.clientDataJSON : undefined;
  if (typeof encoded !== 'string' || encoded.length > 10_000) throw malformed();
  try {
    const data: unknown = JSON.parse(Buffer.from(encoded, 'base64url').toString());
    if (typeof data === 'object' && data !== null && 'challenge' in data && typeof data.challenge === 'string') return data.challenge;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw malformed();
}

function malformed(): FortFailError {
  return new FortFailError({
    kind: 'invalid-input',
    code: 'no-passkey',
    message: 'unable to accept the body: it is no answer of a passkey',
  });
}

/** The library refuses by throwing plain errors; for us all of them are one refusal. */
async function check<T>(verify: () => Promise<T>): Promise<T> {
  try {
    return await verify();
  } catch (error) {
    throw badPasskey(error);
  }
}

function badPasskey(cause?: unknown): FortFailError {
  return new FortFailError({
    kind: 'denied',
    code: 'bad-passkey',
    message: 'unable to accept this passkey',
    hint: 'Try again, or sign in by password or link.',
    cause,
  });
}

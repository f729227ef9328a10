import { type Clock, FortFailError, isFortFailError } from '@fortfail/base';
import type { ApiToken } from '@fortfail/protocol';
import { hashSecret, makeTypedSecret, readTypedSecret } from '@fortfail/trust';
import type { Change } from '../changes/changes.ts';
import type { Database } from '../database/database.ts';
import type { ApiTokenTable } from '../database/tables.ts';
import { newId } from '../ids.ts';
import { grantsOf, type PersonRow } from './persons.ts';
import type { Grant, Principal } from './principal.ts';
import { isWithin } from './rights.ts';

const dayMs = 86_400_000;
const maxTokens = 50;
/** How stale `last_used_at` may get: a write per request would be too much. */
const usedEveryMs = 60_000;

export type TokenPrincipal = Extract<Principal, { kind: 'token' }>;

/** What a token is to be. */
export interface TokenDraft {
  readonly name: string;
  readonly grants: readonly Grant[];
  /** 1 to 400: none lasts for ever. */
  readonly days: number;
}

/** Keys of programs: `ffp_...`, 256 random bits of which only the hash is stored. Each belongs to a person. */
export class ApiTokens {
  readonly #database: Database;
  readonly #clock: Clock;

  constructor(database: Database, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
  }

  /** Makes a token; its secret is in this answer only. `denied` for rights that its owner lacks. */
  async create(change: Change, owner: PersonRow, draft: TokenDraft): Promise<{ row: ApiTokenTable; secret: string }> {
    const own = grantsOf(owner);
    if (!draft.grants.every((grant) => isWithin(own, grant))) throw beyondOwnRights(owner.name);
    const id = newId('tok');
    const secret = makeTypedSecret('ffp', id.slice('tok_'.length));
    const row: ApiTokenTable = {
      id,
      person_id: owner.id,
      name: draft.name,
      grants: JSON.stringify(draft.grants),
      hash: await hashSecret(secret),
      created_at: change.now,
      expires_at: new Date(Date.parse(change.now) + draft.days * dayMs).toISOString(),
      last_used_at: null,
      ended_at: null,
    };
    await refuseTooMany(change, owner.id);
    await change.tx.insertInto('api_token').values(row).execute();
    change.audit({
      action: 'token.create',
      object: { kind: 'token', id },
      detail: { person: owner.id, grants: draft.grants.map(({ role, scope }) => `${role}@${scope}`), until: row.expires_at },
      personal: { name: row.name },
    });
    return { row, secret };
  }

  /** Whose token this is, which counts as use; undefined for what is unknown, over, ended or of a disabled person. */
  async find(text: string): Promise<TokenPrincipal | undefined> {
    const secret = secretOf(text);
    if (secret === undefined) return undefined;
    const found = await this.#load('hash', await hashSecret(secret));
    if (found === undefined) return undefined;
    await this.#used(found.row);
    return found.principal;
  }

  /** A token that was found before, as it stands now; does not count as use. */
  async again(tokenId: string): Promise<TokenPrincipal | undefined> {
    return (await this.#load('id', tokenId))?.principal;
  }

  async #load(column: 'hash' | 'id', value: string): Promise<{ row: ApiTokenTable; principal: TokenPrincipal } | undefined> {
    const row = await this.#database.read
      .selectFrom('api_token')
      .innerJoin('person', 'person.id', 'api_token.person_id')
      .selectAll('api_token')
      .select(['person.name as owner_name', 'person.grants as owner_grants'])
      .where(`api_token.${column}`, '=', value)
      .where('api_token.ended_at', 'is', null)
      .where('api_token.expires_at', '>', this.#clock.now().toISOString())
      .where('person.disabled', '=', 0)
      .executeTakeFirst();
    if (row === undefined) return undefined;
    return {
      row,
      principal: {
        kind: 'token',
        id: row.id,
        tokenId: row.id,
        personId: row.person_id,
        name: `token '${row.name}' of ${row.owner_name}`,
        grants: JSON.parse(row.grants) as Grant[],
        ownerGrants: JSON.parse(row.owner_grants) as Grant[],
      },
    };
  }

  async #used({ id, last_used_at: last }: ApiTokenTable): Promise<void> {
    const now = this.#clock.now();
    if (last !== null && now.getTime() - Date.parse(last) < usedEveryMs) return;
    await this.#database.transaction((tx) =>
      tx.updateTable('api_token').set({ last_used_at: now.toISOString() }).where('id', '=', id).execute(),
    );
  }

  /** Ends a token. What has ended stays so. */
  async end(change: Change, row: Pick<ApiTokenTable, 'id'>): Promise<void> {
    await change.tx.updateTable('api_token').set({ ended_at: change.now }).where('id', '=', row.id).where('ended_at', 'is', null).execute();
    change.audit({ action: 'token.end', object: { kind: 'token', id: row.id } });
  }

  /** Ends all tokens of a person. */
  async endAll(change: Change, personId: string): Promise<void> {
    const ended = await change.tx
      .updateTable('api_token')
      .set({ ended_at: change.now })
      .where('person_id', '=', personId)
      .where('ended_at', 'is', null)
      .returning('id')
      .execute();
    for (const { id } of ended) change.audit({ action: 'token.end', object: { kind: 'token', id } });
  }
}

/** The token as the API tells it: never its secret. */
export function toApiToken(row: ApiTokenTable, personName: string): ApiToken {
  return {
    id: row.id,
    personId: row.person_id,
    personName,
    name: row.name,
    grants: JSON.parse(row.grants) as ApiToken['grants'],
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    lastUsedAt: row.last_used_at,
  };
}

export function beyondOwnRights(name: string): FortFailError {
  return new FortFailError({
    kind: 'denied',
    code: 'beyond-own-rights',
    message: `unable to give rights that ${name} does not have`,
    hint: 'Give less, or have somebody with these rights do it.',
  });
}

function secretOf(text: string): string | undefined {
  try {
    const { prefix, secret } = readTypedSecret(text);
    return prefix === 'ffp' ? secret : undefined;
  } catch (error) {
    if (isFortFailError(error, 'invalid-input')) return undefined;
    throw error;
  }
}

/** Ended and expired ones do not count; long expired ones go, so that the table does not grow for ever. */
async function refuseTooMany(change: Change, personId: string): Promise<void> {
  const yearAgo = new Date(Date.parse(change.now) - 400 * dayMs).toISOString();
  await change.tx.deleteFrom('api_token').where('expires_at', '<', yearAgo).execute();
  const { count } = await change.tx
    .selectFrom('api_token')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('person_id', '=', personId)
    .where('ended_at', 'is', null)
    .where('expires_at', '>', change.now)
    .executeTakeFirstOrThrow();
  if (Number(count) < maxTokens) return;
  throw new FortFailError({
    kind: 'conflict',
    code: 'too-many-tokens',
    message: `unable to keep more than ${maxTokens} tokens of one person`,
    hint: 'End one with `fortfail token remove ID`.',
  });
}

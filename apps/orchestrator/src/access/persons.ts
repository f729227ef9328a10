import { FortFailError } from '@fortfail/base';
import type { Me } from '@fortfail/protocol';
import type { Change } from '../changes/changes.ts';
import type { Database, Reader } from '../database/database.ts';
import type { PersonTable } from '../database/tables.ts';
import { newId } from '../ids.ts';
import type { Grant, Principal } from './principal.ts';
import { isSiteAdmin } from './rights.ts';

export type PersonRow = PersonTable;

/** What makes two names the same at sign-in. */
export function nameKey(name: string): string {
  return name.normalize('NFKC').trim().toLowerCase();
}

export function grantsOf(row: PersonRow): Grant[] {
  return JSON.parse(row.grants) as Grant[];
}

/** The persons of the site. */
export class Persons {
  readonly #database: Database;
  readonly #onFirst: () => void;
  #hasSome = false;

  /** `onFirst` is told when the first person was made. */
  constructor(database: Database, onFirst: () => void = () => undefined) {
    this.#database = database;
    this.#onFirst = onFirst;
  }

  /** Whether the site is set up: once there is a person, there always is one. */
  async hasSome(): Promise<boolean> {
    if (this.#hasSome) return true;
    const row = await this.#database.read.selectFrom('person').select('id').limit(1).executeTakeFirst();
    this.#hasSome = row !== undefined;
    return this.#hasSome;
  }

  async byName(name: string): Promise<PersonRow | undefined> {
    return this.#database.read.selectFrom('person').selectAll().where('name_key', '=', nameKey(name)).executeTakeFirst();
  }

  async byId(id: string): Promise<PersonRow | undefined> {
    return byId(this.#database.read, id);
  }

  /** The oldest person with all rights who is not disabled; the first one is made when there is none at all. */
  async firstAdmin(change: Change): Promise<PersonRow> {
    const rows = await change.tx.selectFrom('person').selectAll().orderBy('created_at').orderBy('id').execute();
    const admin = rows.find((row) => row.disabled === 0 && isSiteAdmin(grantsOf(row)));
    if (admin !== undefined) return admin;
    if (rows.length > 0)
      throw new FortFailError({ kind: 'denied', code: 'no-admin', message: 'unable to sign in by link, no administrator is active' });
    const grants: Grant[] = [{ role: 'admin', scope: 'site' }];
    const row: PersonRow = {
      id: newId('per'),
      name: 'admin',
      name_key: 'admin',
      grants: JSON.stringify(grants),
      password: null,
      disabled: 0,
      created_at: change.now,
      last_seen_at: null,
    };
    await change.tx.insertInto('person').values(row).execute();
    change.audit({
      action: 'person.create',
      object: { kind: 'person', id: row.id },
      detail: { roles: ['admin'] },
      personal: { name: row.name },
    });
    change.afterCommit(this.#onFirst);
    return row;
  }

  /** A caller about themselves. */
  async describe(principal: Principal): Promise<Me> {
    if (principal.kind !== 'person') {
      return {
        id: principal.kind === 'token' ? principal.personId : principal.id,
        name: principal.name,
        roles: rolesOf(principal.grants),
        via: principal.kind === 'token' ? 'token' : 'local-socket',
        hasPassword: false,
        passkeys: [],
        sessionUntil: null,
      };
    }
    const row = await this.byId(principal.id);
    const passkeys = await this.#database.read
      .selectFrom('passkey')
      .select(['id', 'name', 'created_at'])
      .where('person_id', '=', principal.id)
      .orderBy('created_at')
      .execute();
    return {
      id: principal.id,
      name: row?.name ?? principal.name,
      roles: rolesOf(principal.grants),
      via: principal.via,
      hasPassword: typeof row?.password === 'string',
      passkeys: passkeys.map((passkey) => ({ id: passkey.id, name: passkey.name, createdAt: passkey.created_at })),
      sessionUntil: principal.sessionUntil,
    };
  }
}

function rolesOf(grants: readonly Grant[]): Me['roles'] {
  return [...new Set(grants.map((grant) => grant.role))];
}

async function byId(reader: Reader, id: string): Promise<PersonRow | undefined> {
  return reader.selectFrom('person').selectAll().where('id', '=', id).executeTakeFirst();
}

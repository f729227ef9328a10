import type { Clock } from '@fortfail/base';
import type { Change } from '../changes/changes.ts';
import type { Database } from '../database/database.ts';
import { grantsOf, type PersonRow } from './persons.ts';
import type { Principal } from './principal.ts';
import { newSecret, secretHash } from './secrets.ts';

const idleMs = 12 * 3_600_000;
const absoluteMs = 7 * 24 * 3_600_000;
/** How stale `seen_at` may get: a write per request would be too much. */
const seenEveryMs = 60_000;

export type SessionVia = 'session' | 'link';

/** Sessions are rows; the cookie is a secret of 256 bits of which only the hash is stored. */
export class Sessions {
  readonly #database: Database;
  readonly #clock: Clock;

  constructor(database: Database, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
  }

  /** Begins a session under a new secret, which it answers. */
  async begin(change: Change, person: PersonRow, via: SessionVia): Promise<{ secret: string; principal: Principal }> {
    const secret = newSecret();
    const hash = secretHash(secret);
    const until = new Date(Date.parse(change.now) + absoluteMs).toISOString();
    await change.tx
      .insertInto('session')
      .values({ hash, person_id: person.id, via, created_at: change.now, seen_at: change.now, until_at: until })
      .execute();
    await change.tx.deleteFrom('session').where('until_at', '<', change.now).execute();
    await change.tx.updateTable('person').set({ last_seen_at: change.now }).where('id', '=', person.id).execute();
    change.audit({ action: 'session.begin', object: { kind: 'person', id: person.id }, detail: { via } });
    return { secret, principal: toPrincipal(person, via, hash, until) };
  }

  /** Whose cookie this is; undefined when it is unknown, too old, idle for too long or its person is disabled. */
  async find(secret: string): Promise<Principal | undefined> {
    const hash = secretHash(secret);
    const row = await this.#load(hash);
    const now = this.#clock.now().getTime();
    if (row === undefined || now - Date.parse(row.seen_at) >= idleMs) return undefined;
    if (now - Date.parse(row.seen_at) >= seenEveryMs) await this.#seen(hash, row.id, now);
    return toPrincipal(row, row.via as SessionVia, hash, row.until_at);
  }

  /** A session that was found before, with its person's rights of now; undefined when it is over. Does not count as use. */
  async again(hash: string): Promise<Principal | undefined> {
    const row = await this.#load(hash);
    return row === undefined ? undefined : toPrincipal(row, row.via as SessionVia, hash, row.until_at);
  }

  async #load(hash: string) {
    return this.#database.read
      .selectFrom('session')
      .innerJoin('person', 'person.id', 'session.person_id')
      .selectAll('person')
      .select(['session.via', 'session.seen_at', 'session.until_at'])
      .where('session.hash', '=', hash)
      .where('session.until_at', '>', this.#clock.now().toISOString())
      .where('person.disabled', '=', 0)
      .executeTakeFirst();
  }

  async #seen(hash: string, personId: string, now: number): Promise<void> {
    const at = new Date(now).toISOString();
    await this.#database.transaction(async (tx) => {
      await tx.updateTable('session').set({ seen_at: at }).where('hash', '=', hash).execute();
      await tx.updateTable('person').set({ last_seen_at: at }).where('id', '=', personId).execute();
    });
  }

  async end(change: Change, hash: string, personId: string): Promise<void> {
    await change.tx.deleteFrom('session').where('hash', '=', hash).execute();
    change.audit({ action: 'session.end', object: { kind: 'person', id: personId } });
  }

  /** Signs a person out everywhere. */
  async endAll(change: Change, personId: string): Promise<void> {
    await change.tx.deleteFrom('session').where('person_id', '=', personId).execute();
    change.audit({ action: 'session.end-all', object: { kind: 'person', id: personId } });
  }
}

function toPrincipal(person: PersonRow, via: SessionVia, sessionHash: string, sessionUntil: string): Principal {
  return { kind: 'person', id: person.id, name: person.name, grants: grantsOf(person), via, sessionHash, sessionUntil };
}

import type { Event } from '@fortfail/protocol';
import type { Database } from '../database/database.ts';
import type { EventTable } from '../database/tables.ts';

type StoredEvent = Extract<Event, { type: 'changed' }>;
type LiveEvent = Exclude<Event, { type: 'changed' }>;
export type ChangedObject = StoredEvent['object'];

/** How many stored events are kept; who asks for older ones reads everything anew. */
export const keptEvents = 10_000;
const batch = 500;

export interface FeedListener {
  /** Stored events came to be: read them from the database after the last number you saw. */
  stored(): void;
  /** A passing event, never stored. */
  live(event: LiveEvent): void;
}

/** Where live listeners hear of stored and of passing events. */
export class EventFeed {
  readonly #database: Database;
  readonly #listeners = new Set<FeedListener>();

  constructor(database: Database) {
    this.#database = database;
  }

  listen(listener: FeedListener): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  /** After a commit that stored events. */
  announceStored(): void {
    for (const listener of this.#listeners) listener.stored();
  }

  announceLive(event: LiveEvent): void {
    for (const listener of this.#listeners) listener.live(event);
  }

  /** The number of the newest stored event. */
  async head(): Promise<number> {
    const row = await this.#database.read.selectFrom('event_head').select('seq').where('name', '=', 'main').executeTakeFirstOrThrow();
    return row.seq;
  }

  /** Stored events after `seq`, oldest first. `lost` when some of them are no longer held. */
  async after(seq: number, limit = batch): Promise<{ items: StoredEvent[]; lost: boolean }> {
    const rows = await this.#database.read.selectFrom('event').selectAll().where('seq', '>', seq).orderBy('seq').limit(limit).execute();
    const first = rows[0]?.seq;
    return { items: rows.map(toEvent), lost: first !== undefined && first > seq + 1 };
  }
}

function toEvent(row: EventTable): StoredEvent {
  return { type: 'changed', seq: row.seq, at: row.at, object: row.object as ChangedObject, id: row.object_id, planId: row.plan_id };
}

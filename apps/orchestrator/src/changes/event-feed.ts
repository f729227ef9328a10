import type { Event } from '@fortfail/protocol';
import type { Database } from '../database/database.ts';
import type { EventTable } from '../database/tables.ts';
import { type LiveEvent, type SiteBus, silentBus } from '../replicas/site-bus.ts';

type StoredEvent = Extract<Event, { type: 'changed' }>;
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

/** Where live listeners hear of stored and of passing events, also of those of other processes on the same database. */
export class EventFeed {
  readonly #database: Database;
  readonly #bus: SiteBus;
  readonly #listeners = new Set<FeedListener>();

  constructor(database: Database, bus: SiteBus = silentBus) {
    this.#database = database;
    this.#bus = bus;
    bus.subscribe((message) => {
      if (message.type === 'stored') this.#tellStored();
      else if (message.type === 'live') this.#tellLive(message.event);
    });
  }

  listen(listener: FeedListener): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  /** After a commit that stored events. */
  announceStored(): void {
    this.#tellStored();
    this.#bus.publish({ type: 'stored' });
  }

  announceLive(event: LiveEvent): void {
    this.#tellLive(event);
    this.#bus.publish({ type: 'live', event });
  }

  #tellStored(): void {
    for (const listener of this.#listeners) listener.stored();
  }

  #tellLive(event: LiveEvent): void {
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

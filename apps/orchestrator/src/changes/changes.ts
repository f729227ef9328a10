import type { Clock } from '@fortfail/base';
import { appendAudit } from '../audit/append.ts';
import type { Actor, AuditEntry } from '../audit/audit-record.ts';
import type { Database, Tx } from '../database/database.ts';
import { type ChangedObject, type EventFeed, keptEvents } from './event-feed.ts';

/** On whose behalf something changes, and which request asked for it. */
export interface ChangeContext {
  readonly actor: Actor;
  readonly request: string;
}

export const systemContext: ChangeContext = { actor: { id: 'orchestrator', kind: 'system', via: 'process' }, request: 'none' };

/** One change while it is being made. */
export interface Change {
  readonly tx: Tx;
  /** The moment of the change, RFC 3339 in UTC. */
  readonly now: string;
  /** Puts it on record. Each change has at least one record. */
  audit(entry: AuditEntry): void;
  /** Tells live listeners, once committed, that an object should be read again. */
  event(object: ChangedObject, id: string, planId?: string | null): void;
  /** Says that nothing needed to change: no record is due. Answers what it was given. */
  nothing(): void;
  nothing<T>(result: T): T;
  /** Runs once, after the commit. Must not throw. */
  afterCommit(effect: () => void): void;
}

/** The one door for changes: rows, events and audit records in one transaction, listeners told after the commit. */
export class Changes {
  readonly #database: Database;
  readonly #feed: EventFeed;
  readonly #clock: Clock;
  #onAudit: () => void = () => undefined;

  constructor(database: Database, feed: EventFeed, clock: Clock) {
    this.#database = database;
    this.#feed = feed;
    this.#clock = clock;
  }

  /** Who follows the audit table, told after each commit. */
  followAudit(listener: () => void): void {
    this.#onAudit = listener;
  }

  /** `work` may run more than once (see `Database.transaction`); only its last run counts. */
  async run<T>(context: ChangeContext, work: (change: Change) => Promise<T>): Promise<T> {
    const outcome = await this.#database.transaction(async (tx) => {
      const pending = new PendingChange(tx, this.#clock.now().toISOString());
      const result = await work(pending);
      if (pending.entries.length === 0 && !(pending.isNothing && pending.events.size === 0))
        throw new Error('a change without an audit record');
      await storeEvents(pending);
      await appendAudit(
        tx,
        { engine: this.#database.engine, actor: context.actor, at: pending.now, request: context.request },
        pending.entries,
      );
      return { pending, result };
    });
    if (outcome.pending.events.size > 0) this.#feed.announceStored();
    if (outcome.pending.entries.length > 0) this.#onAudit();
    for (const effect of outcome.pending.effects) effect();
    return outcome.result;
  }
}

class PendingChange implements Change {
  readonly entries: AuditEntry[] = [];
  readonly events = new Map<string, { object: ChangedObject; id: string; planId: string | null }>();
  readonly effects: (() => void)[] = [];
  readonly tx: Tx;
  readonly now: string;

  constructor(tx: Tx, now: string) {
    this.tx = tx;
    this.now = now;
  }

  isNothing = false;

  nothing<T>(result?: T): T | undefined {
    this.isNothing = true;
    return result;
  }

  audit(entry: AuditEntry): void {
    this.entries.push(entry);
  }

  event(object: ChangedObject, id: string, planId: string | null = null): void {
    this.events.set(`${object} ${id}`, { object, id, planId });
  }

  afterCommit(effect: () => void): void {
    this.effects.push(effect);
  }
}

/** Numbers come from a locked row, not from a sequence, so that they are committed in order and without gaps. */
async function storeEvents(change: PendingChange): Promise<void> {
  if (change.events.size === 0) return;
  const { seq: last } = await change.tx
    .updateTable('event_head')
    .set((eb) => ({ seq: eb('seq', '+', change.events.size) }))
    .where('name', '=', 'main')
    .returning('seq')
    .executeTakeFirstOrThrow();
  const first = last - change.events.size + 1;
  const rows = [...change.events.values()].map((event, index) => ({
    seq: first + index,
    at: change.now,
    object: event.object,
    object_id: event.id,
    plan_id: event.planId,
  }));
  await change.tx.insertInto('event').values(rows).execute();
  await change.tx
    .deleteFrom('event')
    .where('seq', '<=', last - keptEvents)
    .execute();
}

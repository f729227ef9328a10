import type { Logger } from '@fortfail/base';
import type { EventFeed } from '../changes/event-feed.ts';
import type { Database } from '../database/database.ts';
import { isRecordName } from './records.ts';

const batch = 500;

/** One record as its listeners get it: its name, its fields, its moment. */
export interface LiveRecord {
  readonly event: string;
  readonly timestamp: string;
  readonly [field: string]: unknown;
}

/**
 * Records of the first API as they are committed, by whichever orchestrator: read from the audit chain in its order, once
 * for all listeners. Who starts to listen hears of what comes, not of what was.
 */
export class LiveRecords {
  readonly #database: Database;
  readonly #feed: EventFeed;
  readonly #logger: Logger;
  readonly #listeners = new Set<(record: LiveRecord) => void>();
  #listening: Disposable | undefined;
  #seen = 0;
  #reading: Promise<void> | undefined;
  #isWanted = false;

  constructor(database: Database, feed: EventFeed, logger: Logger) {
    this.#database = database;
    this.#feed = feed;
    this.#logger = logger;
  }

  /** How many listen. */
  get size(): number {
    return this.#listeners.size;
  }

  /** Resolves when nothing committed afterwards will be missed. Disposing ends it. */
  async listen(listener: (record: LiveRecord) => void): Promise<Disposable> {
    if (this.#listeners.size === 0) {
      this.#listening = this.#feed.listen({ stored: () => this.wake(), live: () => undefined });
      this.#seen = await this.#head();
    }
    this.#listeners.add(listener);
    return {
      [Symbol.dispose]: () => {
        this.#listeners.delete(listener);
        if (this.#listeners.size > 0) return;
        this.#listening?.[Symbol.dispose]();
        this.#listening = undefined;
      },
    };
  }

  /** Looks whether something came, also what another orchestrator stored and nobody told us of. */
  wake(): void {
    this.#isWanted = true;
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
    });
  }

  async #read(): Promise<void> {
    try {
      while (this.#isWanted && this.#listeners.size > 0) {
        this.#isWanted = false;
        for (let more = true; more; ) more = await this.#readBatch();
      }
    } catch (err) {
      this.#logger.error({ component: 'first-api', err }, 'reading records failed');
    }
  }

  async #readBatch(): Promise<boolean> {
    const rows = await this.#database.read
      .selectFrom('audit')
      .select(['seq', 'body'])
      .where('chain', '=', 'main')
      .where('seq', '>', this.#seen)
      .orderBy('seq')
      .limit(batch)
      .execute();
    for (const { body } of rows) {
      const record = recordFrom(body);
      if (record !== undefined) for (const listener of this.#listeners) listener(record);
    }
    this.#seen = rows.at(-1)?.seq ?? this.#seen;
    return rows.length === batch;
  }

  async #head(): Promise<number> {
    const row = await this.#database.read.selectFrom('audit_head').select('seq').where('chain', '=', 'main').executeTakeFirstOrThrow();
    return row.seq;
  }
}

/** The record in an audit body, when it is one of the first API. */
export function recordFrom(body: string): LiveRecord | undefined {
  const { action, at, detail } = JSON.parse(body) as { action: string; at: string; detail: Readonly<Record<string, unknown>> };
  if (!isRecordName(action)) return undefined;
  const { personal: _, ...fields } = detail;
  return { event: action, ...fields, timestamp: at };
}

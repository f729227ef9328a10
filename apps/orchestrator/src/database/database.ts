import type { Kysely, Transaction } from 'kysely';
import type { Tables } from './tables.ts';

export type Engine = 'sqlite' | 'postgres';
export type Reader = Kysely<Tables>;
export type Tx = Transaction<Tables>;

/** One connection that belongs to whoever opened it, with what lasts as long as it does: session locks, listening. */
export interface DatabaseSession extends AsyncDisposable {
  /** Throws `unavailable` when there is no answer in time; the connection is gone then. */
  query<Row extends object>(text: string, values?: readonly unknown[]): Promise<Row[]>;
  /** Resolves when the connection is gone, whoever ended it. */
  readonly ended: Promise<void>;
}

/** FortFail's own tables, on either engine. Whoever opened it disposes of it. */
export interface Database extends AsyncDisposable {
  readonly engine: Engine;
  /** For queries that change nothing. Sees what was committed; never waits for a writer. */
  readonly read: Reader;
  /**
   * Does `work` in one transaction that takes effect whole or not at all. On a clash of two transactions `work` is done
   * again, so it must have no effect outside of the transaction. Inside it only `tx` may be used.
   */
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  /** Does `work`, which only reads, on the state of one moment. Writers go on meanwhile. */
  snapshot<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  /** Answers when the engine answers; throws kind `unavailable` when it does not. */
  ping(): Promise<void>;
  /** Where several processes may use one database: a connection that hears what is said on `channel`. */
  openSession?(channel: string, hear: (payload: string) => void): Promise<DatabaseSession>;
}

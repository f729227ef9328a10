import { DatabaseSync } from 'node:sqlite';
import { Kysely, sql } from 'kysely';
import type { Database, Reader, Tx } from './database.ts';
import { classifyDatabaseError } from './database-errors.ts';
import { migrateToLatest } from './migrate.ts';
import { NodeSqliteDialect } from './sqlite-dialect.ts';
import type { Tables } from './tables.ts';

/**
 * Opens (or makes) the embedded database at `path` and brings its tables up to date. WAL with full synchronisation: what
 * was committed is on the disk. Two connections: one that writes, used by one transaction at a time, one that only reads.
 * Throws `denied`, `no-space`, `damaged` or `unavailable`.
 */
export async function openSqlite(path: string): Promise<Database> {
  const writer = new Kysely<Tables>({ dialect: new NodeSqliteDialect(() => openWriter(path)) });
  try {
    await migrateToLatest(writer, 'sqlite');
  } catch (error) {
    await writer.destroy();
    throw error;
  }
  return new SqliteDatabase(path, writer, openSqliteReader(path));
}

/** Opens only for reading, without migrating: for tools that look at a data folder. */
export function openSqliteReader(path: string): Reader {
  return new Kysely<Tables>({ dialect: new NodeSqliteDialect(() => openReader(path), 'begin') });
}

function openWriter(path: string): DatabaseSync {
  return openWith(path, false, 'pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on; pragma secure_delete = on');
}

function openReader(path: string): DatabaseSync {
  return openWith(path, true, 'pragma query_only = on');
}

function openWith(path: string, readOnly: boolean, pragmas: string): DatabaseSync {
  try {
    const database = new DatabaseSync(path, { readOnly, timeout: 5000 });
    database.exec(pragmas);
    return database;
  } catch (error) {
    throw classifyDatabaseError(error);
  }
}

class SqliteDatabase implements Database {
  readonly engine = 'sqlite';
  readonly #path: string;
  readonly #writer: Kysely<Tables>;
  readonly read: Reader;

  constructor(path: string, writer: Kysely<Tables>, read: Reader) {
    this.#path = path;
    this.#writer = writer;
    this.read = read;
  }

  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    return this.#writer.transaction().execute(work);
  }

  /** In WAL mode a transaction sees one state from its first read to its end; on a connection of its own, so that no other read waits. */
  async snapshot<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    const reader = openSqliteReader(this.#path);
    try {
      return await reader.transaction().execute(work);
    } finally {
      await reader.destroy();
    }
  }

  async ping(): Promise<void> {
    await sql`select 1`.execute(this.read);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.read.destroy();
    await this.#writer.destroy();
  }
}

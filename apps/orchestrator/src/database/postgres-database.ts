import type { Secret } from '@fortfail/base';
import { type DatabaseConnection, type Driver, Kysely, PostgresDialect, type PostgresDialectConfig, PostgresDriver, sql } from 'kysely';
import pg from 'pg';
import type { Database, DatabaseSession, Reader, Tx } from './database.ts';
import { classifyDatabaseError } from './database-errors.ts';
import { migrateToLatest } from './migrate.ts';
import { openPostgresSession } from './postgres-session.ts';
import type { Tables } from './tables.ts';

const int8 = 20;
const maxConnections = 10;
const maxTries = 5;
/** Serialisation failure and deadlock: PostgreSQL undid the transaction and asks for it again. */
const clashes: ReadonlySet<unknown> = new Set(['40001', '40P01']);

/**
 * Opens the PostgreSQL database that `url` names and brings its tables up to date. Several orchestrators may use one
 * database. Throws `unavailable`, `denied` or `not-found`.
 */
export async function openPostgres(url: Secret): Promise<Database> {
  const pool = new pg.Pool({
    connectionString: url.reveal(),
    max: maxConnections,
    connectionTimeoutMillis: 10_000,
    application_name: 'fortfail',
    types: { getTypeParser: (oid, format) => (oid === int8 ? parseWholeNumber : pg.types.getTypeParser(oid, format)) },
  });
  // An idle connection that breaks is replaced by the pool; without a listener it would end the process.
  pool.on('error', () => undefined);
  pool.on('connect', outliveBreaks);
  const kysely = new Kysely<Tables>({ dialect: new ClassifyingDialect({ pool }) });
  try {
    await migrateToLatest(kysely, 'postgres');
  } catch (error) {
    await kysely.destroy();
    throw classifyDatabaseError(error);
  }
  return new PostgresDatabase(kysely, url);
}

/**
 * A connection that breaks between two statements of a transaction would end the process too. The next statement fails
 * with the reason of the break, which the driver forgets.
 */
function outliveBreaks(client: pg.PoolClient): void {
  let first: Error | undefined;
  client.on('error', (error) => {
    first ??= error;
    Object.assign(client, { query: () => Promise.reject(first) });
  });
}

/** Gives errors their kind where they arise, so that code inside a transaction can tell a broken unique rule. */
class ClassifyingDialect extends PostgresDialect {
  readonly #config: PostgresDialectConfig;

  constructor(config: PostgresDialectConfig) {
    super(config);
    this.#config = config;
  }

  override createDriver(): Driver {
    return new ClassifyingDriver(this.#config);
  }
}

class ClassifyingDriver extends PostgresDriver {
  readonly #known = new WeakSet<DatabaseConnection>();

  override async acquireConnection(): Promise<DatabaseConnection> {
    const connection = await super.acquireConnection().catch((error: unknown) => {
      throw classifyDatabaseError(error);
    });
    if (this.#known.has(connection)) return connection;
    this.#known.add(connection);
    const execute = connection.executeQuery.bind(connection);
    connection.executeQuery = async (query, options) => {
      try {
        return await execute(query, options);
      } catch (error) {
        throw classifyDatabaseError(error);
      }
    };
    return connection;
  }
}

function parseWholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError('a number in the database is beyond 2^53');
  return value;
}

class PostgresDatabase implements Database {
  readonly engine = 'postgres';
  readonly read: Reader;
  readonly #url: Secret;

  constructor(kysely: Kysely<Tables>, url: Secret) {
    this.read = kysely;
    this.#url = url;
  }

  async transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.read.transaction().execute(work);
      } catch (error) {
        const code = error instanceof Error && 'code' in error ? error.code : undefined;
        if (!clashes.has(code) || tries >= maxTries) throw classifyDatabaseError(error);
      }
    }
  }

  async snapshot<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    try {
      return await this.read.transaction().setIsolationLevel('repeatable read').setAccessMode('read only').execute(work);
    } catch (error) {
      throw classifyDatabaseError(error);
    }
  }

  async ping(): Promise<void> {
    try {
      await sql`select 1`.execute(this.read);
    } catch (error) {
      throw classifyDatabaseError(error);
    }
  }

  openSession(channel: string, hear: (payload: string) => void): Promise<DatabaseSession> {
    return openPostgresSession(this.#url, channel, hear);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.read.destroy();
  }
}

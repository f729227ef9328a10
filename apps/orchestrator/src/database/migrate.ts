import { type Kysely, sql } from 'kysely';
import { DEFAULT_MIGRATION_TABLE, Migrator } from 'kysely/migration';
import type { Engine } from './database.ts';
import { classifyDatabaseError } from './database-errors.ts';
import { migrations } from './migrations/index.ts';
import type { Tables } from './tables.ts';

/** Applies the migrations that are missing, in order, each with its record in one transaction; none is ever undone. */
export async function migrateToLatest(database: Kysely<Tables>, engine: Engine): Promise<void> {
  const migrator = new Migrator({ db: database, provider: { getMigrations: async () => migrations(engine) } });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) throw classifyDatabaseError(error);
}

/** The name of the newest migration that a database has: which schema its tables are of. */
export async function latestMigration(database: Kysely<Tables>): Promise<string> {
  const { rows } = await sql<{ name: string }>`select name from ${sql.table(DEFAULT_MIGRATION_TABLE)} order by name desc limit 1`.execute(
    database,
  );
  return rows[0]?.name ?? 'none';
}

import type { Kysely } from 'kysely';
import { Migrator } from 'kysely/migration';
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

import { chmodSync } from 'node:fs';
import { asFortFailError, errorKinds, FortFailError } from '@fortfail/base';
import { importCatalog } from './catalog-copy/import-catalog.ts';
import { readConfig } from './config.ts';
import type { Database } from './database/database.ts';
import { openPostgres } from './database/postgres-database.ts';
import { openSqlite } from './database/sqlite-database.ts';
import { openDataFolder } from './listening/data-folder.ts';
import { redact } from './logger.ts';

/**
 * Fills the empty database of a data folder (or that of DATABASE_URL) with a copy of a catalog, as it lies in the restored
 * configuration under `database`: `node import-main.ts FOLDER`. Takes the data folder like the orchestrator, so never
 * beside it. Prints one JSON object; ends with 25 when the imported audit chain is broken (it was before the copy, too).
 */
async function main(): Promise<void> {
  const folder = process.argv[2];
  if (folder === undefined) {
    throw new FortFailError({
      kind: 'invalid-input',
      code: 'no-folder',
      message: 'unable to import a catalog, no folder was named',
      hint: 'Name the folder that holds manifest.json: database in a restored configuration.',
    });
  }
  const config = readConfig(process.env, process.getuid?.() === 0);
  process.umask(0o077);
  using place = openDataFolder(config.dataFolder);
  await using database = await open(config, place.databasePath);
  const { rows, tables, audit } = await importCatalog(database, folder);
  const whole = audit.every((chain) => chain.whole);
  process.stdout.write(`${JSON.stringify({ whole, rows, tables, audit })}\n`);
  process.exitCode = whole ? 0 : errorKinds.damaged.exit;
}

async function open(config: ReturnType<typeof readConfig>, path: string): Promise<Database> {
  if (config.databaseUrl !== undefined) return openPostgres(config.databaseUrl);
  const database = await openSqlite(path);
  chmodSync(path, 0o600);
  return database;
}

await main().catch((thrown: unknown) => {
  const { kind, code, message, hint } = asFortFailError(thrown);
  process.stderr.write(`${redact(message)}${hint === undefined ? '' : `. ${hint}`}\n`);
  process.stdout.write(`${JSON.stringify({ error: { kind, code, message: redact(message), hint } })}\n`);
  process.exitCode = errorKinds[kind].exit;
});

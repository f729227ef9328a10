import { createHash } from 'node:crypto';
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { sql, type Transaction } from 'kysely';
import type { Database } from '../database/database.ts';
import { latestMigration } from '../database/migrate.ts';
import type { Tables } from '../database/tables.ts';
import { type CatalogManifest, type CopiedTable, copiedTableNames, copiedTables, manifestName } from './copied-tables.ts';

/** Rows of one read. A row is at most a few hundred KiB, so this bounds the memory. */
const batchRows = 100;

export interface ExportOptions {
  readonly database: Database;
  /** Made anew by this call, whole or not at all. */
  readonly folder: string;
  readonly madeAt: string;
  readonly version: string;
  readonly signal?: AbortSignal;
}

/**
 * Writes the catalog and the audit as of one moment: one file of JSON lines per table and a manifest, in a folder of mode
 * 0700 that appears whole under its name. Reads in batches, so memory does not grow with the catalog; never waits for
 * writers. Throws what the database or the file system refuses.
 */
export async function exportCatalog(options: ExportOptions): Promise<CatalogManifest> {
  const { database, folder } = options;
  const beside = join(dirname(folder), `.${basename(folder)}.tmp`);
  await rm(beside, { recursive: true, force: true });
  await mkdir(beside, { recursive: true, mode: 0o700 });
  try {
    const schema = await latestMigration(database.read);
    const tables = await database.snapshot(async (tx) => {
      const written: Record<string, { rows: number; sha256: string }> = {};
      for (const table of copiedTableNames) written[table] = await writeTable(tx, table, beside, options.signal);
      return written;
    });
    const manifest: CatalogManifest = { format: 1, schema, madeAt: options.madeAt, version: options.version, tables };
    await writeDurably(join(beside, manifestName), async (file) => void (await file.write(`${JSON.stringify(manifest, null, 2)}\n`)));
    await syncFolder(beside);
    await rm(folder, { recursive: true, force: true });
    await rename(beside, folder);
    await syncFolder(dirname(folder));
    return manifest;
  } catch (error) {
    await rm(beside, { recursive: true, force: true });
    throw error;
  }
}

async function writeTable(
  tx: Transaction<Tables>,
  table: CopiedTable,
  folder: string,
  signal: AbortSignal | undefined,
): Promise<{ rows: number; sha256: string }> {
  const hash = createHash('sha256');
  let rows = 0;
  await writeDurably(join(folder, `${table}.ndjson`), async (file) => {
    for await (const batch of readTable(tx, table)) {
      signal?.throwIfAborted();
      const bytes = Buffer.from(batch.map((row) => `${JSON.stringify(row)}\n`).join(''));
      hash.update(bytes);
      rows += batch.length;
      await file.appendFile(bytes);
    }
  });
  return { rows, sha256: hash.digest('hex') };
}

/** All rows in the order of the key, each batch after the last row of the one before. */
async function* readTable(tx: Transaction<Tables>, table: CopiedTable): AsyncGenerator<Record<string, unknown>[]> {
  const keys = copiedTables[table];
  const key = sql.join(keys.map((column) => sql.ref(column)));
  let last: Record<string, unknown> | undefined;
  for (;;) {
    const after = last === undefined ? sql`` : sql` where (${key}) > (${sql.join(keys.map((column) => last?.[column]))})`;
    const { rows } = await sql<Record<string, unknown>>`
      select * from ${sql.table(table)}${after} order by ${key} limit ${sql.lit(batchRows)}`.execute(tx);
    if (rows.length > 0) yield rows;
    if (rows.length < batchRows) return;
    last = rows.at(-1);
  }
}

async function writeDurably(path: string, write: (file: FileHandle) => Promise<void>): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await write(file);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

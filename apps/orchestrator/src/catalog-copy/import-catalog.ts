import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FortFailError, splitLines } from '@fortfail/base';
import type { AuditVerification } from '@fortfail/protocol';
import { sql } from 'kysely';
import { z } from 'zod';
import { chains } from '../audit/audit-record.ts';
import { verifyChain } from '../audit/verify.ts';
import type { Database, Reader, Tx } from '../database/database.ts';
import { latestMigration } from '../database/migrate.ts';
import { type CatalogManifest, type CopiedTable, copiedTableNames, manifestName, seededTables } from './copied-tables.ts';

/** Rows of one statement: below what either engine takes as parameters. */
const batchRows = 100;

const manifestSchema = z.object({
  format: z.literal(1),
  schema: z.string(),
  madeAt: z.string(),
  version: z.string(),
  tables: z.record(z.string(), z.object({ rows: z.int(), sha256: z.string() })),
});

export interface ImportReport {
  readonly rows: number;
  readonly tables: number;
  /** The chains as they were copied: a break that was there before is there after. */
  readonly audit: readonly AuditVerification[];
}

/**
 * Fills an empty database with a copy of a catalog, whole or not at all, on either engine. Throws `conflict` when the
 * database holds a site, `invalid-input` for a copy of another schema, `damaged` when a file is not what the manifest says.
 */
export async function importCatalog(database: Database, folder: string): Promise<ImportReport> {
  const manifest = await readManifest(folder);
  const schema = await latestMigration(database.read);
  if (manifest.schema !== schema) {
    throw new FortFailError({
      kind: 'invalid-input',
      code: 'catalog-schema',
      message: `unable to import a catalog of schema '${manifest.schema}', this version has '${schema}'`,
      hint: `Import it with FortFail ${manifest.version}, then start this version, which brings it up to date.`,
    });
  }
  const audit = await database.transaction(async (tx) => {
    await requireEmpty(tx);
    for (const table of copiedTableNames) await fillTable(tx, table, folder, manifest);
    const found: AuditVerification[] = [];
    for (const chain of chains) found.push(await verifyChain(tx, chain));
    return found;
  });
  const rows = Object.values(manifest.tables).reduce((sum, table) => sum + table.rows, 0);
  return { rows, tables: copiedTableNames.length, audit };
}

async function readManifest(folder: string): Promise<CatalogManifest> {
  const path = join(folder, manifestName);
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    const isMissing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
    if (!isMissing) throw cause;
    throw new FortFailError({
      kind: 'not-found',
      code: 'no-catalog-copy',
      message: `unable to find a catalog copy in '${folder}'`,
      hint: 'Name the folder that holds manifest.json: database in a restored configuration.',
      cause,
    });
  });
  try {
    return manifestSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw damaged(manifestName, 'it is not a manifest', cause);
  }
}

/** A site that is there is never mixed with another. */
async function requireEmpty(reader: Reader): Promise<void> {
  for (const table of copiedTableNames) {
    if (seededTables.has(table)) continue;
    const { rows } = await sql`select 1 from ${sql.table(table)} limit 1`.execute(reader);
    if (rows.length === 0) continue;
    throw new FortFailError({
      kind: 'conflict',
      code: 'database-not-empty',
      message: `unable to import a catalog, the database is in use: its table '${table}' has rows`,
      hint: 'Import into a new database.',
    });
  }
}

async function fillTable(tx: Tx, table: CopiedTable, folder: string, manifest: CatalogManifest): Promise<void> {
  const expected = manifest.tables[table];
  if (expected === undefined) throw damaged(manifestName, `it does not name table '${table}'`);
  if (seededTables.has(table)) await sql`delete from ${sql.table(table)}`.execute(tx);
  const hash = createHash('sha256');
  const bytes = createReadStream(join(folder, `${table}.ndjson`));
  bytes.on('data', (chunk) => hash.update(chunk));
  let rows = 0;
  let batch: Record<string, unknown>[] = [];
  for await (const line of splitLines(bytes)) {
    batch.push(rowOf(table, line));
    rows += 1;
    if (batch.length < batchRows) continue;
    await insertRows(tx, table, batch);
    batch = [];
  }
  await insertRows(tx, table, batch);
  if (rows !== expected.rows || hash.digest('hex') !== expected.sha256)
    throw damaged(`${table}.ndjson`, `it has ${rows} rows and other content than the manifest says`);
}

function rowOf(table: CopiedTable, line: string): Record<string, unknown> {
  try {
    return z.record(z.string(), z.union([z.string(), z.number(), z.null()])).parse(JSON.parse(line));
  } catch (cause) {
    throw damaged(`${table}.ndjson`, 'a line is not a row', cause);
  }
}

async function insertRows(tx: Tx, table: CopiedTable, rows: readonly Record<string, unknown>[]): Promise<void> {
  const [first] = rows;
  if (first === undefined) return;
  const columns = Object.keys(first);
  const values = rows.map((row) => sql`(${sql.join(columns.map((column) => row[column] ?? null))})`);
  await sql`insert into ${sql.table(table)} (${sql.join(columns.map((column) => sql.ref(column)))}) values ${sql.join(values)}`.execute(tx);
}

function damaged(file: string, why: string, cause?: unknown): FortFailError {
  return new FortFailError({
    kind: 'damaged',
    code: 'catalog-copy',
    message: `unable to import the catalog, '${file}' of the copy is damaged: ${why}`,
    hint: 'Nothing was imported. Restore the configuration again, or from another restore point.',
    cause,
  });
}

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { asFortFailError, errorKinds, FortFailError } from '@fortfail/base';
import { readHeads, verifyAll } from './audit/verify.ts';
import { readConfig } from './config.ts';
import type { Reader } from './database/database.ts';
import { openPostgres } from './database/postgres-database.ts';
import { openSqliteReader } from './database/sqlite-database.ts';

/**
 * Verifies the audit chains and the audit file of a data folder without an orchestrator: `node audit-main.ts [FOLDER]`.
 * Prints one JSON object and ends with 0 when all is whole, with 25 when something is broken. Changes nothing.
 */
async function main(): Promise<void> {
  const folder = process.argv[2];
  const environment = folder === undefined ? process.env : { ...process.env, FORTFAIL_DATA: folder };
  const config = readConfig(environment, process.getuid?.() === 0);
  await using opened = await open(config);
  const { result, parts } = await verifyAll(opened.reader, config.auditPath, await readHeads(opened.reader));
  process.stdout.write(`${JSON.stringify({ ...result, parts })}\n`);
  process.exitCode = result.whole ? 0 : errorKinds.damaged.exit;
}

async function open(config: ReturnType<typeof readConfig>): Promise<AsyncDisposable & { readonly reader: Reader }> {
  if (config.databaseUrl !== undefined) {
    const database = await openPostgres(config.databaseUrl);
    return { reader: database.read, [Symbol.asyncDispose]: () => database[Symbol.asyncDispose]() };
  }
  const path = join(config.dataFolder, 'catalog.db');
  if (!existsSync(path)) {
    throw new FortFailError({
      kind: 'not-found',
      code: 'no-catalog',
      message: `unable to find a catalog in '${config.dataFolder}'`,
      hint: 'Name the data folder with --data.',
    });
  }
  const reader = openSqliteReader(path);
  return { reader, [Symbol.asyncDispose]: () => reader.destroy() };
}

await main().catch((thrown: unknown) => {
  const { kind, code, message, hint } = asFortFailError(thrown);
  process.stderr.write(`${message}${hint === undefined ? '' : `. ${hint}`}\n`);
  process.stdout.write(`${JSON.stringify({ error: { kind, code, message, hint } })}\n`);
  process.exitCode = errorKinds[kind].exit;
});

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe } from 'vitest';
import type { Database, Engine } from '../database/database.ts';
import { openPostgres } from '../database/postgres-database.ts';
import { openSqlite } from '../database/sqlite-database.ts';
import { type EmbeddedPostgres, startPostgres, whyNoPostgres } from './embedded-postgres.ts';

let databaseCount = 0;

/** Runs `suite` on every engine. `open` gives a fresh, empty database; whoever opens it disposes of it. */
export function databaseSuite(name: string, suite: (open: () => Promise<Database>, engine: Engine) => void): void {
  describe(`${name} on SQLite`, () => {
    const folders: string[] = [];
    afterAll(() => {
      for (const folder of folders) rmSync(folder, { recursive: true, force: true });
    });
    suite(() => {
      const folder = mkdtempSync(join(tmpdir(), 'ff-db-'));
      folders.push(folder);
      return openSqlite(join(folder, 'catalog.db'));
    }, 'sqlite');
  });
  const reason = whyNoPostgres();
  if (reason !== undefined) process.stderr.write(`skipped: ${name} on PostgreSQL (${reason})\n`);
  describe.skipIf(reason !== undefined)(`${name} on PostgreSQL`, () => {
    let server: EmbeddedPostgres;
    beforeAll(async () => {
      server = await startPostgres();
      // Migrated once and copied for each test.
      await (await openPostgres(await server.createDatabase('migrated')))[Symbol.asyncDispose]();
    });
    afterAll(async () => {
      await server[Symbol.asyncDispose]();
    });
    suite(async () => {
      databaseCount += 1;
      return openPostgres(await server.createDatabase(`suite_${databaseCount}`, 'migrated'));
    }, 'postgres');
  });
}

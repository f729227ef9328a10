import { setImmediate } from 'node:timers/promises';
import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { startPostgres, whyNoPostgres } from '../testing/embedded-postgres.ts';
import { openPostgres } from './postgres-database.ts';

const reason = whyNoPostgres();
if (reason !== undefined) process.stderr.write(`skipped: a connection to PostgreSQL that breaks (${reason})\n`);

describe.skipIf(reason !== undefined)('a connection to PostgreSQL', () => {
  it('that breaks between two statements fails its transaction and nothing else', async () => {
    await using server = await startPostgres();
    await using database = await openPostgres(await server.createDatabase('site'));
    const broken = database.transaction(async (tx) => {
      const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(tx);
      // Answers once that process has ended, so its last words are here within a turn or two.
      await sql`select pg_terminate_backend(${rows[0]?.pid}::int, 10000)`.execute(database.read);
      for (let turn = 0; turn < 5; turn += 1) await setImmediate();
      await sql`select 1`.execute(tx);
    });
    await expect(broken).rejects.toMatchObject({ kind: 'unavailable' });
    await expect(database.ping()).resolves.toBeUndefined();
  });
});

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSqlite } from './sqlite-database.ts';

describe('the embedded database', () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ff-sqlite-'));
    path = join(folder, 'catalog.db');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('keeps its rows when it is opened again, and migrates once only', async () => {
    {
      await using database = await openSqlite(path);
      await database.transaction((tx) => tx.insertInto('site').values({ id: 'a', name: 'n', created_at: 'now' }).execute());
    }
    await using again = await openSqlite(path);
    expect(await again.read.selectFrom('site').select('id').execute()).toEqual([{ id: 'a' }]);
  });

  it('synchronises each commit in full, with a write-ahead log and foreign keys', async () => {
    await using database = await openSqlite(path);
    const failed = database.transaction((tx) => tx.insertInto('job_log').values({ job_id: 'none', n: 1, line: '' }).execute());
    await expect(failed).rejects.toThrow(/FOREIGN KEY/);
    expect(new DatabaseSync(path, { readOnly: true }).prepare('pragma journal_mode').get()).toEqual({ journal_mode: 'wal' });
  });

  it('refuses a file that is something else', async () => {
    writeFileSync(path, 'this is a text of somebody else, long enough to be no database header at all, really');
    await expect(openSqlite(path)).rejects.toMatchObject({ kind: 'damaged', code: 'not-a-database' });
  });

  it('refuses a folder that does not exist', async () => {
    await expect(openSqlite(join(folder, 'none', 'catalog.db'))).rejects.toMatchObject({ kind: 'denied', code: 'database-unreadable' });
  });

  it('lets its reading side change nothing', async () => {
    await using database = await openSqlite(path);
    const written = database.read.insertInto('site').values({ id: 'a', name: 'n', created_at: 'now' }).execute();
    await expect(written).rejects.toMatchObject({ kind: 'denied', code: 'database-read-only' });
  });
});

import { expect, it } from 'vitest';
import { databaseSuite } from '../testing/database-suite.ts';

databaseSuite('the database', (open) => {
  const site = (id: string) => ({ id, name: 'n', created_at: '2026-01-01T00:00:00.000Z' });

  it('undoes a transaction that throws, whole', async () => {
    await using database = await open();
    const failed = database.transaction(async (tx) => {
      await tx.insertInto('site').values(site('a')).execute();
      throw new Error('no');
    });
    await expect(failed).rejects.toThrow('no');
    expect(await database.read.selectFrom('site').selectAll().execute()).toEqual([]);
  });

  it('does not show others what is not committed, nor make them wait', async () => {
    await using database = await open();
    await database.transaction(async (tx) => {
      await tx.insertInto('site').values(site('a')).execute();
      expect(await database.read.selectFrom('site').selectAll().execute()).toEqual([]);
    });
    expect(await database.read.selectFrom('site').selectAll().execute()).toHaveLength(1);
  });

  it('calls a broken unique rule a conflict', async () => {
    await using database = await open();
    const insert = () => database.transaction((tx) => tx.insertInto('site').values(site('a')).execute());
    await insert();
    await expect(insert()).rejects.toMatchObject({ kind: 'conflict', code: 'not-unique' });
  });

  it('does writers one after the other without losing one', async () => {
    await using database = await open();
    await database.transaction((tx) => tx.insertInto('event_head').values({ name: 'test', seq: 0 }).execute());
    const add = () =>
      database.transaction(async (tx) => {
        await tx
          .updateTable('event_head')
          .set((eb) => ({ seq: eb('seq', '+', 1) }))
          .where('name', '=', 'test')
          .execute();
      });
    await Promise.all(Array.from({ length: 40 }, add));
    expect(await database.read.selectFrom('event_head').select('seq').where('name', '=', 'test').executeTakeFirst()).toEqual({ seq: 40 });
  });

  it('gives whole numbers beyond 2^31 as numbers', async () => {
    await using database = await open();
    await database.transaction((tx) =>
      tx
        .insertInto('event_head')
        .values({ name: 'big', seq: 2 ** 40 })
        .execute(),
    );
    expect(await database.read.selectFrom('event_head').select('seq').where('name', '=', 'big').executeTakeFirst()).toEqual({
      seq: 2 ** 40,
    });
  });

  it('answers a ping', async () => {
    await using database = await open();
    await expect(database.ping()).resolves.toBeUndefined();
  });
});

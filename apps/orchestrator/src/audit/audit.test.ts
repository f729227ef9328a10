import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { noLogger } from '@fortfail/base';
import { FakeClock } from '@fortfail/base/testing';
import { sql } from 'kysely';
import { afterAll, expect, it } from 'vitest';
import { Changes, systemContext } from '../changes/changes.ts';
import { EventFeed } from '../changes/event-feed.ts';
import type { Database, Engine } from '../database/database.ts';
import { databaseSuite } from '../testing/database-suite.ts';
import { AuditFile } from './audit-file.ts';
import { auditHash, firstPrev } from './audit-record.ts';
import { readHeads, verifyAll, verifyChain, verifyFile } from './verify.ts';

const clock = new FakeClock();
const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

function auditPath(): string {
  const folder = mkdtempSync(join(tmpdir(), 'ff-audit-'));
  folders.push(folder);
  return join(folder, 'audit.log');
}

/** Takes the guards away, as somebody with the database's own rights could. */
async function withoutGuards(database: Database, engine: Engine, statement: string): Promise<void> {
  const drops =
    engine === 'sqlite'
      ? ['drop trigger if exists audit_no_update', 'drop trigger if exists audit_no_delete']
      : ['drop trigger if exists audit_no_change on audit', 'drop trigger if exists audit_no_truncate on audit'];
  await database.transaction(async (tx) => {
    for (const one of [...drops, statement]) await sql.raw(one).execute(tx);
  });
}

const fileOf = async (database: Database, path: string) => verifyFile(database.read, path, await readHeads(database.read));

databaseSuite('the audit chain', (open, engine) => {
  const setUp = async (count: number) => {
    const database = await open();
    const changes = new Changes(database, new EventFeed(database), clock);
    const append = (n: number) =>
      changes.run(systemContext, async (change) =>
        change.audit({ action: 'test.do', object: { kind: 'thing', id: String(n) }, detail: { n } }),
      );
    for (let n = 1; n <= count; n += 1) await append(n);
    return { database, changes, append };
  };

  it('links each record to the one before it by hash', async () => {
    const { database } = await setUp(3);
    await using _database = database;
    const rows = await database.read.selectFrom('audit').selectAll().where('chain', '=', 'main').orderBy('seq').execute();
    expect(rows.map((row) => row.seq)).toEqual([1, 2, 3]);
    let prev = firstPrev;
    for (const row of rows) {
      expect(row.prev).toBe(prev);
      expect(row.hash).toBe(auditHash(row.seq, prev, row.body));
      prev = row.hash;
    }
    expect(await verifyChain(database.read, 'main')).toEqual({
      chain: 'main',
      records: 3,
      head: prev,
      whole: true,
      brokenAt: null,
      reason: null,
    });
  });

  it('leaves no gap when eight writers append at once and some of them roll back', async () => {
    const { database, changes } = await setUp(0);
    await using _database = database;
    const write = async (writer: number) => {
      for (let n = 0; n < 12; n += 1) {
        const done = changes.run(systemContext, async (change) => {
          change.audit({ action: 'test.do', object: { kind: 'thing', id: `${writer}-${n}` } });
          change.audit({ chain: 'access', action: 'test.see', object: { kind: 'thing', id: `${writer}-${n}` } });
          if (n % 5 === 3) throw new RangeError('rolled back');
        });
        await done.catch((error: unknown) => expect(error).toBeInstanceOf(RangeError));
      }
    };
    await Promise.all(Array.from({ length: 8 }, (_, writer) => write(writer)));
    expect(await verifyChain(database.read, 'main')).toMatchObject({ records: 80, whole: true });
    expect(await verifyChain(database.read, 'access')).toMatchObject({ records: 80, whole: true });
  });

  it('keeps personal detail beside the record, which holds its salted digest only', async () => {
    const { database, changes } = await setUp(0);
    await using _database = database;
    await changes.run(systemContext, async (change) =>
      change.audit({ action: 'test.do', object: { kind: 'thing', id: '1' }, personal: { address: '192.0.2.7' } }),
    );
    const row = await database.read.selectFrom('audit').select('body').executeTakeFirstOrThrow();
    expect(row.body).not.toContain('192.0.2.7');
    expect(await database.read.selectFrom('audit_detail').select('detail').executeTakeFirst()).toEqual({
      detail: '{"address":"192.0.2.7"}',
    });
  });

  it('lets nobody change or remove a record', async () => {
    const { database } = await setUp(2);
    await using _database = database;
    const run = (statement: string) => database.transaction((tx) => sql.raw(statement).execute(tx));
    await expect(run(`update audit set body = '{}' where seq = 1`)).rejects.toThrow('never changed');
    await expect(run('delete from audit where seq = 1')).rejects.toThrow('never changed');
    expect(await verifyChain(database.read, 'main')).toMatchObject({ whole: true });
  });

  it('refuses a change without a record', async () => {
    const { database, changes } = await setUp(0);
    await using _database = database;
    await expect(changes.run(systemContext, async () => 1)).rejects.toThrow('without an audit record');
  });

  const forgeries: [string, string, number][] = [
    ['an edited body', `update audit set body = replace(body, '"n":2', '"n":9') where seq = 2 and chain = 'main'`, 2],
    ['a dropped record', `delete from audit where seq = 2 and chain = 'main'`, 2],
    ['a cut end', `delete from audit where seq >= 3 and chain = 'main'`, 3],
    ['a swapped pair', `update audit set seq = case seq when 2 then 103 else 102 end where chain = 'main' and seq in (2, 3)`, 2],
    ['a head set back', `update audit_head set seq = 2 where chain = 'main'`, 4],
    ['an edited hash', `update audit set hash = '${'f'.repeat(64)}' where chain = 'main' and seq = 4`, 4],
  ];
  it.each(forgeries)('names the first record broken by %s', async (_name, statement, brokenAt) => {
    const { database } = await setUp(4);
    await using _database = database;
    await withoutGuards(database, engine, statement);
    const found = await verifyChain(database.read, 'main');
    expect(found).toMatchObject({ whole: false, brokenAt });
    expect(found.reason).not.toBeNull();
  });

  it('has its file follow the table and resume after a torn line', async () => {
    const { database, append } = await setUp(3);
    await using _database = database;
    const path = auditPath();
    await using first = await AuditFile.open(path, database, clock, noLogger);
    await first.flush();
    appendFileSync(path, '{"chain":"main","seq":4,"ev');
    await append(4);
    await append(5);
    await using second = await AuditFile.open(path, database, clock, noLogger);
    await second.flush();
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { seq: number }).seq)).toEqual([1, 2, 3, 4, 5]);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ event: 'test.do', timestamp: clock.now().toISOString() });
    expect(await fileOf(database, path)).toMatchObject({ records: 5, whole: true });
  });

  it('finds what was edited, dropped or added in the file', async () => {
    const { database } = await setUp(4);
    await using _database = database;
    const path = auditPath();
    await using _file = await AuditFile.open(path, database, clock, noLogger);
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
    const write = (changed: string[]) => writeFileSync(path, `${changed.join('\n')}\n`);
    write(lines.map((line, index) => (index === 1 ? line.replace('\\"n\\":2', '\\"n\\":9') : line)));
    expect(await fileOf(database, path)).toMatchObject({ whole: false, brokenAt: 2 });
    write(lines.filter((_line, index) => index !== 2));
    expect(await fileOf(database, path)).toMatchObject({ whole: false, brokenAt: 3 });
    const body = '{"action":"forged","at":"now"}';
    const last = JSON.parse(lines[3] ?? '') as { hash: string };
    write([...lines, JSON.stringify({ chain: 'main', seq: 5, prev: last.hash, body, hash: auditHash(5, last.hash, body) })]);
    expect(await fileOf(database, path)).toMatchObject({ whole: false, brokenAt: 5 });
    write(lines.slice(0, 3));
    expect(await fileOf(database, path)).toMatchObject({ whole: false, brokenAt: 4 });
    write([...lines.slice(0, 2), lines[3] ?? '', lines[2] ?? '']);
    expect(await fileOf(database, path)).toMatchObject({ whole: false, brokenAt: 3 });
    write([lines[0] ?? '', 'not a record', ...lines.slice(1)]);
    expect(await fileOf(database, path)).toMatchObject({ whole: false, brokenAt: 2 });
    rmSync(path);
    expect((await verifyAll(database.read, path, await readHeads(database.read))).result).toMatchObject({ chain: 'file', whole: false });
    write(lines);
    expect((await verifyAll(database.read, path, await readHeads(database.read))).result).toMatchObject({ chain: 'main', whole: true });
  });

  it('takes nothing but a newline for the end of a line', async () => {
    const { database, changes } = await setUp(0);
    await using _database = database;
    await changes.run(systemContext, async (change) =>
      change.audit({ action: 'test.do', object: { kind: 'thing', id: 'a\u2028b\u2029c\u0085\v\r\n' } }),
    );
    const path = auditPath();
    await using _file = await AuditFile.open(path, database, clock, noLogger);
    expect(await fileOf(database, path)).toMatchObject({ records: 1, whole: true });
  });

  it('puts a file of another history aside instead of writing into it', async () => {
    const { database } = await setUp(2);
    await using _database = database;
    const path = auditPath();
    const other = await setUp(5);
    await using _other = other.database;
    await (await AuditFile.open(path, other.database, clock, noLogger))[Symbol.asyncDispose]();
    // The same numbers, another time: the hashes differ.
    await clock.advance(1000);
    const third = await setUp(2);
    await using _third = third.database;
    await using _file = await AuditFile.open(path, third.database, clock, noLogger);
    expect(await fileOf(third.database, path)).toMatchObject({ records: 2, whole: true });
  });

  it('writes again what a crash took from the end of the file', async () => {
    const { database } = await setUp(4);
    await using _database = database;
    const path = auditPath();
    await (await AuditFile.open(path, database, clock, noLogger))[Symbol.asyncDispose]();
    truncateSync(path, Math.floor(readFileSync(path).length / 2));
    await using _file = await AuditFile.open(path, database, clock, noLogger);
    expect(await fileOf(database, path)).toMatchObject({ records: 4, whole: true });
  });
});

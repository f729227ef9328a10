import { appendFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { noLogger } from '@fortfail/base';
import { FakeClock } from '@fortfail/base/testing';
import { sql } from 'kysely';
import { afterAll, expect, it } from 'vitest';
import { verifyChain } from '../audit/verify.ts';
import { systemContext } from '../changes/changes.ts';
import type { Database } from '../database/database.ts';
import { openSqlite } from '../database/sqlite-database.ts';
import { buildServices } from '../orchestrator.ts';
import { databaseSuite } from '../testing/database-suite.ts';
import { backupResult, drillResult, readySite } from '../testing/test-site.ts';
import { copiedTableNames } from './copied-tables.ts';
import { exportCatalog } from './export-catalog.ts';
import { importCatalog } from './import-catalog.ts';

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

function freshFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'ff-copy-'));
  folders.push(folder);
  return folder;
}

async function contents(database: Database): Promise<Record<string, unknown>> {
  const all: Record<string, unknown> = {};
  for (const table of copiedTableNames) {
    const { rows } = await sql<Record<string, unknown>>`select * from ${sql.table(table)}`.execute(database.read);
    all[table] = rows.map((row) => JSON.stringify({ ...row })).sort();
  }
  return all;
}

const exportInto = (database: Database, folder: string) =>
  exportCatalog({ database, folder, madeAt: '2026-11-21T09:00:00.000Z', version: '0.1.0' });

databaseSuite('a copy of the catalog', (open, engine) => {
  /** A site with a bit of everything, and more audit records than one batch. */
  const fullSite = async () => {
    const database = await open();
    const { site, agent, planId } = await readySite(database);
    await site.person('Łucja ✂', [{ role: 'admin', scope: 'site' }]);
    await site.local('POST', `/plans/${planId}/backup`, {});
    const backup = await agent.lease(site);
    await agent.start(backup);
    await agent.succeed(backup, backupResult(7, site.clock.now()));
    await site.local('POST', `/plans/${planId}/drill`, {});
    const drill = await agent.lease(site);
    await agent.start(drill);
    await agent.succeed(drill, drillResult('passed', site.clock.now()));
    for (let n = 0; n < 250; n += 1)
      await site.services.changes.run(systemContext, async (change) =>
        change.audit({ action: 'test.do', object: { kind: 'thing', id: `"\u2028\\${n}` }, personal: { n } }),
      );
    return site;
  };

  it('comes back whole on either engine, with an audit chain that verifies and goes on', async () => {
    await using site = await fullSite();
    const folder = join(freshFolder(), 'copy');
    const manifest = await exportInto(site.services.database, folder);
    expect(manifest.tables.audit?.rows).toBeGreaterThan(250);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(readdirSync(folder).every((name) => (statSync(join(folder, name)).mode & 0o777) === 0o600)).toBe(true);
    const before = await contents(site.services.database);
    for (const target of [await open(), await openSqlite(join(freshFolder(), 'catalog.db'))]) {
      await using database = target;
      const report = await importCatalog(database, folder);
      expect(report.audit.every(({ whole }) => whole)).toBe(true);
      expect(await contents(database)).toEqual(before);
      const services = await buildServices({
        database,
        clock: new FakeClock(),
        logger: noLogger,
        siteName: 'another',
        addresses: site.services.addresses,
      });
      expect(services.site).toEqual(site.services.site);
      await services.changes.run(systemContext, async (change) => {
        change.audit({ action: 'test.after', object: { kind: 'thing', id: '1' } });
        change.event('plan', 'pln_0000000000000001');
      });
      expect(await verifyChain(database.read, 'main')).toMatchObject({ whole: true, records: (manifest.tables.audit?.rows ?? 0) + 1 });
    }
  });

  it('shows one moment while others write', async () => {
    await using site = await fullSite();
    const { database, changes } = site.services;
    await database.snapshot(async (tx) => {
      const count = async () => (await tx.selectFrom('audit').select(tx.fn.countAll<number>().as('n')).executeTakeFirstOrThrow()).n;
      const before = await count();
      await changes.run(systemContext, async (change) => change.audit({ action: 'test.do', object: { kind: 'thing', id: 'x' } }));
      expect(await count()).toBe(before);
    });
  });

  it('lets nobody in who was let in for a while', async () => {
    await using site = await fullSite();
    const folder = join(freshFolder(), 'copy');
    await exportInto(site.services.database, folder);
    for (const table of ['session', 'api_token', 'login_link', 'challenge', 'idempotency'])
      expect(existsSync(join(folder, `${table}.ndjson`))).toBe(false);
  });

  it('refuses a database that is in use and changes nothing in it', async () => {
    await using site = await fullSite();
    const folder = join(freshFolder(), 'copy');
    await exportInto(site.services.database, folder);
    const before = await contents(site.services.database);
    await expect(importCatalog(site.services.database, folder)).rejects.toMatchObject({ kind: 'conflict', code: 'database-not-empty' });
    expect(await contents(site.services.database)).toEqual(before);
  });

  it('imports nothing of a copy that is damaged, of another schema or not there', async () => {
    await using site = await fullSite();
    const folder = join(freshFolder(), 'copy');
    await exportInto(site.services.database, folder);
    await using database = await open();
    const empty = await contents(database);
    const file = join(folder, 'audit.ndjson');
    const whole = readFileSync(file, 'utf8');
    for (const text of [whole.replace('test.do', 'test.no'), whole.slice(0, -200), `${whole}{`, whole.replace(/^.*\n/, '')]) {
      writeFileSync(file, text);
      await expect(importCatalog(database, folder)).rejects.toMatchObject({ kind: 'damaged' });
    }
    writeFileSync(file, whole);
    const manifest = readFileSync(join(folder, 'manifest.json'), 'utf8');
    writeFileSync(join(folder, 'manifest.json'), manifest.replace(/"schema":\s*"[^"]+"/, '"schema":"0999_later"'));
    await expect(importCatalog(database, folder)).rejects.toMatchObject({ kind: 'invalid-input', code: 'catalog-schema' });
    appendFileSync(join(folder, 'manifest.json'), '}');
    await expect(importCatalog(database, folder)).rejects.toMatchObject({ kind: 'damaged' });
    await expect(importCatalog(database, `${folder}-none`)).rejects.toMatchObject({ kind: 'not-found' });
    expect(await contents(database)).toEqual(empty);
  });

  it('leaves no half of itself behind when it breaks off', async () => {
    await using site = await fullSite();
    const parent = freshFolder();
    const signal = AbortSignal.abort(new RangeError('stop'));
    const { database } = site.services;
    await expect(exportCatalog({ database, folder: join(parent, 'copy'), madeAt: 'now', version: '0', signal })).rejects.toThrow('stop');
    expect(readdirSync(parent)).toEqual([]);
    expect(engine).toBe(database.engine);
  });
});

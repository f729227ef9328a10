import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { describeTree, listenAt } from '../testing/index.ts';
import { temporaryFolder } from '../testing/temporary-folder.ts';
import { stageConfig } from './config-stage.ts';

function makeDataFolder(): string {
  const data = temporaryFolder();
  for (const folder of ['run', 'agent/keys', 'agent/outbox', 'repositories/main/data', 'restore', 'scratch', 'certificates']) {
    mkdirSync(`${data}/${folder}`, { recursive: true });
  }
  const files = ['config.json', 'first-login', 'agent/id', 'agent/keys/rep_1.password', 'agent/keys/rep_1.json', 'agent/outbox/1'];
  for (const file of [...files, 'run/lock', 'repositories/main/config', 'scratch/x', 'certificates/ca.pem', 'stray.password']) {
    writeFileSync(`${data}/${file}`, file);
  }
  chmodSync(`${data}/config.json`, 0o600);
  writeFileSync(`${data}/audit.log`, '{"n":1}\n{"n":2}\n{"n":3');
  return data;
}

function openCatalog(data: string): DatabaseSync {
  const catalog = new DatabaseSync(`${data}/catalog.db`);
  catalog.exec(
    "PRAGMA journal_mode = WAL; CREATE TABLE plan (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO plan (name) VALUES ('first')",
  );
  return catalog;
}

describe('stageConfig', () => {
  it('copies what a rebuild needs and never a password', async () => {
    const data = makeDataFolder();
    for (const folder of ['data', 'index', 'keys', 'snapshots']) mkdirSync(`${data}/own-repository/${folder}`, { recursive: true });
    writeFileSync(`${data}/own-repository/config`, 'x');
    const catalog = openCatalog(data);
    const server = await listenAt(`${data}/orchestrator.sock`);
    const stage = await stageConfig({ dataFolder: data });
    await new Promise((resolve) => server.close(resolve));
    expect(stage.folder).toBe(`${data}/config-source`);
    expect(describeTree(stage.folder, { withoutRoot: true }).map(({ path }) => path)).toEqual([
      'agent',
      'agent/id',
      'audit.log',
      'catalog.db',
      'certificates',
      'certificates/ca.pem',
      'config.json',
    ]);
    expect(stage.files).toBe(5);
    expect(readFileSync(`${stage.folder}/audit.log`, 'utf8')).toBe('{"n":1}\n{"n":2}\n');
    expect(statSync(`${stage.folder}/config.json`).mode & 0o777).toBe(0o600);
    expect(statSync(stage.folder).mode & 0o777).toBe(0o700);
    catalog.close();
  });

  it('takes a consistent catalog while a transaction is open, at the same path each time', async () => {
    const data = makeDataFolder();
    const catalog = openCatalog(data);
    await stageConfig({ dataFolder: data });
    catalog.exec("INSERT INTO plan (name) VALUES ('second'); BEGIN; INSERT INTO plan (name) VALUES ('not committed')");
    const stage = await stageConfig({ dataFolder: data });
    catalog.exec('COMMIT');
    catalog.close();
    const copy = new DatabaseSync(`${stage.folder}/catalog.db`, { readOnly: true });
    expect(
      copy
        .prepare('SELECT name FROM plan ORDER BY id')
        .all()
        .map(({ name }) => name),
    ).toEqual(['first', 'second']);
    copy.close();
    expect(readdirSync(data).filter((name) => name.includes('config-source'))).toEqual(['config-source']);
  });

  it('asks for an export when the database is elsewhere, and takes the audit log from where it is', async () => {
    const data = makeDataFolder();
    const elsewhere = `${temporaryFolder()}/wal`;
    writeFileSync(elsewhere, 'line\n');
    const stage = await stageConfig({
      dataFolder: data,
      auditLog: elsewhere,
      exportDatabase: async (folder) => writeFileSync(`${folder}/plan.ndjson`, '{}\n'),
    });
    expect(readFileSync(`${stage.folder}/database/plan.ndjson`, 'utf8')).toBe('{}\n');
    expect(readFileSync(`${stage.folder}/audit.log`, 'utf8')).toBe('line\n');
    expect(readdirSync(stage.folder)).not.toContain('catalog.db');
  });

  it('leaves the last good copy in place when it fails, and no other', async () => {
    const data = makeDataFolder();
    openCatalog(data).close();
    await stageConfig({ dataFolder: data });
    const before = describeTree(`${data}/config-source`);
    writeFileSync(`${data}/catalog.db`, Buffer.alloc(8192, 7));
    await expect(stageConfig({ dataFolder: data })).rejects.toThrow('unable to copy database');
    expect(describeTree(`${data}/config-source`)).toEqual(before);
    expect(readdirSync(data).filter((name) => name.includes('config-source'))).toEqual(['config-source']);
    await expect(stageConfig({ dataFolder: `${data}/agent` })).rejects.toMatchObject({ kind: 'not-found' });
  });
});

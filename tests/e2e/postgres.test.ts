import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EmbeddedPostgres, startPostgres, whyNoPostgres } from '../../apps/orchestrator/src/testing/embedded-postgres.ts';
import { fortfail, freshFolder, jsonLines, must } from '../support/programs.ts';

interface Summary {
  readonly repository: string;
  readonly passwordFile: string;
  readonly restorePoints: readonly { id: string; plan: string; kind: string; snapshot: string; grade: string }[];
  readonly drills: readonly { outcome: string }[];
}

const reason = whyNoPostgres();
if (reason !== undefined) process.stdout.write(`skipped: FortFail on PostgreSQL (${reason})\n`);

describe.skipIf(reason !== undefined)('FortFail on PostgreSQL', () => {
  let server: EmbeddedPostgres;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
  });

  it('protects and proves a folder and itself, and its catalog comes back from a restore point', async () => {
    const folder = freshFolder();
    const tree = join(folder, 'tree');
    mkdirSync(tree);
    for (let index = 0; index < 50; index += 1) writeFileSync(join(tree, `file-${index}`), `file ${index}\n`.repeat(100));
    const data = join(folder, 'data');
    const url = (await server.createDatabase('site')).reveal();
    const env = { DATABASE_URL: url, TZ: 'UTC' };
    const start = ['start', '--once', '--json', '--port', '0', '--data', data, '--protect', tree];
    const outcome = await must(fortfail, start, { env });
    const summary = jsonLines(outcome.stdout).at(-1) as unknown as Summary;
    expect(summary.restorePoints.map(({ kind, grade }) => `${kind} ${grade}`).sort()).toEqual(['config drilled', 'files drilled']);
    expect(summary.drills.map((drill) => drill.outcome)).toEqual(['passed', 'passed']);
    expect(readdirSync(data)).not.toContain('catalog.db');

    const verified = await must(fortfail, ['audit', 'verify', '--json', '--data', data], { env });
    expect(jsonLines(verified.stdout).at(-1)).toMatchObject({ whole: true });

    // The way back: restore the configuration, then import what it holds of the catalog into a new database.
    const point = summary.restorePoints.find(({ kind }) => kind === 'config');
    const back = join(folder, 'back');
    const opening = { RESTIC_REPOSITORY: summary.repository, RESTIC_PASSWORD_FILE: summary.passwordFile };
    await must(fortfail, ['restore', point?.snapshot ?? '', '--target', back], { env: opening });
    const staged = join(back, data, 'config-source');
    expect(readdirSync(join(staged, 'database'))).toContain('manifest.json');
    const again = join(folder, 'again');
    const target = { FORTFAIL_DATA: again, DATABASE_URL: (await server.createDatabase('again')).reveal() };
    const imported = await must(fortfail, ['catalog', 'import', join(staged, 'database'), '--json'], { env: target });
    const manifest = JSON.parse(readFileSync(join(staged, 'database', 'manifest.json'), 'utf8')) as { tables: object };
    expect(jsonLines(imported.stdout).at(-1)).toMatchObject({ whole: true, tables: Object.keys(manifest.tables).length });
    const refused = await must(fortfail, ['catalog', 'import', join(staged, 'database'), '--json'], { env: target }, 21);
    expect(refused.stderr).toContain('the database is in use');
    // And into the embedded database of a new data folder: what was restored, and the keys that are kept elsewhere.
    const embedded = join(folder, 'embedded');
    cpSync(staged, embedded, { recursive: true });
    rmSync(join(embedded, 'database'), { recursive: true });
    cpSync(join(data, 'agent', 'keys'), join(embedded, 'agent', 'keys'), { recursive: true });
    await must(fortfail, ['catalog', 'import', join(staged, 'database'), '--data', embedded]);
    await must(fortfail, ['start', '--once', '--port', '0', '--data', embedded]);
    const whole = await must(fortfail, ['audit', 'verify', '--data', embedded]);
    expect(whole.stdout).not.toContain('BROKEN');
  });
});

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Job } from '@fortfail/protocol';
import { expect, it } from 'vitest';
import { type CatalogManifest, manifestName } from '../catalog-copy/copied-tables.ts';
import type { Database } from '../database/database.ts';
import { databaseSuite } from '../testing/database-suite.ts';
import { backupResult, orderIn, planDraftFor, readySite } from '../testing/test-site.ts';

databaseSuite('a backup of FortFail itself with a database elsewhere', (open) => {
  const setUp = async (database: Database) => {
    const { site, agent, repositoryId } = await readySite(database, { copies: true });
    const draft = planDraftFor(repositoryId, { name: 'fortfail-itself', source: { kind: 'config' } });
    const plan = await site.local<{ id: string }>('POST', '/plans', draft);
    const order = async () => (await site.local<{ job: Job }>('POST', `/plans/${plan.body.id}/backup`)).body.job.id;
    const copies = join(site.folder, 'copies');
    const job = async (id: string) => (await site.local<Job>('GET', `/jobs/${id}`)).body;
    return { site, agent, order, copies, job };
  };

  it('comes with a copy of the catalog, and the next one removes it', async () => {
    const { site, agent, order, copies } = await setUp(await open());
    await using _site = site;
    mkdirSync(join(copies, '.job_0000000000000001-1.tmp'), { recursive: true });
    const id = await order();
    const lease = await agent.next('lease');
    expect(orderIn(lease).payload).toMatchObject({ kind: 'backup', catalogCopy: `${id}-1` });
    expect(readdirSync(copies)).toEqual([`${id}-1`]);
    const manifest = JSON.parse(readFileSync(join(copies, `${id}-1`, manifestName), 'utf8')) as CatalogManifest;
    expect(manifest.tables).toMatchObject({ site: { rows: 1 }, plan: { rows: 2 } });
    await agent.start(lease);
    await agent.succeed(lease, backupResult(5, site.clock.now()));
    const next = await order();
    await agent.next('lease');
    expect(readdirSync(copies)).toEqual([`${next}-1`]);
  });

  it('fails in words when no copy can be made', async () => {
    const { site, agent, order, copies, job } = await setUp(await open());
    await using _site = site;
    writeFileSync(copies, 'a file in the way');
    const id = await order();
    // Settled by the site itself, without the agent.
    while ((await job(id)).endedAt === null) await site.clock.advance(0);
    expect(await job(id)).toMatchObject({ status: 'failed' });
    expect(agent.has('lease')).toBe(false);
  });

  it('is not sent when it was stopped meanwhile', async () => {
    const { site, agent, order, job } = await setUp(await open());
    await using _site = site;
    const id = await order();
    await site.local('POST', `/jobs/${id}/cancel`);
    while ((await job(id)).endedAt === null && !agent.has('lease')) await site.clock.advance(0);
    expect(agent.has('lease') || (await job(id)).status === 'cancelled').toBe(true);
  });
});

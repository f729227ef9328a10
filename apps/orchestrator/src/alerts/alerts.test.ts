import { expect, it } from 'vitest';
import { systemContext } from '../changes/changes.ts';
import { databaseSuite } from '../testing/database-suite.ts';
import { TestSite } from '../testing/test-site.ts';
import { type AlertDraft, endAlert, raiseAlert } from './alerts.ts';

const agent = { kind: 'agent', id: 'agt_0000000000000001' };
const held: AlertDraft = { kind: 'agent-held', severity: 'at-risk', object: agent, sentence: 'host-1 is held.' };

databaseSuite('alerts', (open) => {
  const rows = (site: TestSite) => site.services.database.read.selectFrom('alert').selectAll().orderBy('opened_at').execute();
  const raise = (site: TestSite, draft: AlertDraft) => site.services.changes.run(systemContext, (change) => raiseAlert(change, draft));
  const end = (site: TestSite) =>
    site.services.changes.run(systemContext, (change) => endAlert(change, { kind: 'agent-held', object: agent }));

  it('keeps one open alert for a kind and an object and counts what repeats', async () => {
    const site = await TestSite.open(await open());
    await using _site = site;
    await raise(site, held);
    await site.clock.advance(1000);
    await raise(site, { ...held, sentence: 'host-1 is still held.' });
    await raise(site, { ...held, kind: 'token-reused' });
    const [first, ...others] = await rows(site);
    expect(first).toMatchObject({ count: 2, sentence: 'host-1 is still held.', agent_id: agent.id, plan_id: null, ended_at: null });
    expect(first?.last_at).not.toBe(first?.opened_at);
    expect(others).toHaveLength(1);
  });

  it('raises anew after the end, and ends what is not open without a word', async () => {
    const site = await TestSite.open(await open());
    await using _site = site;
    await raise(site, held);
    await end(site);
    await end(site);
    await site.clock.advance(1000);
    await raise(site, held);
    const all = await rows(site);
    expect(all.map((row) => [row.count, row.ended_at === null])).toEqual([
      [1, false],
      [1, true],
    ]);
  });

  it('takes an acknowledgement back when it gets worse, and only then', async () => {
    const site = await TestSite.open(await open());
    await using _site = site;
    await raise(site, held);
    const acknowledged = { acknowledged_at: '2026-01-01T00:00:00.000Z', acknowledged_by: 'ann' };
    await site.services.database.transaction((tx) => tx.updateTable('alert').set(acknowledged).execute());
    await raise(site, held);
    expect(await rows(site)).toMatchObject([acknowledged]);
    await raise(site, { ...held, severity: 'broken' });
    expect(await rows(site)).toMatchObject([{ acknowledged_at: null, acknowledged_by: null, count: 3 }]);
  });

  it('counts every one of several that are raised at once', async () => {
    const site = await TestSite.open(await open());
    await using _site = site;
    await Promise.all(Array.from({ length: 8 }, () => raise(site, held)));
    expect(await rows(site)).toMatchObject([{ count: 8 }]);
  });
});

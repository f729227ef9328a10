import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Problem, RestorePoint, SealedAnswer } from '@fortfail/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSqlite } from '../database/sqlite-database.ts';
import { backupResult, planDraftFor, readySite, snapshotOf, type TestAgent, type TestSite } from '../testing/test-site.ts';
import { questionsAtOnce } from './handlers/browse-handlers.ts';

let folder: string;
let site: TestSite;
let agent: TestAgent;
let planId: string;
let repositoryId: string;
let points: RestorePoint[];

const backUp = async (n: number, plan = planId): Promise<void> => {
  await site.clock.advance(60_000);
  await site.local('POST', `/plans/${plan}/backup`);
  await agent.succeed(await agent.lease(site), backupResult(n, site.clock.now()));
};

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ff-browse-'));
  ({ site, agent, planId, repositoryId } = await readySite(await openSqlite(join(folder, 'catalog.db'))));
  await backUp(5);
  await backUp(6);
  points = (await site.local<{ items: RestorePoint[] }>('GET', '/restore-points')).body.items;
});
afterEach(async () => {
  await site[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

const session = { recipient: 'age1tab', approval: null };
const pathOf = (point: RestorePoint | undefined): string => `/restore-points/${point?.id}/browse`;
const answer = async (result: unknown, error: { kind: string; code: string; message: string } | null = null) => {
  const { id, question } = await agent.next('ask');
  await agent.send({ type: 'answer', id, ok: error === null, result, error });
  return question;
};
const browse = <T = SealedAnswer>(question: object, point = points[0]) =>
  site.local<T>('POST', pathOf(point), { question, session }, { 'content-type': 'application/json' });

describe('looking into a restore point', () => {
  it('hands what the agent sealed on as it came, and asks with the point’s own snapshot', async () => {
    const asked = browse({ ask: 'list', path: '/etc' });
    const question = await answer({ form: 'sealed', age: '-----BEGIN AGE ENCRYPTED FILE-----\n' });
    expect(question).toMatchObject({
      method: 'browse',
      repository: { id: repositoryId },
      snapshots: [snapshotOf(6)],
      question: { ask: 'list', path: '/etc', cursor: null, limit: 500 },
      session,
    });
    expect(await asked).toMatchObject({ status: 200, body: { form: 'sealed', age: '-----BEGIN AGE ENCRYPTED FILE-----\n' } });
  });

  it('asks for versions with the snapshots of the points named, in their order, and of no other plan', async () => {
    const other = await site.local<{ id: string }>('POST', '/plans', planDraftFor(repositoryId, { name: 'other' }));
    await backUp(7, other.body.id);
    const foreign = (await site.local<{ items: RestorePoint[] }>('GET', `/restore-points?planId=${other.body.id}`)).body.items[0];
    const [newer, older] = points.map((point) => point.id);
    const asked = browse({ ask: 'versions', path: '/etc/a', points: [older, newer, older] });
    const question = await answer({ form: 'open', value: { path: '/etc/a', versions: [] } });
    expect(question).toMatchObject({ snapshots: [snapshotOf(5), snapshotOf(6)], question: { points: [older, newer] } });
    expect((await asked).status).toBe(200);
    const refused = await browse<Problem>({ ask: 'versions', path: '/etc/a', points: [newer, foreign?.id] });
    expect([refused.status, refused.body.code]).toEqual([404, 'no-such-restore-point']);
  });

  it('lets the agent refuse: its reason and its hint reach whoever asked', async () => {
    const asked = browse<Problem>({ ask: 'find', text: 'secret' });
    await answer(null, { kind: 'denied', code: 'approval-needed', message: 'unable to show files without an approval' });
    expect(await asked).toMatchObject({ status: 403, body: { code: 'approval-needed' } });
  });

  it('says where else to look when the agent is not connected, and what no agent of ours would answer', async () => {
    const asked = browse<Problem>({ ask: 'list' });
    await answer({ form: 'plain', names: ['passwd'] });
    expect(await asked).toMatchObject({ status: 503, body: { code: 'agent-answer' } });
    agent.close();
    const cut = await browse<Problem>({ ask: 'list' });
    expect(cut).toMatchObject({ status: 503, body: { code: 'agent-not-connected' } });
    expect(cut.body.hint).toContain('fortfail -r REPOSITORY ls');
  });

  it('answers four questions of one person at once, and others as well meanwhile', async () => {
    const one = await site.person('one', [{ role: 'restorer', scope: 'site' }]);
    const two = await site.person('two', [{ role: 'restorer', scope: 'site' }]);
    const ask = (cookie: string) =>
      site.browser<Problem>('POST', pathOf(points[0]), { cookie, body: { question: { ask: 'list' }, session } });
    const open = Array.from({ length: questionsAtOnce }, () => ask(one.cookie));
    const held = [];
    for (const _ of open) held.push(await agent.next('ask'));
    expect(await ask(one.cookie)).toMatchObject({ status: 429, body: { code: 'too-many-questions' }, headers: { 'retry-after': '1' } });
    const other = ask(two.cookie);
    held.push(await agent.next('ask'));
    const done = { type: 'answer', ok: true, result: { form: 'open', value: {} }, error: null } as const;
    for (const { id } of held) await agent.send({ ...done, id });
    expect((await Promise.all([...open, other])).map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    const again = ask(one.cookie);
    await answer({ form: 'open', value: {} });
    expect((await again).status).toBe(200);
  });

  it('puts each look on record without the path, and keeps no answer for a repeated request', async () => {
    const key = { 'idempotency-key': 'same' };
    const headers = { 'content-type': 'application/json', ...key };
    const body = { question: { ask: 'preview', path: '/etc/shadow' }, session };
    for (const text of ['one', 'two']) {
      const asked = site.local<SealedAnswer>('POST', pathOf(points[0]), body, headers);
      await answer({ form: 'open', value: text });
      expect((await asked).body).toEqual({ form: 'open', value: text });
    }
    const records = await site.services.database.read.selectFrom('audit').selectAll().where('chain', '=', 'access').execute();
    const looks = records.filter(({ body: text }) => text.includes('restore-point.preview'));
    expect(looks).toHaveLength(2);
    for (const { body: text } of looks) expect(text).not.toContain('shadow');
  });

  it('refuses points that are forgotten', async () => {
    await site.services.database.transaction((tx) =>
      tx
        .updateTable('restore_point')
        .set({ forgotten_at: site.clock.now().toISOString() })
        .where('id', '=', points[0]?.id ?? '')
        .execute(),
    );
    expect(await browse<Problem>({ ask: 'list' })).toMatchObject({ status: 409, body: { code: 'point-forgotten' } });
    const [newer, older] = points;
    const asked = browse({ ask: 'versions', path: '/etc/a', points: [newer?.id, older?.id] }, older);
    expect(await answer({ form: 'open', value: {} })).toMatchObject({ snapshots: [snapshotOf(5)], question: { points: [older?.id] } });
    expect((await asked).status).toBe(200);
  });
});

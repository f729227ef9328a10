import { moreAgents } from '@fortfail/console/mock-api';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { axeFindings } from './axe.ts';
import { type Bench, openBench, skipReason, visit } from './harness.ts';
import { isFocused } from './in-page.ts';

describe.skipIf(skipReason)('hosts', () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await openBench();
  });
  afterAll(() => bench?.[Symbol.asyncDispose]());

  test('the title names who is silent, and the menu counts who is heard', async () => {
    await using seen = await visit(bench);
    const { page } = seen;
    await seen.open('/agents');
    await page.getByRole('heading', { level: 1, name: /^1 of 2 hosts are heard; lab-nas is silent since / }).waitFor();
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Agents 1/2' }).waitFor();
    await page.getByLabel('Find a host by name, version or state').fill('silent');
    await expect.poll(() => page.getByRole('table').getByRole('row').count()).toBe(2);
    expect(page.url()).toContain('q=silent');
  });

  test('a host is added by one pasted command, and approved once its six words are the same', async () => {
    await using seen = await visit(bench);
    const { page, api } = seen;
    await seen.open('/agents');
    await page.getByRole('button', { name: 'Add a host…' }).click();
    await page.getByLabel('Works for').selectOption('7 days');
    const make = page.getByRole('button', { name: 'Make the command' });
    expect(await make.getAttribute('aria-disabled')).toBe('true');
    await page.getByLabel(/^Host name/).fill('web-03');
    await make.click();
    await page.getByText(/printf %s 'ffjoin1.*' \| sudo fortfail agent enrol/).waitFor();
    expect(api.orders).toMatchObject([{ route: 'createJoinString', body: { hostname: 'web-03', hours: 168 } }]);
    await page.getByRole('timer').getByText(/^6 d/).waitFor();
    await page.getByText('Waiting for the host to call.').waitFor();
    expect(await axeFindings(page)).toEqual([]);
    const now = Date.now();
    const [fresh] = moreAgents(now);
    if (!fresh) throw new Error('the fixture has no new host');
    api.world.agents.push({ ...fresh, enrolledAt: new Date(now).toISOString() });
    api.changed('agent', fresh.id);
    const steps = page.getByRole('list', { name: 'What has happened' });
    await steps.getByText('web-03 called. Does it show these words itself?').waitFor();
    expect(await steps.getByText('ferry').count()).toBe(1);
    await steps.getByRole('button', { name: 'The same: approve' }).click();
    await steps.getByText(/is one of your hosts now/).waitFor();
    expect(api.orders[1]).toEqual({ route: 'decideAgent', path: { agentId: fresh.id }, body: { decision: 'approve' } });
    expect(seen.faults).toEqual([]);
  });

  test('a site that is not exposed says what to type first', async () => {
    await using seen = await visit(bench);
    const { page, api } = seen;
    api.break('createJoinString', {
      status: 409,
      kind: 'conflict',
      code: 'not-exposed',
      detail: 'unable to make a join string, no other host could reach this site',
      hint: 'Type `fortfail expose --name HOST` first.',
    });
    await seen.open('/agents?add=1');
    await page.getByRole('button', { name: 'Make the command' }).click();
    await page
      .getByRole('alert')
      .getByText(/fortfail expose/)
      .waitFor();
  });

  test('a held host offers each decision with what it does, and a revocation wants the name typed', async () => {
    await using seen = await visit(bench, { prepare: ({ world }) => void world.agents.push(...moreAgents(Date.now())) });
    const { page, api } = seen;
    await seen.open('/agents');
    await page.getByRole('heading', { level: 2, name: 'Needs a decision' }).waitFor();
    await page.getByText(/It came from another machine than before/).waitFor();
    await page.getByRole('button', { name: 'Keep this one… db-02' }).click();
    const keep = page.getByRole('dialog', { name: 'Keep the db-02 that is there now?' });
    await keep.getByText('hollow').waitFor();
    expect(await isFocused(keep.getByRole('button', { name: 'Back' }))).toBe(true);
    expect(await axeFindings(page)).toEqual([]);
    await keep.getByRole('button', { name: 'Keep this one' }).click();
    await keep.waitFor({ state: 'detached' });
    expect(api.orders[0]).toMatchObject({ route: 'decideAgent', body: { decision: 'keep' } });
    await page.getByRole('link', { name: 'app-02' }).click();
    await page.getByRole('heading', { level: 1, name: 'app-02 is heard' }).waitFor();
    await page.getByRole('button', { name: 'Revoke… app-02' }).click();
    const revoke = page.getByRole('dialog', { name: 'Revoke app-02 for good?' });
    await revoke.getByRole('button', { name: 'Revoke' }).click({ force: true });
    expect(api.orders).toHaveLength(1);
    await revoke.getByLabel(/^Type app-02 to go on/).fill('app-02');
    await revoke.getByRole('button', { name: 'Revoke' }).click();
    await page.getByRole('heading', { level: 1, name: 'app-02 is revoked for good' }).waitFor();
    expect(seen.faults).toEqual([]);
  });

  test('the agent beside the orchestrator cannot be revoked, and says so', async () => {
    await using seen = await visit(bench);
    await seen.open('/agents/agt_0000000000000001');
    const revoke = seen.page.getByRole('button', { name: 'Revoke… fort-01' });
    expect(await revoke.getAttribute('aria-disabled')).toBe('true');
    expect(await revoke.getAttribute('title')).toMatch(/beside the orchestrator/);
  });

  test('a viewer sees hosts and is told why nothing can be decided', async () => {
    await using seen = await visit(bench, {
      prepare: ({ world }) => {
        world.me = { ...world.me, roles: ['viewer'] };
      },
    });
    await seen.open('/agents/agt_0000000000000002');
    await seen.page.getByRole('button', { name: 'Hold… lab-nas' }).and(seen.page.getByTitle('This needs the role admin.')).waitFor();
  });

  test('hosts that cannot be read say so and can be tried again', async () => {
    await using seen = await visit(bench);
    const { page, api } = seen;
    api.break('listAgents', { status: 500, kind: 'damaged', code: 'agents-damaged', detail: 'unable to read agents' });
    await seen.open('/agents');
    await page.getByRole('alert').getByText('The hosts could not be read.').waitFor();
    api.mend('listAgents');
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByRole('heading', { level: 1, name: /hosts are heard/ }).waitFor();
  });
});

describe.skipIf(skipReason)('alerts', () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await openBench();
  });
  afterAll(() => bench?.[Symbol.asyncDispose]());

  test('open ones come worst first, are taken by a click, and the menu counts them live', async () => {
    await using seen = await visit(bench);
    const { page, api } = seen;
    await seen.open('/alerts');
    await page.getByRole('heading', { level: 1, name: '3 alerts are open, 2 of them taken by nobody' }).waitFor();
    const menu = page.getByRole('navigation', { name: 'Main' });
    await menu.getByRole('link', { name: 'Alerts 3 open, 2 of them taken by nobody' }).waitFor();
    expect(await page.getByRole('table').getByRole('row').nth(1).textContent()).toMatch(/mail-store|billing-exports/);
    await page.getByRole('button', { name: /^Take it billing-exports/ }).click();
    await page.getByRole('heading', { level: 1, name: '3 alerts are open, 1 of them taken by nobody' }).waitFor();
    expect(api.orders[0]).toMatchObject({ route: 'acknowledgeAlert', path: { alertId: 'alr_0000000000000001' } });
    await page.getByRole('cell', { name: /^Mara/ }).waitFor();
    api.world.site.alerts = api.world.site.alerts.map((alert) => ({ ...alert, endedAt: alert.endedAt ?? new Date().toISOString() }));
    api.changed('alert', 'alr_0000000000000001');
    await page.getByRole('heading', { level: 1, name: 'No alert is open' }).waitFor();
    await page.getByText('Nothing asks for a person now.').waitFor();
    await menu.getByRole('link', { name: 'Alerts', exact: true }).waitFor();
    expect(seen.faults).toEqual([]);
  });

  test('what an agent says in an alert is text and nothing else', async () => {
    await using seen = await visit(bench, {
      prepare: ({ world }) => {
        const [first] = world.site.alerts;
        if (first) first.sentence = '<img src=x onerror=alert(1)> \u202egnp.exe has a wrong key. Look at it.';
      },
    });
    const { page } = seen;
    await seen.open('/alerts');
    await page.getByText('<img src=x onerror=alert(1)> \\u202egnp.exe has a wrong key').first().waitFor();
    expect(await page.locator('main img').count()).toBe(0);
    expect(seen.faults).toEqual([]);
  });
});

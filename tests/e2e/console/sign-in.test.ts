import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { axeFindings } from './axe.ts';
import { type Bench, openBench, skipReason, visit } from './harness.ts';

describe.skipIf(skipReason)('the door', () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await openBench();
  });
  afterAll(() => bench?.[Symbol.asyncDispose]());

  test('a one-time link leaves the address at once, and a password is set before the overview opens', async () => {
    await using seen = await visit(bench, { signedIn: false });
    const { page, api } = seen;
    await seen.open('/sign-in#link=first-login-00000000000000000000');
    await page.getByRole('heading', { level: 1, name: 'Make this console yours' }).waitFor();
    expect(page.url()).toBe(`${api.url}/sign-in`);
    expect(await axeFindings(page)).toEqual([]);
    await page.getByLabel('Password').fill('too short');
    await page.getByText('3 more to go').waitFor();
    const go = page.getByRole('button', { name: 'Set the password and go on' });
    expect(await go.getAttribute('aria-disabled')).toBe('true');
    await page.getByLabel('Name').fill('Ivo');
    await page.getByLabel('Password').fill('correct horse battery');
    await go.click();
    await page.getByRole('heading', { level: 1, name: /would come back as promised/ }).waitFor();
    expect(api.orders.map(({ route }) => route)).toEqual(['signInWithLink', 'changePassword']);
    expect(api.orders[1]?.body).toEqual({ name: 'Ivo', newPassword: 'correct horse battery' });
    expect(seen.faults).toEqual([]);
  });

  test('a used link says so, with the way to another one', async () => {
    await using seen = await visit(bench, { signedIn: false });
    await seen.open(`/sign-in#link=${seen.api.sentinels.usedLink}`);
    const alert = seen.page.getByRole('alert');
    await alert.waitFor();
    expect(await alert.textContent()).toMatch(/This link does not work.*used already.*fortfail login-link.*link-used · request req-/s);
    await seen.page.getByRole('button', { name: 'Sign in with the password' }).waitFor();
  });

  test('a wrong password is told at the form; the right one leads back to where one wanted to go', async () => {
    await using seen = await visit(bench, { signedIn: false });
    const { page, api } = seen;
    await seen.open('/plans/pln_0000000000000004?x=1');
    await page.getByRole('heading', { level: 1, name: 'Sign in to fort-01' }).waitFor();
    await page.getByLabel('Name').fill('Mara');
    await page.getByLabel('Password').fill(api.sentinels.wrongPassword);
    await page.getByLabel('Password').press('Enter');
    await page.getByRole('alert').getByText('You are not signed in.').waitFor();
    await page.getByLabel('Password').fill('correct horse battery');
    await page.getByLabel('Password').press('Enter');
    await page.getByRole('heading', { level: 1, name: 'wiki-pages' }).waitFor();
    expect(page.url()).toBe(`${api.url}/plans/pln_0000000000000004?x=1`);
  });

  test('a session that ends leads to the door with the next answer', async () => {
    await using seen = await visit(bench);
    const { page, api } = seen;
    await seen.open('/plans');
    await page.getByRole('link', { name: 'wiki-pages' }).waitFor();
    api.break('me', { status: 401, kind: 'denied', code: 'not-signed-in', detail: 'unable to answer before you sign in' });
    api.silence();
    await page.getByRole('heading', { level: 1, name: 'Sign in to fort-01' }).waitFor();
    expect(new URL(page.url()).searchParams.get('to')).toBe('/plans');
  });
});

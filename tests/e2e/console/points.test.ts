import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { axeFindings } from './axe.ts';
import { type Bench, openBench, skipReason, type Visit, visit } from './harness.ts';
import { focusedText } from './in-page.ts';

const point = 'rpt_0000000000000bb9';
const files = `/points/${point}/files`;
const settings = `${files}#file=%2Fsrv%2Fwww%2Fwiki%2FLocalSettings.php`;

/** An authenticator of the browser's own, that says yes, with one passkey; answers the passkey's id. */
const addPasskey = async ({ page, context }: Visit): Promise<string> => {
  const devtools = await context.newCDPSession(page);
  await devtools.send('WebAuthn.enable');
  await devtools.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  const made = `navigator.credentials.create({ publicKey: {
    challenge: new Uint8Array(32), rp: { name: 'fort-01' }, pubKeyCredParams: [{ type: 'public-key', alg: -7 }],
    user: { id: new Uint8Array(8), name: 'mara', displayName: 'Mara' },
    authenticatorSelection: { residentKey: 'required', userVerification: 'required' } } }).then((made) => made.id)`;
  return (await page.evaluate(made)) as string;
};

/** The host wants an approval, and knows the passkey from its roster. */
const sealHost = async ({ api, page }: Visit, passkeyId: () => string): Promise<void> => {
  api.looking.isSealed = true;
  api.world.agents = api.world.agents.map((agent) => (agent.hostname === 'fort-01' ? { ...agent, kind: 'remote' } : agent));
  api.world.me = { ...api.world.me, passkeys: [{ id: 'pk', name: 'laptop', createdAt: '2026-11-01T00:00:00Z' }] };
  await page.route('**/api/v1/kit', async (route) => {
    const admins = [{ name: 'Mara', webauthn: { id: passkeyId() }, rights: ['approve'] }];
    // Of the kit the page needs the roster alone.
    const answer = { roster: { text: JSON.stringify({ v: 1, site: 'fort-01', admins }), signature: '' } };
    await route.fulfill({ json: answer });
  });
};

describe.skipIf(skipReason)('the explorer of restore points', () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await openBench();
  });
  afterAll(() => bench?.[Symbol.asyncDispose]());

  test('walks folders by the list, the tree and Back; names of files never leave the browser in an address', async () => {
    await using seen = await visit(bench);
    const { page, api } = seen;
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    await seen.open('/points?plan=pln_0000000000000004');
    await page.getByTitle('Look into this point').first().click();
    await page.getByRole('heading', { level: 1, name: /^wiki-pages as of / }).waitFor();
    const tree = page.getByRole('navigation', { name: 'Folders' });
    await page.getByRole('row').getByRole('link', { name: 'conf', exact: true }).click();
    await page.getByRole('link', { name: 'apache.conf' }).waitFor();
    expect(page.url()).toContain('#at=%2Fsrv%2Fwww%2Fwiki%2Fconf');
    await tree.getByRole('link', { name: 'extensions' }).click();
    await page.getByText('This folder is empty.').waitFor();
    await page.goBack();
    await page.getByRole('link', { name: 'apache.conf' }).waitFor();
    await page.reload();
    await page.getByRole('link', { name: 'apache.conf' }).click();
    await page.getByRole('heading', { level: 2, name: 'apache.conf' }).waitFor();
    expect(asked.filter((url) => new URL(url).pathname.includes('conf') || new URL(url).search.includes('conf'))).toEqual([]);
    expect(api.orders).toEqual([]);
    expect(seen.faults).toEqual([]);
  });

  test('tells the versions of a file, when it was gone, and what changed between two', async () => {
    await using seen = await visit(bench);
    const { page } = seen;
    await seen.open(settings);
    const about = page.getByRole('region', { name: 'About LocalSettings.php' });
    await about.getByText('shown', { exact: true }).waitFor();
    await about.getByText('not in 2').waitFor();
    expect(await about.getByRole('button', { name: /^compare/ }).count()).toBeGreaterThan(3);
    await about
      .getByRole('button', { name: /^compare/ })
      .first()
      .click();
    await about.getByText(/^other bytes, /).waitFor();
    const lines = about.getByRole('region', { name: 'Lines that changed' });
    await lines.getByText('- $wgDBname = "wiki_new";').waitFor();
    await lines.getByText('+ $wgDBname = "wiki";').waitFor();
    expect(page.url()).toContain('&with=rpt_');
    expect(await axeFindings(page)).toEqual([]);
    await about
      .getByRole('link', { name: /\d\d:\d\d/ })
      .nth(1)
      .click();
    await page.waitForURL((url) => !url.pathname.includes(point));
    await about.getByText('shown', { exact: true }).waitFor();
    expect(seen.faults).toEqual([]);
  });

  test('shows text as text, pictures as pictures and the rest as bytes, by what they are', async () => {
    await using seen = await visit(bench);
    const { page } = seen;
    await seen.open(`${settings}&show=preview`);
    await page.getByRole('region', { name: 'Text of LocalSettings.php' }).getByText('$wgDBserver = "app-02";').waitFor();
    await page.getByRole('button', { name: 'As bytes' }).click();
    await page.getByRole('region', { name: 'Bytes of LocalSettings.php' }).getByText('3c 3f 70 68 70').waitFor();
    await seen.open(`${files}#at=%2Fsrv%2Fwww%2Fwiki%2Fuploads&file=%2Fsrv%2Fwww%2Fwiki%2Fuploads%2Fpicture-0001.jpg&show=preview`);
    const picture = page.getByRole('img', { name: 'picture-0001.jpg' });
    await picture.waitFor();
    expect(await page.evaluate('document.querySelector("img.picture").naturalWidth')).toBe(1);
    await seen.open(`${files}#at=%2Fsrv%2Fwww%2Fwiki&file=%2Fsrv%2Fwww%2Fwiki%2Fcomposer.lock&show=preview`);
    await page.getByRole('region', { name: 'Bytes of composer.lock' }).getByText('00000000').waitFor();
    expect(await axeFindings(page)).toEqual([]);
    expect(seen.faults).toEqual([]);
  });

  test('the keyboard chooses rows, walks points, and takes what was chosen to a restore', async () => {
    await using seen = await visit(bench);
    const { page } = seen;
    await seen.open(files);
    await page.getByRole('row').getByRole('link', { name: 'conf', exact: true }).waitFor();
    for (const key of ['j', 'j', 'Space', 'j', 'Space']) await page.keyboard.press(key);
    expect(await focusedText(page)).toBe('extensions');
    await page.getByText('2 chosen').waitFor();
    await page.reload();
    await page.getByText('2 chosen').waitFor();
    await page.getByRole('link', { name: 'Restore 2…' }).click();
    await page.getByRole('heading', { level: 1, name: 'Restore from wiki-pages' }).waitFor();
    await page.getByText('2 chosen').waitFor();
    await page.goBack();
    await page.getByRole('link', { name: 'Restore 2…' }).waitFor();
    await page.keyboard.press('[');
    await page.waitForURL((url) => !url.pathname.includes(point));
    await page.keyboard.press(']');
    await page.waitForURL((url) => url.pathname.includes(point));
  });

  test('sorts by a column and says so', async () => {
    await using seen = await visit(bench);
    const { page } = seen;
    await seen.open(files);
    await page.getByRole('button', { name: 'Size' }).click();
    await page.getByRole('button', { name: /^Size/ }).click();
    await page.getByRole('columnheader', { name: 'Size' }).and(page.locator('[aria-sort=descending]')).waitFor();
    const names = await page.locator('tbody [data-row]').allTextContents();
    expect(names.filter((name) => name.startsWith('composer'))).toEqual(['composer.lock', 'composer.json']);
    expect(page.url()).toContain('sort=-size');
  });

  test('finds names in the points of a plan, and searches older ones on demand', async () => {
    await using seen = await visit(bench);
    const { page } = seen;
    await seen.open(files);
    await page.getByRole('searchbox', { name: 'Find a file in the points of wiki-pages' }).waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('LOCALsettings');
    await page.keyboard.press('Enter');
    await page.getByText(/^1 path in the 5 newest points of \d+\.$/).waitFor();
    expect(page.url()).toMatch(/\/points\?plan=pln_0000000000000004#q=LOCALsettings$/);
    await page.getByRole('button', { name: 'Search 5 older points' }).click();
    await page.getByText(/^1 path in the 10 newest points/).waitFor();
    expect(await axeFindings(page)).toEqual([]);
    await page.getByRole('link', { name: '/srv/www/wiki/LocalSettings.php' }).click();
    await page.getByRole('region', { name: 'About LocalSettings.php' }).waitFor();
    await seen.open('/points?plan=pln_0000000000000004#q=nobody-has-this');
    await page.getByText('Nothing there has “nobody-has-this” in its name.').waitFor();
  });

  test('compares two points folder by folder', async () => {
    await using seen = await visit(bench);
    const { page } = seen;
    await seen.open(files);
    await page.getByLabel('Choose LocalSettings.php').waitFor();
    await page.getByRole('link', { name: 'Compare two…' }).click();
    await page.getByRole('heading', { level: 1, name: 'What changed in wiki-pages' }).waitFor();
    await page.getByText('Nothing in this folder differs.').waitFor();
    await page.getByRole('combobox', { name: 'Older' }).selectOption({ index: 9 });
    const row = page.getByRole('row').filter({ hasText: 'LocalSettings.php' });
    await row.getByText('~ changed').waitFor();
    await page.getByLabel('Show what is the same').check();
    await page.getByRole('row').filter({ hasText: 'composer.json' }).getByText('same').waitFor();
    expect(await axeFindings(page)).toEqual([]);
    await page.getByRole('combobox', { name: 'Older' }).selectOption({ index: 16 });
    await row.getByText('+ came').waitFor();
    await seen.open(`/points/${point}...nothing`);
    await page.getByText('These two cannot be compared.').waitFor();
    expect(seen.faults).toEqual([]);
  });

  test('a host that is far shows nothing before this tab was approved by a passkey, and then seals to it', async () => {
    await using seen = await visit(bench);
    const { page, api } = seen;
    let passkey = '';
    await sealHost(seen, () => passkey);
    await seen.open(files);
    passkey = await addPasskey(seen);
    await page.getByText('fort-01 shows its files once you have approved this tab.').waitFor();
    await page.getByText(/fortfail agent approve amber/).waitFor();
    expect(await axeFindings(page)).toEqual([]);
    const answers: string[] = [];
    page.on('response', async (response) => {
      if (response.url().endsWith('/browse') && response.ok()) answers.push(await response.text());
    });
    await page.getByRole('button', { name: 'Approve with a passkey' }).click();
    await page.getByRole('link', { name: 'LocalSettings.php' }).click();
    await page.getByRole('region', { name: 'About LocalSettings.php' }).getByText('not in 2').waitFor();
    await page.getByText(/answers sealed to this tab; the approval ends in 1[34] m/).waitFor();
    expect(answers.length).toBeGreaterThan(1);
    for (const answer of answers) {
      expect(answer).toContain('BEGIN AGE ENCRYPTED FILE');
      expect(answer).not.toContain('composer');
    }
    expect(JSON.parse(api.looking.approved.at(-1) ?? '')).toMatchObject({
      v: 1,
      site: 'fort-01',
      action: 'browse',
      hosts: [api.world.repository.agentId],
      recipient: expect.stringMatching(/^age1/),
    });
    expect(seen.faults).toEqual([]);
  });

  test('each state says what is so: no passkey, no connection, an answer that was changed, no right', async () => {
    await using seen = await visit(bench);
    const { page, api } = seen;
    api.looking.isSealed = true;
    await seen.open(files);
    await page.getByText('You have no passkey yet. Add one under your name.').last().waitFor();
    api.looking.isSealed = false;
    api.break('browse', {
      status: 503,
      kind: 'unavailable',
      code: 'agent-not-connected',
      detail: 'unable to look into this restore point, the agent that has its key is not connected',
      hint: 'Start that agent.',
    });
    await page.reload();
    await page.getByText('This folder could not be read.').waitFor();
    await page.getByText(/Start that agent\. The point can still be restored as a whole\./).waitFor();
    expect(await axeFindings(page)).toEqual([]);
    api.mend('browse');
    await page.getByRole('button', { name: 'Try again' }).first().click();
    await page.getByRole('link', { name: 'LocalSettings.php' }).waitFor();
    api.silence();
    await page.getByText(/You see /).waitFor({ timeout: 20_000 });
    await page.getByRole('link', { name: 'LocalSettings.php' }).waitFor();
    api.speak();
    api.world.me = { ...api.world.me, roles: ['viewer'] };
    api.break('browse', { status: 403, kind: 'denied', code: 'not-allowed', detail: 'unable to let Mara see-file-names here' });
    await page.reload();
    await page.getByText('The names of files are not shown to you.').waitFor();
    expect(seen.faults).toEqual([]);
  });
});

describe.skipIf(skipReason)('a restore onto another host', () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await openBench();
  });
  afterAll(() => bench?.[Symbol.asyncDispose]());

  const withHost = async (): Promise<Visit> =>
    visit(bench, {
      prepare: ({ world }) => {
        const [near] = world.agents;
        if (near) world.agents.push({ ...near, id: 'agt_0000000000000007', hostname: 'app-02', kind: 'remote' });
      },
    });

  test('says first what that host needs, and waits for its key', async () => {
    await using seen = await withHost();
    const { page, api } = seen;
    await seen.open(`/restores/new?point=${point}`);
    await page.getByRole('radio', { name: /Another host/ }).check();
    await page.getByLabel('Host', { exact: true }).selectOption('app-02');
    const needs = page.getByRole('region', { name: 'What app-02 needs' });
    await needs.getByText('fortfail repo grant main --to agt_0000000000000007').waitFor();
    const askButton = page.getByRole('button', { name: 'Ask app-02 for a proposal' });
    expect(await askButton.getAttribute('title')).toBe('app-02 has no key of this repository yet.');
    await needs.getByRole('button', { name: 'Ask fort-01 for a key…' }).click();
    await needs.getByText(/type the six words there/).waitFor();
    expect(await axeFindings(page)).toEqual([]);
    api.grants.splice(0, 1, ...api.grants.map((grant) => ({ ...grant, status: 'accepted' as const })));
    await page.reload();
    await page.getByRole('radio', { name: /Another host/ }).check();
    await page.getByLabel('Host', { exact: true }).selectOption('app-02');
    await needs.getByText('app-02 has a key of it').waitFor();
    await askButton.click();
    await page.getByRole('heading', { level: 1, name: /is being worked out/ }).waitFor();
    expect(api.orders.at(-1)).toMatchObject({ route: 'proposeRestore', body: { targetAgentId: 'agt_0000000000000007', target: null } });
    api.answerProposal(api.world.restores[0]?.id ?? '');
    await page.getByText(/^app-02 answers: /).waitFor();
    await page.getByText(/^fortfail agent approve( [a-z]+){6}$/).waitFor();
    await page.getByText('Nobody has signed it yet.').waitFor();
    expect(await axeFindings(page)).toEqual([]);
    expect(seen.faults).toEqual([]);
  });
});

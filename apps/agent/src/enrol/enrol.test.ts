import { spawn } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FakeClock } from '@fortfail/base/testing';
import { namespaces, type Roster, rosterText, SigningKey } from '@fortfail/trust';
import { createSiteCa } from '@fortfail/trust/certificates';
import { describe, expect, it } from 'vitest';
import { readSiteFile, type SiteFile } from '../identity/site-file.ts';
import { AgentFixture } from '../testing/agent-fixture.ts';
import { FakeSite } from '../testing/fake-site.ts';
import { acceptIssue, makeAgentRequest, readAgentRequest } from './air-gap.ts';
import { finishEnrolment, stagingOf } from './publish.ts';

const hostMain = fileURLToPath(new URL('../host-main.ts', import.meta.url));

async function both(): Promise<{ fixture: AgentFixture; site: FakeSite } & AsyncDisposable> {
  const [fixture, site] = [new AgentFixture(), await new FakeSite().listen()];
  return {
    fixture,
    site,
    async [Symbol.asyncDispose]() {
      await fixture[Symbol.asyncDispose]();
      await site[Symbol.asyncDispose]();
    },
  };
}

const rosterOf = (site: string, evidence: string[] = []): Roster => ({
  v: 1,
  site,
  serial: 1,
  made: '2026-01-01T00:00:00Z',
  until: '2026-12-31T00:00:00Z',
  ca: [],
  evidence,
  admins: [],
  four_eyes: {},
  revoked: [],
});

const signedRoster = (owner: SigningKey, site = 'site-1') => {
  const text = rosterText(rosterOf(site));
  return { text, signature: owner.sign(text, namespaces.roster) };
};

describe('enrolling a host', () => {
  it('makes keys that only their owner reads, and knows its site by the authority in the join string', async () => {
    await using its = await both();
    const enrolled = await its.fixture.enrol(its.site.joinString());
    expect(enrolled).toMatchObject({
      agentId: its.site.agentId,
      status: 'active',
      wasEnrolled: false,
      site: { name: 'Home', url: its.site.url },
    });
    expect(enrolled.words).toHaveLength(6);
    const { agentFolder } = its.fixture.config;
    for (const name of ['identity.key', 'sealing.key', 'signing.key', 'site.json'])
      expect(statSync(join(agentFolder, name)).mode & 0o777, name).toBe(0o600);
    expect(await readSiteFile(agentFolder)).toMatchObject({
      v: 1,
      siteId: 'site-1',
      generation: 1,
      owner: null,
      ca: its.site.ca.certificate,
    });
    expect(existsSync(stagingOf(agentFolder))).toBe(false);
    expect(readFileSync(join(agentFolder, 'sealing.key'), 'utf8')).toMatch(/^# public key: age1\S+\nAGE-SECRET-KEY-1\S+\n$/);
  });

  it('says so when it is done already, and asks nobody', async () => {
    await using its = await both();
    const first = await its.fixture.enrol(its.site.joinString());
    const again = await its.fixture.enrol(its.site.joinString({ t: 'U'.repeat(27) }));
    expect(again).toEqual({ ...first, wasEnrolled: true });
    expect(its.site.enrolments).toHaveLength(1);
  });

  it('becomes another agent with other keys when told to, and keeps the old sealing key', async () => {
    await using its = await both();
    const { agentFolder } = its.fixture.config;
    const first = await its.fixture.enrol(its.site.joinString());
    writeFileSync(join(agentFolder, 'last-order'), '41\n');
    const old = readFileSync(join(agentFolder, 'sealing.key'), 'utf8');
    const second = await its.fixture.enrol(its.site.joinString({ t: 'U'.repeat(27) }), { replace: true });
    expect(second.words).not.toEqual(first.words);
    expect(existsSync(join(agentFolder, 'last-order'))).toBe(false);
    const kept = readdirSync(agentFolder).filter((name) => /^sealing-\d+\.key$/.test(name));
    expect(kept.map((name) => readFileSync(join(agentFolder, name), 'utf8'))).toEqual([old]);
  });

  it('refuses a site with another authority before it shows its token', async () => {
    await using its = await both();
    const other = await createSiteCa({ siteId: 'site-1', now: new Date() });
    const stranger = its.site.joinString();
    its.site.ca = { ...its.site.ca, certificate: other.certificate };
    await expect(its.fixture.enrol(stranger)).rejects.toMatchObject({ kind: 'denied', code: 'other-authority' });
    expect(its.site.enrolments).toEqual([]);
    expect(await readSiteFile(its.fixture.config.agentFolder)).toBeUndefined();
  });

  it('refuses a join string that is over, mistyped or without TLS beyond this machine', async () => {
    await using its = await both();
    const { fixture, site } = its;
    await expect(fixture.enrol(site.joinString({ x: 1 }))).rejects.toMatchObject({ code: 'join-expired' });
    await expect(fixture.enrol(site.joinString().replace(/T/, 'V'))).rejects.toMatchObject({ kind: 'invalid-input' });
    await expect(fixture.enrol(site.joinString({ u: 'http://ff.example:8000', c: 'system' }))).rejects.toMatchObject({
      code: 'plain-http',
    });
    expect(site.enrolments).toEqual([]);
  });

  it('pins the owner whose fingerprint the join string names, and refuses another one', async () => {
    await using its = await both();
    const [owner, stranger] = [SigningKey.generate(), SigningKey.generate()];
    its.site.roster = signedRoster(stranger);
    const named = its.site.joinString({ o: owner.fingerprint });
    await expect(its.fixture.enrol(named)).rejects.toMatchObject({ code: 'other-owner' });
    its.site.roster = null;
    await expect(its.fixture.enrol(named)).rejects.toMatchObject({ code: 'other-owner' });
    its.site.roster = signedRoster(owner, 'site-2');
    await expect(its.fixture.enrol(named)).rejects.toMatchObject({ code: 'roster-site' });
    expect(await readSiteFile(its.fixture.config.agentFolder)).toBeUndefined();
    its.site.roster = signedRoster(owner);
    expect(await its.fixture.enrol(named)).toMatchObject({ owner: owner.publicLine });
  });

  it('asks again with the same keys when the answer was lost', async () => {
    await using its = await both();
    its.site.losesAnswers = 1;
    const joinString = its.site.joinString();
    await expect(its.fixture.enrol(joinString)).rejects.toMatchObject({ kind: 'unavailable', code: 'site-unreachable' });
    await its.fixture.enrol(joinString);
    const [first, second] = its.site.enrolments as { sealing: string; signing: string }[];
    expect([second?.sealing, second?.signing]).toEqual([first?.sealing, first?.signing]);
  });

  it('finishes what a kill left between any two of its steps', async () => {
    await using its = await both();
    await its.fixture.enrol(its.site.joinString());
    const { agentFolder } = its.fixture.config;
    const whole = ['identity.key', 'sealing.key', 'signing.key'];
    const finished = join(its.fixture.folder, 'finished');
    cpSync(agentFolder, finished, { recursive: true });
    for (let published = 0; published <= whole.length; published += 1) {
      rmSync(agentFolder, { recursive: true });
      mkdirSync(stagingOf(agentFolder), { recursive: true, mode: 0o700 });
      for (const [position, name] of whole.entries())
        cpSync(join(finished, name), join(position < published ? agentFolder : stagingOf(agentFolder), name));
      cpSync(join(finished, 'site.json'), join(stagingOf(agentFolder), 'site.json'));
      expect(await finishEnrolment(agentFolder, new Date()), String(published)).toMatchObject({ agentId: its.site.agentId });
      for (const name of [...whole, 'site.json'])
        expect(readFileSync(join(agentFolder, name), 'utf8'), name).toBe(readFileSync(join(finished, name), 'utf8'));
      expect(existsSync(stagingOf(agentFolder))).toBe(false);
    }
  });

  it('survives a kill while the site answers, and is whole after the next try', async () => {
    await using its = await both();
    const { config } = its.fixture;
    const joinString = its.site.joinString();
    const run = (kill: boolean): Promise<string> =>
      new Promise((resolve) => {
        const child = spawn(process.execPath, [hostMain], {
          env: { PATH: process.env.PATH ?? '', FORTFAIL_DATA: config.dataFolder, FORTFAIL_POLICY: its.fixture.policyPath },
          stdio: ['pipe', 'pipe', 'ignore'],
        });
        let said = '';
        child.stdout.on('data', (part: Buffer) => {
          said += String(part);
        });
        if (kill) void its.site.untilEnrolled().then(() => child.kill('SIGKILL'));
        child.on('close', () => resolve(said));
        child.stdin.end(JSON.stringify({ do: 'enrol', joinString, replace: false }));
      });
    its.site.holdsAnswers = true;
    await run(true);
    its.site.holdsAnswers = false;
    expect(await readSiteFile(config.agentFolder)).toBeUndefined();
    expect(JSON.parse(await run(false))).toMatchObject({ agentId: its.site.agentId, wasEnrolled: false });
    expect(await readSiteFile(config.agentFolder)).toMatchObject({ agentId: its.site.agentId });
  });

  it('does not use keys that other users may read', async () => {
    await using its = await both();
    const { agentFolder } = its.fixture.config;
    await its.fixture.enrol(its.site.joinString());
    chmodSync(join(agentFolder, 'identity.key'), 0o640);
    await expect(its.fixture.start()).rejects.toMatchObject({
      kind: 'denied',
      code: 'secret-mode',
      hint: expect.stringContaining('chmod 600'),
    });
  });
});

describe('enrolling a host without a network', () => {
  const optionsOf = ({ config }: AgentFixture) => ({
    agentFolder: config.agentFolder,
    hostname: 'vault',
    version: '0.0.0',
    clock: new FakeClock(),
  });
  const issueFor = (signing: string, changes: object = {}) => ({
    v: 1,
    kind: 'fortfail-agent-issue',
    signing,
    enrolment: {
      agentId: 'agt_00000000000000bb',
      site: { id: 'site-1', name: 'Home' },
      status: 'active',
      certificate: null,
      ca: null,
      linkKeys: [SigningKey.generate().publicLine],
      generation: 1,
      roster: null,
      ...changes,
    },
    owner: null,
    recovery: null,
    plans: null,
  });

  it('carries a signed request out and an enrolment back', async () => {
    await using fixture = new AgentFixture();
    const { words, ...request } = await makeAgentRequest(optionsOf(fixture));
    expect((await makeAgentRequest(optionsOf(fixture))).words).toEqual(words);
    const read = readAgentRequest(request);
    expect(read.hostname).toBe('vault');
    const accepted = await acceptIssue(issueFor(read.signing), optionsOf(fixture));
    expect(accepted).toMatchObject({ agentId: 'agt_00000000000000bb', words, wasEnrolled: false });
    expect(await readSiteFile(fixture.config.agentFolder)).toMatchObject({ url: '' } satisfies Partial<SiteFile>);
    expect(await acceptIssue(issueFor(read.signing), optionsOf(fixture))).toMatchObject({ wasEnrolled: true });
  });

  it('refuses a request that was changed on its way, and what was issued for another host', async () => {
    await using fixture = new AgentFixture();
    const { words: _, ...request } = await makeAgentRequest(optionsOf(fixture));
    expect(() => readAgentRequest({ ...request, text: request.text.replace('vault', 'fault') })).toThrow(/unable to verify/);
    expect(() => readAgentRequest({})).toThrow(/unable to read a request/);
    const other = SigningKey.generate().publicLine;
    await expect(acceptIssue(issueFor(other), optionsOf(fixture))).rejects.toMatchObject({ code: 'other-host' });
    await expect(acceptIssue({ v: 1 }, optionsOf(fixture))).rejects.toMatchObject({ kind: 'invalid-input' });
  });
});

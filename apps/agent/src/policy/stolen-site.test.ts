import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { noLogger, systemClock } from '@fortfail/base';
import { backup } from '@fortfail/engine';
import type { JobPayload } from '@fortfail/protocol';
import { initRepository } from '@fortfail/repository';
import { openBackend, parseLocation } from '@fortfail/storage';
import { approvalText, namespaces, type Roster, rosterText, SigningKey } from '@fortfail/trust';
import { describe, expect, it } from 'vitest';
import { PasswordFiles } from '../repositories/password-file.ts';
import { RepositoryShelf } from '../repositories/repository-shelf.ts';
import { AgentFixture, jobNumber } from '../testing/agent-fixture.ts';
import type { TestLease } from '../testing/fake-orchestrator.ts';
import { FakeSite } from '../testing/fake-site.ts';
import { Consents } from './consents.ts';

const own = 'rep_0000000000000001';

interface Its extends AsyncDisposable {
  readonly fixture: AgentFixture;
  readonly site: FakeSite;
  readonly reference: { id: string; name: string; location: string };
  readonly snapshot: string;
  /** Orders it, signed by the site's own key; answers how it ended. */
  order(payload: JobPayload): Promise<{ status: string; code: string | undefined; message: string; result: unknown }>;
}

/** A remote host with one repository and one restore point, and a site whose every key is in the wrong hands. */
async function stolen(policy: object = {}): Promise<Its> {
  const fixture = new AgentFixture();
  const site = await new FakeSite().listen();
  fixture.policy(policy);
  await fixture.enrol(site.joinString());
  const { agentFolder, dataFolder } = fixture.config;
  const passwords = new PasswordFiles(agentFolder);
  const { password } = await passwords.ensure(own);
  const location = join(dataFolder, 'repositories', 'main');
  mkdirSync(location, { recursive: true });
  const reference = { id: own, name: 'main', location };
  const secret = join(fixture.folder, 'home');
  mkdirSync(secret);
  writeFileSync(join(secret, 'secret.txt'), 'of this host');
  await using backend = await openBackend(parseLocation(location), { logger: noLogger });
  const options = { hostname: 'h', username: 'u', clock: systemClock };
  const { id: resticId } = await initRepository({ backend, password, ...options, kdf: { N: 2, r: 1, p: 1 } });
  await passwords.writeCard({ ...reference, resticId });
  const shelf = new RepositoryShelf({ passwords, clock: systemClock, logger: noLogger });
  const made = await shelf.use(reference, (repository) =>
    backup(repository, { targets: [secret], tags: ['plan=p'], programVersion: 'fortfail 0.0.0', logger: noLogger, ...options }),
  );
  await fixture.start();
  await site.next('heartbeat');
  let jobs = 0;
  return {
    fixture,
    site,
    reference,
    snapshot: made.snapshotId ?? '',
    async order(payload) {
      jobs += 1;
      const before = site.of('outcome').length;
      site.send({
        type: 'lease',
        jobId: jobNumber(jobs),
        fence: 1,
        attempt: 1,
        kind: payload.kind === ('command' as string) ? 'check' : payload.kind,
        until: '2026-11-21T10:00:00Z',
        payload,
      } as TestLease);
      const { status, error, summary, result } = await site.next('outcome', before);
      return { status, code: error?.code, message: error?.message ?? summary, result };
    },
    async [Symbol.asyncDispose]() {
      await fixture[Symbol.asyncDispose]();
      await site[Symbol.asyncDispose]();
      expect(site.misfits).toEqual([]);
    },
  };
}

const restore = (its: Its, target: string, more: object = {}): Extract<JobPayload, { kind: 'apply-restore' }> => ({
  kind: 'apply-restore',
  repository: its.reference,
  restoreId: 'rst_0000000000000001',
  snapshot: its.snapshot,
  include: [],
  target,
  digest: '0'.repeat(64),
  ...more,
});

async function proposed(its: Its, target: string): Promise<string> {
  const { restoreId, snapshot, include } = restore(its, target);
  const { result } = await its.order({ kind: 'propose-restore', repository: its.reference, restoreId, snapshot, include, target });
  return (result as { proposal: { digest: string } }).proposal.digest;
}

/** All that lies below a folder but for what the agent keeps of its own: names, kinds, links and contents. */
function traceOf(folder: string, without: readonly string[]): string {
  const hash = createHash('sha256');
  const walk = (path: string): void => {
    if (without.includes(path)) return;
    const stat = lstatSync(path);
    hash.update(`${path}\0${stat.mode}\0`);
    if (stat.isDirectory()) for (const name of readdirSync(path).sort()) walk(join(path, name));
    else if (stat.isFile()) hash.update(readFileSync(path));
  };
  walk(folder);
  return hash.digest('hex');
}

describe('consent on the host', () => {
  it('lets one order through that the policy does not: the words it named, given here, used once', async () => {
    await using its = await stolen();
    const target = join(its.fixture.folder, 'elsewhere');
    const digest = await proposed(its, target);
    const refused = await its.order(restore(its, target, { digest }));
    expect(refused).toMatchObject({ status: 'failed', code: 'consent-needed' });
    const consents = new Consents(its.fixture.config.agentFolder, systemClock);
    const [question] = await consents.questions();
    expect(refused.message).toContain(question?.words.join(' '));
    await consents.approve(question?.words ?? []);
    // What was consented to is this restore and no other.
    expect(await its.order(restore(its, join(its.fixture.folder, 'other'), { digest: 'f'.repeat(64) }))).toMatchObject({
      code: 'consent-needed',
    });
    expect(await its.order(restore(its, target, { digest }))).toMatchObject({ status: 'succeeded' });
    expect(readFileSync(join(target, its.fixture.folder, 'home', 'secret.txt'), 'utf8')).toBe('of this host');
    expect(await its.order(restore(its, join(its.fixture.folder, 'elsewhere2'), { digest }))).toMatchObject({ code: 'consent-needed' });
  });

  it('is not needed where an admin of the owner’s roster approved by an SSH key', async () => {
    const [owner, admin, thief] = [SigningKey.generate(), SigningKey.generate(), SigningKey.generate()];
    await using its = await stolen({ owner: owner.publicLine });
    const target = join(its.fixture.folder, 'elsewhere');
    const digest = await proposed(its, target);
    const now = Date.now();
    const at = (ms: number): string => new Date(now + ms).toISOString();
    const roster: Roster = {
      v: 1,
      site: 'site-1',
      serial: 1,
      made: at(-1000),
      until: at(86_400_000),
      ca: [],
      evidence: [],
      admins: [{ name: 'ann', key: admin.publicLine, rights: ['approve'], until: at(86_400_000) }],
      four_eyes: {},
      revoked: [],
    };
    const approve = (key: SigningKey, proposal: string, hosts = [its.site.agentId]) => {
      const text = approvalText({
        v: 1,
        site: 'site-1',
        action: 'restore',
        hosts,
        proposal: `sha256:${proposal}`,
        by: 'ann',
        made: at(-1000),
        until: at(600_000),
      });
      return { by: 'ssh' as const, signed: { text, signature: key.sign(text, namespaces.approval) } };
    };
    const withApproval = (approval: ReturnType<typeof approve>) => its.order(restore(its, target, { digest, approvals: [approval] }));
    expect(await withApproval(approve(admin, digest))).toMatchObject({ code: 'consent-needed' });
    // The roster comes with the next welcome; one that the thief signed is not taken.
    const forged = rosterText({ ...roster, admins: [{ name: 'ann', key: thief.publicLine, rights: ['approve'], until: roster.until }] });
    its.site.roster = { text: forged, signature: thief.sign(forged, namespaces.roster) };
    const hellos = its.site.of('hello').length;
    await its.site.die();
    await its.site.listen();
    await its.site.next('hello', hellos);
    await its.site.until(() => its.site.of('alarm').some(({ kind }) => kind === 'roster-refused'));
    expect(await withApproval(approve(thief, digest))).toMatchObject({ code: 'consent-needed' });
    const text = rosterText(roster);
    its.site.roster = { text, signature: owner.sign(text, namespaces.roster) };
    await its.site.die();
    await its.site.listen();
    await its.site.next('hello', hellos + 1);
    await its.site.next('heartbeat', its.site.of('heartbeat').length);
    expect(await withApproval(approve(thief, digest))).toMatchObject({ code: 'consent-needed' });
    expect(await withApproval(approve(admin, 'e'.repeat(64)))).toMatchObject({ code: 'consent-needed' });
    expect(await withApproval(approve(admin, digest, ['agt_00000000000000ff']))).toMatchObject({ code: 'consent-needed' });
    expect(await withApproval(approve(admin, digest))).toMatchObject({ status: 'succeeded' });
  });
});

describe('a host whose site was stolen', () => {
  it('runs nothing, reads no file and writes nowhere but below its restore root, whatever it is ordered', async () => {
    await using its = await stolen({ paths: ['/nonexistent-folder'] });
    const { folder, config } = its.fixture;
    mkdirSync(config.restoreRoot, { recursive: true });
    symlinkSync(folder, join(config.restoreRoot, 'out'));
    const before = traceOf(folder, [
      config.agentFolder,
      config.restoreRoot,
      config.scratchRoot,
      join(config.dataFolder, 'run'),
      its.reference.location,
    ]);
    const targets = [
      folder,
      join(folder, 'home'),
      join(folder, 'new'),
      '/etc',
      '/',
      config.agentFolder,
      join(config.agentFolder, 'keys', 'x'),
      config.dataFolder,
      join(config.dataFolder, 'new'),
      config.restoreRoot,
      join(config.restoreRoot, '..', 'up'),
      join(config.restoreRoot, 'out', 'through'),
    ];
    const references = [
      its.reference,
      { ...its.reference, location: join(folder, 'home') },
      { ...its.reference, id: 'rep_0000000000000009' },
      { ...its.reference, id: '../../etc/passwd' },
    ];
    const orders: JobPayload[] = [];
    for (const repository of references) {
      for (const target of targets) {
        orders.push({ ...restore(its, target), repository });
        orders.push({ ...restore(its, target), repository, origin: its.site.agentId, include: ['/etc/passwd'] });
      }
      const plan = { planId: 'pln_0000000000000001', planName: 'p', tags: [] };
      for (const path of [folder, '/etc', '/', config.agentFolder])
        orders.push({ kind: 'backup', repository, ...plan, source: { kind: 'files', paths: [path], excludes: [] } });
      orders.push({ kind: 'backup', repository, ...plan, source: { kind: 'config' } });
      orders.push({ kind: 'forget', repository, planId: plan.planId, snapshots: [its.snapshot], keep: null });
      orders.push({ kind: 'initialise', repository: { ...repository, location: join(folder, 'new-repository') } });
      orders.push({ kind: 'initialise', repository: { ...repository, location: config.agentFolder } });
    }
    for (const order of orders) {
      const { status, code } = await its.order(order);
      expect(status, `${JSON.stringify(order)} ended with ${code}`).toBe('failed');
    }
    // Orders that do not even fit the protocol.
    for (const payload of [
      { kind: 'command', text: 'touch /tmp/pwned' },
      { kind: 'backup' },
      { ...restore(its, '/etc'), extra: 1, hook: 'rm' },
    ]) {
      const outcome = await its.order(payload as never);
      expect(outcome.status).toBe('failed');
    }
    const after = traceOf(folder, [
      config.agentFolder,
      config.restoreRoot,
      config.scratchRoot,
      join(config.dataFolder, 'run'),
      its.reference.location,
    ]);
    expect(after).toBe(before);
    expect(readdirSync(config.restoreRoot)).toEqual(['out']);
    expect(readdirSync(join(its.reference.location, 'snapshots'))).toHaveLength(1);
    expect(readFileSync(join(config.agentFolder, 'audit.log'), 'utf8')).toContain('order-refused');
  });

  it('fills its disk no further than its policy says', async () => {
    await using its = await stolen({ restore_quota: '4' });
    const target = join(its.fixture.config.restoreRoot, 'rst_1');
    const digest = await proposed(its, target);
    expect(await its.order(restore(its, target, { digest }))).toMatchObject({ status: 'failed', code: 'restore-quota' });
    expect(readdirSync(its.fixture.config.restoreRoot)).toEqual([]);
  });

  it('alarms when its policy changes, and does nothing while that cannot be trusted', async () => {
    await using its = await stolen();
    const check: JobPayload = { kind: 'check', repository: its.reference, readData: false };
    expect(await its.order(check)).toMatchObject({ status: 'succeeded' });
    its.fixture.policy({ accept: { check: 'refuse' } });
    expect(await its.order(check)).toMatchObject({ status: 'failed', code: 'check-refused' });
    expect((await its.site.next('alarm')).kind).toBe('policy-changed');
    writeFileSync(its.fixture.policyPath, '{');
    expect(await its.order(check)).toMatchObject({ status: 'failed', code: 'policy-invalid' });
    expect(its.site.of('alarm').map(({ kind }) => kind)).toContain('policy-unreadable');
  });
});

import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { approvalText, cardText, grantOrderText, namespaces, rosterText, SigningKey, sealTo, signOrder, textDigest } from '@fortfail/trust';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bareAgent, Host, patienceMs, printed, SiteTalk } from '../support/hosts.ts';
import { childrenEver, filesWith, formsOf, pictureOf } from '../support/hosts-canaries.ts';
import { changed, mutationsOf } from '../support/hosts-mutations.ts';
import { Robot } from '../support/hosts-robot.ts';
import { fortfail, must, type Program } from '../support/programs.ts';
import { BarePart, clientOf } from '../support/replica.ts';
import { until } from '../support/site.ts';

const address = '127.0.7.31';
const sshKeygen: Program = { name: 'ssh-keygen', file: 'ssh-keygen', before: [] };
const evilPassword = 'known to whoever stole the orchestrator';
type Payload = Record<string, unknown> & { readonly kind: string };

/**
 * A real site is set up with an owner, and then everything it holds falls into the wrong hands: its data folder is read, and
 * a robot answers in its place, to the same agent, over TLS with the site's own certificate. Whatever it says, that host runs
 * no program, writes nowhere but where its policy lets restores go, and shows no byte that it was not let to show.
 */
describe('an orchestrator that was stolen with all its keys', () => {
  let folder: string;
  let host: Host;
  let robot: Robot;
  let pid: number;
  let before: Map<string, string>;
  let childrenBefore: string;
  let repository: { id: string; name: string; location: string };
  let planId: string;
  let snapshot: string;
  let sealing: string;
  let admin: SigningKey;
  let evilKey: string;
  const canary = `canary-${randomBytes(8).toString('hex')}`;
  const inside = `inside-${randomBytes(8).toString('hex')}`;
  const at = (...path: string[]): string => join(folder, ...path);
  /** What a restore that the policy lets through may be written into, and the agent's own. */
  const isOwn = (path: string): boolean => path === host.data || path === at('host', 'compiled');
  const stranger = SigningKey.generate();

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'fortfail-stolen-'));
    chmodSync(folder, 0o755);
    plant();
    const environment = { TMPDIR: at('tmp'), HOME: at('home') };
    host = new Host(folder, 'host', { program: bareAgent, env: environment });
    const rules = { v: 1, paths: [at('allowed')], never: [at('allowed', 'never')], selfrun_grace: '99d' };
    writeFileSync(host.policy, JSON.stringify(rules), { mode: 0o644 });
    const site = new BarePart('orchestrator', at('site'), { PORT: '0' });
    await site.start();
    const talk = new SiteTalk(clientOf(site.data));
    const { port } = await talk.client.ask('expose', { body: { names: [address], host: address, port: 0 } });
    const { agentId } = await host.enrol((await talk.joinString()).joinString);
    await host.start();
    await talk.connected(agentId);
    const repositoryId = await talk.repository('main', join(host.data, 'repositories', 'main'), agentId);
    planId = await talk.plan('tree', repositoryId, [at('allowed', 'tree')]);
    await talk.backUp(planId);
    const [found] = (await talk.client.ask('listRepositories', {})).items;
    repository = { id: repositoryId, name: 'main', location: found?.location ?? '' };
    snapshot = (await talk.client.ask('listRestorePoints', { query: { planId } })).items[0]?.snapshot ?? '';
    sealing = (await talk.agent(agentId)).sealing ?? '';
    // A repository that whoever stole the site has brought onto the host, as into a folder for uploads.
    const opening = { RESTIC_REPOSITORY: at('outside', 'evil-repository'), RESTIC_PASSWORD: evilPassword };
    await must(fortfail, ['init'], { env: opening });
    evilKey = readdirSync(at('outside', 'evil-repository', 'keys'))[0] ?? '';
    await must(sshKeygen, ['-q', '-t', 'ed25519', '-N', '', '-C', 'ivo', '-f', at('ivo')]);
    admin = SigningKey.fromOpenSsh(readFileSync(at('ivo'), 'utf8'));
    const kit = ['kit', 'create', '--key-file', at('kit'), '--yes', '--admin-key', at('ivo.pub'), '--data', site.data];
    await must(fortfail, kit, { env: { FORTFAIL_POLICY: at('site-policy.json') } });
    const { owner, recipient, site: known } = await talk.client.ask('getKit', {});
    await host.do(['agent', 'owner', 'set', '--recovery', recipient ?? '', owner ?? '']);
    await talk.agentBecomes(agentId, 'obeying the owner', ({ hasOwner }) => hasOwner);
    await until('it to keep the roster', () => existsSync(join(host.data, 'agent', 'roster.json')) || undefined, patienceMs);
    await site.kill('SIGTERM');
    robot = await Robot.open(site.data, { siteId: known.id, agentId, address, port: port ?? 0 });
    await until('it to come to the robot', () => robot.connections > 0 || undefined, patienceMs);
    pid = host.pid ?? 0;
    before = pictureOf(folder, isOwn);
    childrenBefore = childrenEver(pid);
  }, 240_000);
  afterAll(async () => {
    await host?.kill('SIGTERM');
    await robot?.[Symbol.asyncDispose]();
    if (process.env.FORTFAIL_TEST_KEEP !== '1') rmSync(folder, { recursive: true, force: true });
  }, patienceMs);

  /** What is protected, what lies beside it, and what lies elsewhere under names that somebody might look for. */
  function plant(): void {
    for (const path of ['tmp', 'home/.ssh', 'allowed/tree', 'allowed/never', 'outside/deep', 'outside/secret', 'outside/repo/keys'])
      mkdirSync(at(path), { recursive: true });
    for (let index = 0; index < 20; index += 1) writeFileSync(at('allowed', 'tree', `${index}`), `${inside} ${index}\n`);
    symlinkSync(at('outside', 'deep'), at('allowed', 'tree', 'way'));
    for (const path of [
      'home/.ssh/id_ed25519',
      'allowed/never/kept',
      `outside/secret/${canary}`,
      'outside/repo/config',
      `outside/repo/keys/${'a'.repeat(64)}`,
      'outside/deep/file',
    ])
      writeFileSync(at(path), `${canary} in ${path}\n`, { mode: 0o600 });
    const hook = `#!/bin/sh\ntouch '${at('ran')}'\n`;
    for (const path of ['outside/hook', 'allowed/tree/hook']) writeFileSync(at(path), hook, { mode: 0o755 });
  }

  const drillId = 'drl_00000000000000aa';
  const restoreId = 'rst_00000000000000aa';
  const signedNothing = { text: '{}', signature: 'none' };
  const to = { agentId: 'agt_00000000000000bb', hostname: 'b', identity: 'jkt', sealing: 'age1', signing: 'ssh-ed25519 AAAA' };
  const inRoot = (name: string): string => join(host.data, 'restore', name);

  /** One order of each kind that the host does, or would after somebody's yes. */
  const orders = (): Payload[] => [
    { kind: 'initialise', repository: { id: 'rep_00000000000000ee', name: 'second', location: join(host.data, 'repositories', 'second') } },
    backup([at('allowed', 'tree')]),
    { kind: 'check', repository, readData: true },
    { kind: 'drill', repository, drillId, restorePointId: 'rpt_00000000000000aa', snapshot },
    { kind: 'propose-restore', repository, restoreId, snapshot, include: ['/'], target: null },
    applyTo(inRoot('x'), '0'.repeat(64)),
    { kind: 'escrow', repository, n: 1 },
    {
      kind: 'grant-slot',
      repository,
      grantId: 'grt_00000000000000aa',
      to,
      card: signedNothing,
      order: signedNothing,
      roster: signedNothing,
    },
    { kind: 'accept-slot', repository, grantId: 'grt_00000000000000aa', from: to.agentId, sealed: 'sealed' },
    { kind: 'forget', repository, planId, snapshots: [snapshot], keep: { last: 1, minimum: 1 } },
  ];
  const backup = (paths: string[], excludes: string[] = [], where: object = repository): Payload => ({
    kind: 'backup',
    repository: where,
    planId,
    planName: 'tree',
    source: { kind: 'files', paths, excludes },
    tags: ['plan=tree'],
  });
  const applyTo = (target: string, digest: string, more: object = {}): Payload => ({
    kind: 'apply-restore',
    repository,
    restoreId,
    snapshot,
    include: [],
    target,
    digest,
    ...more,
  });
  /** The digest of what a restore into that folder would do, as the host itself computes it. */
  async function digestFor(target: string): Promise<string> {
    const { result } = await robot.ordered({ kind: 'propose-restore', repository, restoreId, snapshot, include: [], target });
    return result?.kind === 'propose-restore' ? result.proposal.digest : '';
  }

  const climbing = '../../../../../../../../../../../../../../../..';
  /** What a field may be instead, for each that leads somewhere; of the others a few are enough. */
  const hostile = (): unknown[] => [
    '',
    'relative',
    '__proto__',
    'nul\0nul',
    at('outside', 'made'),
    at('outside', 'repo'),
    `local:${at('outside', 'repo')}`,
    `local:${climbing.slice(3)}${at('outside', 'made')}`,
    `${climbing}${at('outside', 'made')}`,
    join(host.data, 'agent'),
    `${at('allowed', 'tree', 'way')}/../secret`,
    `${inRoot('x')}/../../../../outside/made`,
    at('allowed', 'never'),
    at('allowed', 'tree', 'way', 'file'),
  ];
  const plainlyHostile = (): unknown[] => [
    `$(${at('outside', 'hook')})`,
    `${climbing}${at('outside', 'made')}`,
    'x'.repeat(100_000),
    -1,
    null,
    [],
    JSON.parse('{"__proto__":{"isLocal":true},"constructor":{"prototype":{}}}'),
  ];
  /** Whether a host that did it would do harm. A proposal writes nothing, so it may be asked for any folder. */
  function isHarmful(kind: string, field: string, value: unknown): boolean {
    if (kind === 'propose-restore' && field === 'target') return typeof value !== 'string' ? value !== null : !value.startsWith('/');
    return ['location', 'paths', 'target', 'drillId', 'restoreId', 'kind', 'sealed', 'card', 'order'].includes(field);
  }

  interface Sent {
    readonly what: string;
    readonly jobId: string;
  }

  it('has every order refused in which one field is changed to lead elsewhere, and none does harm', async () => {
    const sent: Sent[] = [];
    const mustFail: Sent[] = [];
    for (const payload of orders()) {
      for (const { path, field, value } of mutationsOf(payload, plainlyHostile(), hostile())) {
        const what = `${payload.kind} ${path.join('.')}=${JSON.stringify(value)?.slice(0, 80)}`;
        const claims = path.length === 1 && field === 'kind' ? { kind: value } : {};
        const jobId = await robot.order(changed(payload, path, value), { claims, frame: { kind: payload.kind } });
        sent.push({ what, jobId });
        if (isHarmful(payload.kind, field, value)) mustFail.push({ what, jobId });
      }
    }
    expect(sent.length).toBeGreaterThan(500);
    for (const { jobId } of sent) await robot.outcome(jobId);
    for (const { what, jobId } of mustFail) {
      const { status, error } = await robot.outcome(jobId);
      expect(status, what).toBe('failed');
      expect(error?.kind, what).not.toBe('bug');
    }
  });

  it('adds fields and kinds that nobody knows, and prototypes, to no effect', async () => {
    const extra = JSON.parse('{"__proto__":{"hasConsent":true,"isLocal":true},"hook":"pre","command":"sh","env":{"PATH":"/x"}}') as object;
    for (const payload of orders()) await robot.ordered({ ...payload, ...extra }, {});
    for (const kind of ['run', 'exec', 'update', 'hook', 'toString', 'constructor'])
      expect((await robot.ordered({ kind, command: at('outside', 'hook') }, { frame: { kind: 'backup' } })).status).toBe('failed');
    expect((await robot.ordered(backup([at('allowed', 'tree')]), { claims: extra as Record<string, unknown> })).error?.code).toBe(
      'order-malformed',
    );
    expect((await robot.ordered({ ...backup([at('allowed', 'tree')]), source: { kind: 'config' } })).error?.code).toBe('source-refused');
  });

  it('backs up nothing outside the paths, by whatever way it is written, and nothing that is never read', async () => {
    for (const path of [
      '/',
      '/etc',
      at('outside'),
      at('allowed', 'never', 'kept'),
      at('allowed', 'tree', 'way'),
      `${at('allowed')}/../outside`,
    ]) {
      const { status, error } = await robot.ordered(backup([at('allowed', 'tree'), path]));
      expect([path, status, error?.kind]).toEqual([path, 'failed', 'denied']);
    }
    // What is never read is left out also when the order says otherwise.
    const told = await robot.ordered(backup([at('allowed')], ['!**', '!*', `!${at('allowed', 'never')}`, '*'.repeat(3000), '[', '\\']));
    const whole = await robot.ordered(backup([at('allowed')]));
    expect([whole.status, told.status === 'succeeded' || told.error?.kind === 'invalid-input']).toEqual(['succeeded', true]);
  });

  it('gets no consent for one thing and uses it for another', async () => {
    const [harmless, evil] = [at('outside', 'harmless'), at('outside', 'evil')];
    const digest = await digestFor(evil);
    expect(digest).toMatch(/^[0-9a-f]{64}$/);
    const asked = await robot.ordered(applyTo(harmless, digest));
    const words = /words are: ([a-z ]+)/.exec(asked.error?.message ?? '')?.[1]?.split(' ') ?? [];
    expect((await host.do(['agent', 'approve', ...words])).stdout).toContain(harmless);
    expect((await robot.ordered(applyTo(evil, digest))).error?.code).toBe('consent-needed');
    expect((await robot.ordered(applyTo(harmless, digest))).error?.code).toBe('proposal-stale');
  });

  it('forges no approval, and takes none that was given for something else', async () => {
    const target = at('outside', 'evil');
    const digest = await digestFor(target);
    const now = Date.now();
    const facts = (changes: object): string =>
      approvalText({
        v: 1,
        site: robot.siteId,
        action: 'restore',
        hosts: [robot.agentId],
        proposal: digest,
        by: 'ivo',
        made: new Date(now).toISOString(),
        until: new Date(now + 1_800_000).toISOString(),
        ...changes,
      });
    const by = (key: SigningKey, changes: object = {}, namespace: string = namespaces.approval): object => {
      const text = facts(changes);
      return { by: 'ssh', signed: { text, signature: key.sign(text, namespace) } };
    };
    const [past, long] = [new Date(now - 7_200_000).toISOString(), new Date(now + 86_400_000).toISOString()];
    const forged = [
      by(stranger),
      by(robot.linkKey),
      by(robot.evidenceKey),
      by(admin, { proposal: 'b'.repeat(64) }),
      by(admin, { hosts: ['agt_00000000000000bb'] }),
      by(admin, { action: 'browse' }),
      by(admin, { site: 'other' }),
      by(admin, { made: past, until: new Date(now - 3_600_000).toISOString() }),
      by(admin, { until: long }),
      by(admin, {}, namespaces.grant),
      { by: 'ssh', signed: { text: facts({}), signature: stranger.sign(facts({}), namespaces.approval) } },
      { by: 'webauthn', text: facts({}), assertion: { id: 'x', response: { clientDataJSON: '', authenticatorData: '', signature: '' } } },
    ];
    for (const approval of forged) expect((await robot.ordered(applyTo(target, digest, { approvals: [approval] }))).status).toBe('failed');
    expect((await robot.ordered(applyTo(target, digest, { approvals: forged }))).status).toBe('failed');
  });

  it('gives no key away, and puts none of its own in place', async () => {
    const now = Date.now();
    const until30 = new Date(now + 1_800_000).toISOString();
    const jkt = 'j'.repeat(43);
    const evil = { agentId: 'agt_00000000000000bb', hostname: 'evil', identity: jkt, sealing, signing: stranger.publicLine };
    const card = cardText({
      v: 1,
      site: robot.siteId,
      agent: evil.agentId,
      identity_jkt: jkt,
      sealing,
      signing: stranger.publicLine,
      kind: 'agent',
      not_after: until30,
    });
    const order = grantOrderText({
      v: 1,
      site: robot.siteId,
      action: 'grant',
      repository: repository.id,
      from: robot.agentId,
      to: evil.agentId,
      card: textDigest(card),
      made: new Date(now).toISOString(),
      until: until30,
    });
    const roster = rosterText({
      v: 1,
      site: robot.siteId,
      serial: 99,
      made: new Date(now).toISOString(),
      until: until30,
      ca: [],
      evidence: [robot.evidenceKey.publicLine],
      admins: [{ name: 'eve', key: stranger.publicLine, rights: ['grant', 'approve'], until: until30 }],
      four_eyes: {},
      revoked: [],
    });
    const signed = (text: string, namespace: string) => ({ text, signature: stranger.sign(text, namespace) });
    const forgedRoster = signed(roster, namespaces.roster);
    const grant = { kind: 'grant-slot', repository, grantId: 'grt_00000000000000ab', to: evil, roster: forgedRoster };
    const papers = { card: signed(card, namespaces.card), order: signed(order, namespaces.grant) };
    robot.send({ type: 'roster', roster: forgedRoster });
    expect((await robot.ordered({ ...grant, ...papers })).error?.kind).toBe('denied');
    expect((await robot.ordered({ ...grant, card: null, order: null })).error?.code).toBe('consent-needed');
    expect((await robot.ordered({ ...grant, card: papers.card, order: null })).error?.code).toBe('consent-needed');

    const location = at('outside', 'evil-repository');
    const content = { v: 1, repo: 'x', location, password: evilPassword, key_id: evilKey };
    const sealed = await sealTo([sealing], Buffer.from(JSON.stringify(content)));
    const theirs = { id: 'rep_00000000000000ff', name: 'evil', location };
    const take = { kind: 'accept-slot', repository: theirs, grantId: 'grt_00000000000000ac', sealed };
    expect((await robot.ordered({ ...take, from: robot.agentId })).error?.code).toBe('slot-own');
    expect((await robot.ordered({ ...take, repository, from: evil.agentId })).status).toBe('failed');
    await robot.ordered({ ...take, from: evil.agentId });
    expect((await robot.ordered(backup([at('allowed', 'tree')], [], theirs))).error?.kind).toBe('denied');
    expect((await robot.ordered({ kind: 'escrow', repository: theirs, n: 1 })).error?.kind).toBe('denied');
    const inMain = await robot.ordered({ kind: 'check', repository: { ...repository, location }, readData: false });
    expect(inMain.error?.code).toBe('repository-moved');
  });

  it('finds nobody who obeys what is unsigned, signed by others, meant for others, old, or sent twice', async () => {
    const payload = backup([at('allowed', 'tree')]);
    const none = [{ alg: 'none', typ: 'fortfail-order+jwt' }, payload].map((part) =>
      Buffer.from(JSON.stringify(part)).toString('base64url'),
    );
    for (const order of ['', 'x', 'a.b.c', `${none.join('.')}.`, 'x'.repeat(9_000_000)])
      expect((await robot.ordered(payload, { order })).error?.kind).toBe('denied');
    const past = Math.floor(Date.now() / 1000) - 86_400;
    const codes: [string, object, SigningKey?][] = [
      ['order-key', {}, stranger],
      ['order-key', {}, robot.evidenceKey],
      ['order-audience', { aud: 'agt_00000000000000bb' }],
      ['order-site', { iss: 'other' }],
      ['order-expired', { iat: past - 3600, exp: past }],
      ['order-old', { n: 1 }],
      ['order-old', { n: -1 }],
      ['order-ahead', { n: Number.MAX_SAFE_INTEGER }],
      ['order-frame', { jti: 'job_00000000000000ff' }],
      ['order-frame', { fence: 2 }],
      ['order-frame', { kind: 'check' }],
    ];
    for (const [code, claims, key] of codes)
      expect((await robot.ordered(payload, { claims: { ...claims }, ...(key === undefined ? {} : { key }) })).error?.code).toBe(code);
    const jobId = robot.newJobId();
    const iat = Math.floor(Date.now() / 1000);
    robot.n += 1;
    const claims = {
      iss: robot.siteId,
      aud: robot.agentId,
      jti: jobId,
      n: robot.n,
      kind: 'backup',
      payload,
      fence: 1,
      iat,
      exp: iat + 3600,
    };
    const order = await signOrder(robot.linkKey, claims);
    await robot.order(payload, { order, frame: { jobId } });
    expect((await robot.outcome(jobId)).status).toBe('succeeded');
    expect((await robot.ordered(payload, { order })).error?.code).toBe('order-frame');
    const made = robot.heard.filter((text) => text.includes(jobId) && text.includes('"succeeded"')).length;
    await robot.order(payload, { order, frame: { jobId } });
    await robot.ordered({ kind: 'check', repository, readData: false });
    expect(robot.heard.filter((text) => text.includes(jobId) && text.includes('"succeeded"')).length).toBe(made);
  });

  it('is not believed in what it says besides: plans, heads, welcomes, stops and questions', async () => {
    const iat = Math.floor(Date.now() / 1000);
    const plans = { iss: robot.siteId, aud: robot.agentId, serial: iat + 10, plans: [], iat };
    for (const [claims, key] of [
      [plans, stranger],
      [{ ...plans, aud: 'agt_00000000000000bb' }, robot.linkKey],
      [{ ...plans, iss: 'other' }, robot.linkKey],
      [{ ...plans, serial: Number.MAX_SAFE_INTEGER }, robot.linkKey],
      [{ ...plans, plans: [{ plan: {}, repository }] }, robot.linkKey],
    ] as const)
      robot.send({ type: 'plans', order: await signOrder(key, claims) });
    robot.send({ type: 'plans', order: 'unsigned' });
    const head = (seq: number, key: SigningKey): object => {
      const [hash, made] = ['c'.repeat(64), new Date().toISOString()];
      const text = JSON.stringify({ chain: 'main', hash, made, seq, site: robot.siteId });
      return { type: 'head', head: { chain: 'main', seq, hash, made, signed: { text, signature: key.sign(text, namespaces.auditHead) } } };
    };
    robot.send(head(1, robot.evidenceKey));
    robot.send(head(1_000_000, stranger));
    const evilKeys = { linkKeys: [stranger.publicLine], roster: signedNothing };
    robot.send({ type: 'welcome', agentId: robot.agentId, site: 'x', leaseSeconds: -1, revoked: [], ...evilKeys });
    robot.send({ type: 'welcome', agentId: 'agt_00000000000000bb', site: 'x', leaseSeconds: 1, revoked: [], ...evilKeys });
    robot.send({ type: 'challenge', nonce: 'again', site: 'x' });
    for (const jobId of ['job_0000000000000000', `${climbing}/etc/passwd`, '__proto__']) {
      robot.send({ type: 'cancel', jobId, fence: 1, reason: 'x' });
      robot.send({ type: 'revoked', jobId, fence: 1 });
      robot.send({ type: 'ack', outboxId: jobId });
    }
    for (const text of [
      '',
      'null',
      '[]',
      '{',
      '"x"',
      '{"type":"run"}',
      `{"v":1,"seq":1,"type":"hook","command":"${at('outside', 'hook')}"}`,
      'x'.repeat(5_000_000),
    ])
      robot.sendText(text);
    const session = (approval: unknown = null, recipient = sealing) => ({ recipient, approval });
    const question = { ask: 'preview', path: at('allowed', 'tree', '0'), bytes: 65_536 };
    const list = { ask: 'list', path: at('allowed', 'tree'), cursor: null, limit: 500 };
    const now = Date.now();
    const browse = (key: SigningKey, changes: object): object => {
      const text = approvalText({
        v: 1,
        site: robot.siteId,
        action: 'browse',
        hosts: [robot.agentId],
        recipient: sealing,
        by: 'ivo',
        made: new Date(now).toISOString(),
        until: new Date(now + 600_000).toISOString(),
        ...changes,
      });
      return { by: 'ssh', signed: { text, signature: key.sign(text, namespaces.approval) } };
    };
    const evilRecipient = 'age1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqs3290gq';
    const sessions = [
      session(),
      session(null, ''),
      session(browse(stranger, {})),
      session(browse(robot.linkKey, {})),
      session(browse(admin, {}), evilRecipient),
      session(browse(admin, { hosts: ['agt_00000000000000bb'] })),
      session(browse(admin, { action: 'restore', proposal: 'a'.repeat(64) })),
      session(browse(admin, { until: new Date(now + 3_000_000).toISOString() })),
      session(browse(admin, { paths: ['/elsewhere'] })),
      session({ by: 'webauthn', text: '{}', assertion: {} }),
    ];
    for (const asking of [question, list])
      for (const one of sessions) {
        const answer = await robot.asked({ method: 'browse', repository, snapshots: [snapshot], question: asking, session: one });
        expect([answer.ok, answer.error?.kind, answer.result ?? null]).toEqual([false, 'denied', null]);
      }
    for (const path of ['/', at('allowed', 'tree'), at('outside')])
      expect((await robot.asked({ method: 'list-files', repository, snapshot, path, cursor: null, limit: 10 })).ok).toBe(false);
    expect((await robot.asked({ method: 'witness', chain: `${climbing}/etc/passwd`, limit: 1000 })).result).toEqual({ heads: [] });
    expect((await robot.ordered({ kind: 'check', repository, readData: false })).status).toBe('succeeded');
  });

  it('has started no program, written nothing elsewhere, and learnt not one byte', async () => {
    expect(existsSync(at('ran'))).toBe(false);
    expect(childrenEver(pid)).toBe(childrenBefore);
    const after = pictureOf(folder, isOwn);
    expect([...after].filter(([path, seen]) => before.get(path) !== seen)).toEqual([]);
    expect([...before.keys()].filter((path) => !after.has(path))).toEqual([]);
    const [forms, names] = [formsOf(canary), formsOf(inside)];
    for (const text of [...robot.heard, host.text]) for (const form of [...forms, ...names]) expect(text.includes(form)).toBe(false);
    expect(filesWith(host.data, forms)).toEqual([]);
    const env = {
      RESTIC_REPOSITORY: repository.location,
      RESTIC_PASSWORD_FILE: join(host.data, 'agent', 'keys', `${repository.id}.password`),
    };
    const snapshots = printed<{ id: string; tree: string; paths: string[] }[]>(await must(fortfail, ['snapshots', '--json'], { env }));
    for (const { paths } of snapshots) for (const path of paths) expect(`${path}/`.startsWith(`${at('allowed')}/`)).toBe(true);
    // Of those that could hold anything else, one of each kind.
    const trees = new Map(snapshots.filter(({ paths }) => paths.includes(at('allowed'))).map(({ id, tree }) => [tree, id]));
    expect(trees.size).toBeGreaterThan(0);
    for (const id of trees.values()) {
      const listed = (await must(fortfail, ['ls', id], { env })).stdout.split('\n').filter((line) => line.startsWith('/'));
      const parents = ['allowed', 'allowed/tree'].flatMap((path) =>
        at(path)
          .split('/')
          .map((_, index, parts) => parts.slice(0, index + 1).join('/')),
      );
      const strays = listed.filter((path) => !path.startsWith(`${at('allowed')}/`) && !parents.includes(path));
      expect([strays, listed.filter((path) => path.startsWith(at('allowed', 'never')) || path.includes(canary))]).toEqual([[], []]);
    }
  });

  it('has rung the alarms of the host, which starts again as if nothing had been', async () => {
    const log = readFileSync(join(host.data, 'agent', 'audit.log'), 'utf8')
      .trim()
      .split('\n');
    const kinds = new Set(log.map((line) => (JSON.parse(line) as { kind: string }).kind));
    for (const kind of ['order-refused', 'order-forged', 'consent-needed', 'plans-forged', 'roster-refused', 'witness-differs'])
      expect(kinds).toContain(kind);
    await host.kill();
    const { connections } = robot;
    await host.start();
    await until('it to come back', () => robot.connections > connections || undefined, patienceMs);
    expect((await robot.ordered(backup([at('allowed', 'tree')]))).status).toBe('succeeded');
  });
});

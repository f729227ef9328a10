import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FakeClock } from '@fortfail/base/testing';
import { SigningKey } from '@fortfail/trust';
import { describe, expect, it } from 'vitest';
import type { JobEnd, PerformJob } from '../jobs/job-context.ts';
import { PasswordFiles } from '../repositories/password-file.ts';
import { AgentFixture, backupLease, checkLease, jobNumber } from '../testing/agent-fixture.ts';
import { CuttableWire, FakeSite, type FakeSiteOptions } from '../testing/fake-site.ts';

const done: JobEnd = { status: 'succeeded', result: null, summary: 'done' };

interface Its extends AsyncDisposable {
  readonly fixture: AgentFixture;
  readonly site: FakeSite;
  /** Jobs that were begun, with what ends them. */
  readonly begun: { kind: string; end: () => void }[];
  readonly perform: PerformJob;
}

/** An enrolled host that has one repository, the one that `checkLease` and `backupLease` name. */
async function enrolled(options: FakeSiteOptions = {}, url?: (site: FakeSite) => Promise<string>): Promise<Its> {
  const fixture = new AgentFixture();
  const site = await new FakeSite(options).listen();
  await fixture.enrol(site.joinString(url === undefined ? {} : { u: await url(site) }));
  const passwords = new PasswordFiles(fixture.config.agentFolder);
  await passwords.ensure('rep_0000000000000001');
  await passwords.writeCard({ id: 'rep_0000000000000001', name: 'main', location: '/nowhere', resticId: 'a'.repeat(64) });
  const begun: Its['begun'] = [];
  const perform: PerformJob = (payload, voice) =>
    new Promise((resolve, reject) => {
      voice.signal.addEventListener('abort', () => reject(voice.signal.reason), { once: true });
      begun.push({ kind: payload.kind, end: () => resolve(done) });
    });
  return {
    fixture,
    site,
    begun,
    perform,
    async [Symbol.asyncDispose]() {
      await fixture[Symbol.asyncDispose]();
      await site[Symbol.asyncDispose]();
      expect(site.misfits).toEqual([]);
    },
  };
}

const stateOf = (fixture: AgentFixture): Record<string, unknown> =>
  existsSync(join(fixture.config.agentFolder, 'state.json'))
    ? JSON.parse(readFileSync(join(fixture.config.agentFolder, 'state.json'), 'utf8'))
    : {};

describe.each([
  ['a WebSocket', false],
  ['long polls where a proxy refuses upgrades', true],
])('the link over %s', (_, refusesUpgrades) => {
  it('proves who it is, works on a lease, and tells its outcome once it is acknowledged', async () => {
    await using its = await enrolled({ refusesUpgrades });
    await its.fixture.start(its.perform);
    const hello = await its.site.next('hello');
    expect(hello).toMatchObject({ agentId: its.site.agentId, generation: 1, lastOrder: 0, hasOwner: false, policyDigest: 'built-in' });
    expect(hello.sealing).toMatch(/^age1/);
    expect(hello.signing).toMatch(/^ssh-ed25519 /);
    await its.site.next('heartbeat');
    its.site.send(checkLease(1));
    await its.site.next('started');
    its.begun[0]?.end();
    expect(await its.site.next('outcome')).toMatchObject({ jobId: jobNumber(1), fence: 1, status: 'succeeded' });
    await expect.poll(() => readdirSync(join(its.fixture.config.agentFolder, 'outbox'))).toEqual([]);
    expect(readFileSync(join(its.fixture.config.agentFolder, 'last-order'), 'utf8')).toBe('1\n');
    expect(stateOf(its.fixture)).toMatchObject({ state: 'connected', carrier: refusesUpgrades ? 'long poll' : 'WebSocket' });
  });

  it('keeps results while the site is away and delivers them in order', async () => {
    await using its = await enrolled({ refusesUpgrades });
    await its.fixture.start(async () => done);
    await its.site.next('heartbeat');
    its.site.keepsAcks = true;
    for (const number of [1, 2, 3]) {
      its.site.send(checkLease(number));
      await its.site.next('outcome', number - 1);
    }
    await its.site.die();
    its.site.keepsAcks = false;
    its.site.frames.length = 0;
    await its.site.listen();
    await its.site.until(() => its.site.of('outcome').length >= 3);
    expect(its.site.of('outcome').map(({ jobId }) => jobId)).toEqual([1, 2, 3].map(jobNumber));
    expect((await its.site.next('hello')).lastOrder).toBe(3);
  });

  it('answers by a nonce where the site says that this clock is wrong', async () => {
    await using its = await enrolled({ refusesUpgrades });
    its.site.wantsNonce = refusesUpgrades;
    const clock = new FakeClock(new Date(Date.now() + 10 * 60_000));
    await its.fixture.start(its.perform, clock);
    const greeted = its.site.next('hello');
    let isGreeted = false;
    void greeted.then(() => {
      isGreeted = true;
    });
    while (!isGreeted) {
      await clock.advance(300);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await its.site.next('heartbeat');
  });
});

describe('a remote agent', () => {
  it('goes on with its job while the wire is cut, and tells how it ended when it is mended', async () => {
    let wire: CuttableWire | undefined;
    await using its = await enrolled({}, async (site) => {
      wire = await new CuttableWire(() => site.port).listen();
      return `https://localhost:${wire.port}`;
    });
    its.site.publicPort = wire?.port;
    await its.fixture.start(its.perform);
    await its.site.next('heartbeat');
    its.site.send(backupLease(7, 3));
    await its.site.next('started');
    wire?.cut();
    its.begun[0]?.end();
    await expect.poll(() => readdirSync(join(its.fixture.config.agentFolder, 'outbox'))).toHaveLength(1);
    wire?.mend();
    const hello = await its.site.next('hello', 1);
    expect(hello.jobs).toEqual([{ jobId: jobNumber(7), fence: 3 }]);
    expect(await its.site.next('outcome')).toMatchObject({ jobId: jobNumber(7), fence: 3, status: 'succeeded' });
    await wire?.[Symbol.asyncDispose]();
  });

  it('obeys no order that is forged, foreign, old, over, or not what its frame says, and alarms', async () => {
    await using its = await enrolled();
    await its.fixture.start(its.perform);
    await its.site.next('heartbeat');
    const frames = [
      ['order-key', await its.site.signed(checkLease(1), {}, SigningKey.generate())],
      ['order-audience', await its.site.signed(checkLease(2), { aud: 'agt_00000000000000ff' })],
      ['order-site', await its.site.signed(checkLease(3), { iss: 'site-2' })],
      ['order-expired', await its.site.signed(checkLease(4), { exp: 1_600_000_000 })],
      ['order-old', await its.site.signed(checkLease(5), { n: 0 })],
      ['order-frame', { ...(await its.site.signed(checkLease(6))), jobId: jobNumber(60) }],
      ['order-frame', { ...(await its.site.signed(checkLease(7))), kind: 'forget' as const }],
      ['order-malformed', await its.site.signed(checkLease(8), { payload: { kind: 'command', text: 'rm -rf /' } as never })],
      ['order-malformed', { ...checkLease(9), payload: undefined, order: 'not.a.jws' }],
    ] as const;
    for (const [, frame] of frames) its.site.sendText(JSON.stringify({ v: 1, seq: 1000, ...frame }));
    await its.site.until(() => its.site.of('outcome').length === frames.length);
    expect(its.site.of('outcome').map(({ error }) => error?.code)).toEqual(frames.map(([code]) => code));
    expect(its.site.of('outcome').every(({ status, error }) => status === 'failed' && error?.kind === 'denied')).toBe(true);
    expect(its.begun).toEqual([]);
    expect((await its.site.next('alarm')).kind).toBe('order-forged');
    // One alarm for all of them: whoever may send orders may send many.
    expect(its.site.of('alarm')).toHaveLength(1);
    expect(readFileSync(join(its.fixture.config.agentFolder, 'audit.log'), 'utf8')).toContain('order-forged');
  });

  it('takes each order once, also over a kill: its number is durable before it is obeyed', async () => {
    await using its = await enrolled();
    const first = await its.fixture.start(async () => done);
    await its.site.next('heartbeat');
    const frame = JSON.stringify({ v: 1, seq: 1000, ...(await its.site.signed(checkLease(1))) });
    its.site.sendText(frame);
    await its.site.next('outcome');
    await its.fixture.stop(first);
    await its.fixture.start(its.perform);
    await its.site.next('heartbeat', 1);
    its.site.sendText(frame);
    expect((await its.site.next('outcome', 1)).error?.code).toBe('order-old');
    expect(its.begun).toEqual([]);
  });

  it.each([
    [4403, 'revoked'],
    [4423, 'held'],
    [4425, 'pending'],
    [4409, 'other-instance'],
  ] as const)('is calm when the site closes with %i: it waits long and says why', async (code, standing) => {
    await using its = await enrolled();
    its.site.refusal = code;
    const clock = new FakeClock();
    await its.fixture.start(its.perform, clock);
    await expect.poll(() => stateOf(its.fixture).standing).toBe(standing);
    expect(stateOf(its.fixture)).toMatchObject({ state: 'waiting', sentence: expect.stringMatching(/\.$/) });
    expect(its.site.polls).toBe(0);
  });

  it('works with nobody whose authority is another than the pinned one', async () => {
    await using its = await enrolled();
    await its.site.die();
    its.site.renewsAuthority = true;
    await its.site.listen();
    await its.fixture.start(its.perform);
    await expect.poll(() => stateOf(its.fixture).state).toBe('waiting');
    expect(its.site.frames).toEqual([]);
  });

  it('renews its certificate at two thirds of its life, by one request until it is answered', async () => {
    await using its = await enrolled();
    const { agentFolder } = its.fixture.config;
    const before = JSON.parse(readFileSync(join(agentFolder, 'site.json'), 'utf8'));
    const clock = new FakeClock(new Date(Date.now() + 19 * 86_400_000));
    await its.fixture.start(its.perform, clock);
    await clock.advance(3_600_000);
    expect(its.site.renewals).toEqual([]);
    its.site.wantsNonce = true;
    its.site.losesAnswers = 1;
    clock.jump(new Date(Date.now() + 21 * 86_400_000));
    while (its.site.renewals.length < 2) {
      await clock.advance(600_000);
      await new Promise((resolve) => setImmediate(resolve));
    }
    const [first, second] = its.site.renewals;
    expect(second).toEqual(first);
    await expect.poll(() => JSON.parse(readFileSync(join(agentFolder, 'site.json'), 'utf8')).generation).toBe(2);
    expect(JSON.parse(readFileSync(join(agentFolder, 'site.json'), 'utf8')).certificate).not.toBe(before.certificate);
    await expect.poll(() => existsSync(join(agentFolder, 'renewal.json'))).toBe(false);
    const hellos = its.site.of('hello').length;
    await its.site.die();
    await its.site.listen();
    while (its.site.of('hello').length === hellos) {
      await clock.advance(1000);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(its.site.of('hello').at(-1)?.generation).toBe(2);
  });
});

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FirstApiSite, jwtSecret, registrationSecret } from '../../testing/first-api-site.ts';

const key = new TextEncoder().encode(jwtSecret);
const hour = 3600;

/** Named after what the earlier system let happen, and what cannot happen here. */
describe('with one token', () => {
  let api: FirstApiSite;
  let ann: string;
  let bob: string;
  let pool: string;
  let annJob: string;
  beforeAll(async () => {
    api = await FirstApiSite.open();
    ann = await api.token('ann');
    bob = await api.token('bob');
    pool = await api.token();
    await api.snapshot(ann, 'of-ann', 'ann');
    await api.snapshot(bob, 'of-bob', 'bob');
    await api.snapshot(pool, 'of-pool', 'shared-1');
    annJob = (await api.restore(ann, 'of-ann', 'ann')).body.id;
  });
  afterAll(() => api[Symbol.asyncDispose]());

  it('no agent reads, writes, restores or reports for another', async () => {
    const bytes = Buffer.from('x');
    const tries = [
      await api.call('GET', '/snapshots/of-ann/object', { token: bob }),
      await api.upload(bob, 'of-ann', bytes),
      await api.call('POST', '/snapshots/of-ann/complete', { token: bob, body: {} }),
      await api.register(bob, 'forged', 'ann', bytes),
      await api.restore(bob, 'of-ann', 'bob'),
      await api.restore(bob, 'of-bob', 'ann'),
      await api.restore(bob, 'of-ann', 'ann'),
      await api.commands(bob, 'ann'),
      await api.event(bob, 'ann', annJob, 'restore_completed'),
      await api.event(bob, 'bob', annJob, 'restore_completed'),
    ];
    expect(tries.map(({ status }) => status)).toEqual(new Array(tries.length).fill(403));
    for (const path of [`/restore-jobs/${annJob}`, `/restore-jobs/${annJob}/logs`, '/snapshots/of-ann'])
      expect((await api.call('GET', path, { token: bob })).status).toBe(404);
    expect((await api.call('GET', '/agents', { token: bob })).body).toMatchObject([{ id: 'bob' }]);
    expect((await api.call('GET', '/snapshots', { token: bob })).body).toMatchObject([{ id: 'of-bob' }]);
    expect((await api.call('GET', '/restore-jobs', { token: bob })).body).toEqual([]);
    expect(await api.jobStatus(ann, annJob)).toBe('pending');
  });

  it('a token without agent id drains no queue and takes no agent over', async () => {
    const looked = await api.commands(pool, 'ann');
    expect(looked.body.map(({ payload }) => payload.job_id)).toEqual([annJob]);
    expect((await api.commands(pool, 'ann')).body).toHaveLength(1);
    const bytes = Buffer.from('x');
    expect((await api.register(pool, 'forged', 'ann', bytes)).status).toBe(403);
    expect((await api.upload(pool, 'of-ann', bytes)).status).toBe(403);
    expect((await api.call('GET', '/snapshots/of-ann/object', { token: pool })).status).toBe(403);
    expect((await api.event(pool, 'ann', annJob, 'restore_completed')).status).toBe(403);
    expect((await api.restore(pool, 'of-ann', 'bob')).status).toBe(403);
    expect((await api.restore(pool, 'of-ann', 'shared-1')).status).toBe(403);
    expect((await api.restore(pool, 'of-pool', 'bob')).status).toBe(403);
    // What an operator is for.
    expect((await api.restore(pool, 'of-pool', 'shared-2')).status).toBe(200);
    const back = await api.restore(pool, 'of-bob', 'bob');
    expect(back.status).toBe(200);
    expect((await api.commands(bob, 'bob')).body.map(({ payload }) => payload.job_id)).toEqual([back.body.id]);
    const agents = (await api.call<{ id: string }[]>('GET', '/agents', { token: pool })).body.map(({ id }) => id);
    expect(agents).toEqual(['ann', 'bob', 'shared-1', 'shared-2']);
  });

  it('an operator restores across agents only where that was switched on, and the target reads only while it has the lease', async () => {
    await using cross = await FirstApiSite.open({ crossRestore: true });
    const one = await cross.token('one');
    const two = await cross.token('two');
    const operator = await cross.token();
    const bytes = await cross.snapshot(one, 's', 'one');
    expect((await cross.call('GET', '/snapshots/s/object', { token: two })).status).toBe(403);
    const job = await cross.restore(operator, 's', 'two');
    expect(job.status).toBe(200);
    expect((await cross.call('GET', '/snapshots/s/object', { token: two })).status).toBe(403);
    expect((await cross.commands(two, 'two')).body).toHaveLength(1);
    expect((await cross.call('GET', '/snapshots/s/object', { token: two })).text).toBe(bytes.toString());
    await cross.event(two, 'two', job.body.id, 'restore_completed');
    expect((await cross.call('GET', '/snapshots/s/object', { token: two })).status).toBe(403);
    expect((await cross.restore(two, 's', 'two')).status).toBe(403);
  });

  it('no token is taken that we did not make, that ended, was taken back, or is signed otherwise', async () => {
    const now = Math.floor(api.site.clock.now().getTime() / 1000);
    const make = (claims: object, alg = 'HS256', withKey: Uint8Array = key) =>
      new SignJWT({ aud: 'fortfail-legacy', jti: 'unknown', agent_id: 'ann', exp: now + hour, ...claims })
        .setProtectedHeader({ alg })
        .sign(withKey);
    const none = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from(`{"agent_id":"ann","exp":${now + hour}}`).toString('base64url')}.`;
    const [head, body] = ann.split('.');
    const forged = [
      await make({}),
      await make({ jti: undefined }),
      await make({ jti: undefined, agent_id: undefined }),
      await make({ exp: undefined }),
      await make({}, 'HS512', new TextEncoder().encode(`${jwtSecret}${jwtSecret}`)),
      await make({}, 'HS256', new TextEncoder().encode('dev-jwt-secret-change-in-production')),
      await make({ agent_id: 7 }),
      none,
      `${head}.${body}.`,
      `${head}.${Buffer.from('{"agent_id":"bob"}').toString('base64url')}.${ann.split('.')[2]}`,
      'x',
      '..',
      'ffp_aaaaaaaaaaaa_nothing',
      'ffl_aaaaaaaaaaaa_nothing',
    ];
    for (const token of forged) {
      const answer = await api.call('GET', '/agents', { token });
      expect([answer.status, answer.body.detail]).toEqual([401, 'Invalid token']);
    }
    const absent = await api.call('GET', '/agents');
    expect([absent.status, absent.body.detail]).toEqual([403, 'Not authenticated']);
    await api.site.services.changes.run({ actor: { id: 't', kind: 'system', via: 't' }, request: 'none' }, async (change) => {
      await change.tx.updateTable('legacy_token').set({ revoked_at: change.now }).where('legacy_id', '=', 'bob').execute();
      change.audit({ action: 'token_revoked', object: { kind: 'token', id: 'x' } });
    });
    expect((await api.call('GET', '/agents', { token: bob })).body.detail).toBe('Invalid token');
    bob = (await api.mint({ registration_secret: registrationSecret, agent_id: 'bob' })).body.token;
    expect((await api.call('GET', '/agents', { token: bob })).status).toBe(200);
  });

  it('a token ends after its seven days, and not before', async () => {
    await using short = await FirstApiSite.open();
    const token = await short.token('a');
    await short.site.clock.advance((604_800 - 1) * 1000);
    expect((await short.call('GET', '/agents', { token })).status).toBe(200);
    await short.site.clock.advance(1001);
    const over = await short.call('GET', '/agents', { token });
    expect([over.status, over.body.detail]).toEqual([401, 'Token expired']);
  });

  it('tokens of elsewhere are taken only where that was switched on', async () => {
    const now = Math.floor(api.site.clock.now().getTime() / 1000);
    const foreign = await new SignJWT({ agent_id: 'ann', exp: now + hour }).setProtectedHeader({ alg: 'HS256' }).sign(key);
    expect((await api.call('GET', '/agents', { token: foreign })).status).toBe(401);
    await using open = await FirstApiSite.open({ foreignJwt: true });
    expect((await open.call('GET', '/agents', { token: foreign })).status).toBe(200);
    expect((await open.call('GET', '/agent/bob/commands', { token: foreign })).status).toBe(403);
  });

  it('a token of the first API opens nothing else', async () => {
    for (const path of ['/api/v1/me', '/api/v1/plans', '/api/v1/agents', '/api/v1/audit']) {
      const answer = await api.call('GET', path, { token: ann });
      expect([path, answer.status]).toEqual([path, path.endsWith('/me') ? 401 : expect.any(Number)]);
      expect(answer.status).toBeGreaterThanOrEqual(400);
    }
  });
});

describe('with the shared secret alone', () => {
  it('a claimed id is minted again only by its own secret, its last token, or the same place where that counts', async () => {
    await using api = await FirstApiSite.open({ reach: 'on' });
    const first = await api.mint({ registration_secret: registrationSecret, agent_id: 'a' }, '192.0.2.1');
    expect(first.body.agent_secret).toMatch(/^ffl_/);
    const again = await api.mint({ registration_secret: registrationSecret, agent_id: 'a' }, '192.0.2.1');
    expect([again.status, again.body.detail]).toEqual([403, expect.stringContaining('claimed')]);
    const own = await api.mint({ registration_secret: first.body.agent_secret, agent_id: 'a' }, '192.0.2.9');
    expect([own.status, own.body.agent_secret]).toEqual([200, undefined]);
    expect((await api.mint({ registration_secret: first.body.agent_secret, agent_id: 'b' }, '192.0.2.9')).status).toBe(403);
    expect((await api.mint({ registration_secret: first.body.agent_secret }, '192.0.2.9')).status).toBe(403);
    const previous = await api.mint({ registration_secret: registrationSecret, agent_id: 'a' }, '192.0.2.1', first.body.token);
    expect(previous.status).toBe(200);
    await api.site.clock.advance((604_800 + 29 * 86_400) * 1000);
    expect((await api.mint({ registration_secret: registrationSecret, agent_id: 'a' }, '192.0.2.1', first.body.token)).status).toBe(200);
    await api.site.clock.advance(2 * 86_400_000);
    expect((await api.mint({ registration_secret: registrationSecret, agent_id: 'a' }, '192.0.2.1', first.body.token)).status).toBe(403);
    const alerts = await api.site.services.database.read.selectFrom('alert').selectAll().where('kind', '=', 'claim-refused').execute();
    expect(alerts).toMatchObject([{ count: 2, sentence: expect.stringContaining("agent id 'a'") }]);
  });

  it.each([
    ['off', '192.0.2.1', 403],
    ['same-address', '192.0.2.1', 200],
    ['same-address', '192.0.2.2', 403],
    ['same-network', '192.0.2.2', 200],
    ['same-network', '192.0.3.1', 403],
  ] as const)('with LEGACY_REBIND=%s a second mint from %s answers %i', async (rebind, address, status) => {
    await using api = await FirstApiSite.open({ reach: 'on', rebind });
    await api.token('a', '192.0.2.1');
    expect((await api.mint({ registration_secret: registrationSecret, agent_id: 'a' }, address)).status).toBe(status);
  });

  it('an old client that starts again on the same machine goes on', async () => {
    await using api = await FirstApiSite.open();
    await api.token('a', '127.0.0.1');
    expect((await api.mint({ registration_secret: registrationSecret, agent_id: 'a' }, '::1')).status).toBe(200);
  });

  it('an agent that an administrator holds or revoked gets no token, and the one it has is worth nothing', async () => {
    await using api = await FirstApiSite.open();
    const token = await api.token('a');
    const { items } = (await api.site.local<{ items: { id: string }[] }>('GET', '/agents')).body;
    expect((await api.site.local('POST', `/agents/${items[0]?.id}/decision`, { decision: 'revoke' })).status).toBe(200);
    expect((await api.commands(token, 'a')).status).toBe(401);
    const again = await api.mint({ registration_secret: registrationSecret, agent_id: 'a' });
    expect([again.status, again.body.detail]).toEqual([403, 'This agent is held or revoked']);
  });

  it('neither a pool id, nor a native one, nor the id of one of our agents is ever minted', async () => {
    await using api = await FirstApiSite.open();
    const pool = await api.token();
    await api.snapshot(pool, 's', 'pooled');
    expect((await api.mint({ registration_secret: registrationSecret, agent_id: 'pooled' })).status).toBe(403);
    const { services } = api.site;
    const id = await services.changes.run({ actor: { id: 't', kind: 'system', via: 't' }, request: 'none' }, async (change) => {
      const { claimId } = await import('../../first-api/claims.ts');
      const row = await claimId(change, 'keyed', { claim: 'native', address: null });
      return row.agent_id;
    });
    for (const agent_id of ['keyed', id]) expect((await api.mint({ registration_secret: registrationSecret, agent_id })).status).toBe(403);
  });

  it('nobody guesses it: five wrong ones and the address waits, whatever it sends', async () => {
    await using api = await FirstApiSite.open({ reach: 'on' });
    const statuses: number[] = [];
    for (let tries = 0; tries < 6; tries += 1)
      statuses.push((await api.mint({ registration_secret: `a wrong secret ${tries}` }, '192.0.2.1')).status);
    expect(statuses).toEqual([403, 403, 403, 403, 403, 429]);
    const right = await api.mint({ registration_secret: registrationSecret }, '192.0.2.1');
    expect([right.status, right.body.detail]).toEqual([429, 'Too many wrong secrets, try again later']);
    expect(Number(right.headers['retry-after'])).toBeGreaterThan(0);
    expect((await api.mint({ registration_secret: registrationSecret }, '192.0.2.2')).status).toBe(200);
    await api.site.clock.advance(15 * 60_000);
    expect((await api.mint({ registration_secret: registrationSecret }, '192.0.2.1')).status).toBe(200);
  });

  it('no address floods it: requests are counted and answered 429 with a detail, unless that is switched off', async () => {
    await using api = await FirstApiSite.open({ reach: 'on', perMinute: 60 });
    const statuses: number[] = [];
    for (let n = 0; n < 11; n += 1) statuses.push((await api.mint({ registration_secret: registrationSecret }, '2001:db8::1')).status);
    expect(statuses).toEqual([...new Array(10).fill(200), 429]);
    // The whole network of that address, and no other.
    expect((await api.mint({ registration_secret: registrationSecret }, '2001:db8::2')).body.detail).toBe(
      'Rate limit exceeded: 10 per 1 minute',
    );
    const token = (await api.mint({ registration_secret: registrationSecret }, '2001:db9::1')).body.token;
    const codes = new Set<number>();
    for (let n = 0; n < 70; n += 1) codes.add((await api.call('POST', '/snapshots', { token, body: {}, address: '192.0.2.5' })).status);
    expect([...codes]).toEqual([422, 429]);
    await api.site.clock.advance(60_000);
    expect((await api.call('POST', '/snapshots', { token, body: {}, address: '192.0.2.5' })).status).toBe(422);
    await using off = await FirstApiSite.open({ perMinute: undefined });
    for (let n = 0; n < 30; n += 1) expect((await off.mint({ registration_secret: registrationSecret })).status).toBe(200);
  });
});

describe('a command', () => {
  it('is lost to no crash: without an answer it comes again, and only an event of its agent ends it', async () => {
    await using api = await FirstApiSite.open();
    const token = await api.token('a');
    await api.snapshot(token, 's', 'a');
    const job = (await api.restore(token, 's', 'a')).body.id;
    expect((await api.commands(token, 'a')).body).toHaveLength(1);
    expect((await api.commands(token, 'a')).body).toHaveLength(0);
    await api.site.clock.advance(61_000);
    expect((await api.commands(token, 'a')).body).toHaveLength(1);
    await api.event(token, 'a', job, 'restore_started');
    await api.site.clock.advance(14 * 60_000);
    expect((await api.commands(token, 'a')).body).toHaveLength(0);
    await api.event(token, 'a', job, 'restore_in_progress');
    await api.site.clock.advance(14 * 60_000);
    expect((await api.commands(token, 'a')).body).toHaveLength(0);
    await api.site.clock.advance(2 * 60_000);
    expect((await api.commands(token, 'a')).body).toHaveLength(1);
    await api.event(token, 'a', job, 'restore_failed', { message: 'disk full' });
    await api.site.clock.advance(3_600_000);
    expect((await api.commands(token, 'a')).body).toHaveLength(0);
    expect(await api.jobStatus(token, job)).toBe('failed');
    const row = await api.site.services.database.read.selectFrom('legacy_command').selectAll().executeTakeFirstOrThrow();
    expect([row.status, row.deliveries]).toEqual(['failed', 3]);
  });

  it('goes to one of two that poll at once', async () => {
    await using api = await FirstApiSite.open();
    const token = await api.token('a');
    await api.snapshot(token, 's', 'a');
    for (let n = 0; n < 5; n += 1) await api.restore(token, 's', 'a');
    const polls = await Promise.all([api.commands(token, 'a'), api.commands(token, 'a'), api.commands(token, 'a')]);
    const ids = polls.flatMap(({ body }) => body.map(({ id }) => id));
    expect(ids).toHaveLength(5);
    expect(new Set(ids).size).toBe(5);
  });

  it('of a job that ended never runs back', async () => {
    await using api = await FirstApiSite.open();
    const token = await api.token('a');
    await api.snapshot(token, 's', 'a');
    const job = (await api.restore(token, 's', 'a')).body.id;
    await api.event(token, 'a', job, 'restore_success');
    for (const late of ['restore_started', 'error', 'restore_in_progress']) {
      expect((await api.event(token, 'a', job, late)).status).toBe(200);
      expect(await api.jobStatus(token, job)).toBe('completed');
    }
    // Kept all the same, for whoever looks into it.
    expect((await api.call<object[]>('GET', `/restore-jobs/${job}/logs`, { token })).body).toHaveLength(4);
    expect((await api.event(token, 'a', 'job-of-nobody', 'error')).status).toBe(200);
    expect((await api.event(token, 'a', null, 'heartbeat')).status).toBe(200);
  });
});

describe('a secret', () => {
  it('stands in no log, no audit file and no row', async () => {
    await using api = await FirstApiSite.open();
    const minted = await api.mint({ registration_secret: registrationSecret, agent_id: 'a' });
    const { token, agent_secret: own = '' } = minted.body;
    await api.call('GET', `/agents?token=${token}`, { token });
    await api.call('GET', `/agents?token=${token}`);
    await api.mint({ registration_secret: `${registrationSecret} wrong` });
    await api.site.services.auditFile?.flush();
    const text = readFileSync(join(api.folder, 'audit.log'), 'utf8');
    const tables = ['legacy_agent', 'legacy_token', 'legacy_ticket', 'audit', 'audit_detail'] as const;
    const rows = await Promise.all(tables.map((table) => api.site.services.database.read.selectFrom(table).selectAll().execute()));
    for (const secret of [token, token.split('.')[2] ?? '', own, registrationSecret, jwtSecret])
      for (const place of [text, JSON.stringify(rows)]) expect(place).not.toContain(secret);
    expect(text).toContain('refuse.agent-self');
  });
});

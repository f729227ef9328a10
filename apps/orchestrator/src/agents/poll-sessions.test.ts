import type { OrchestratorFrame } from '@fortfail/protocol';
import { expect, it } from 'vitest';
import { databaseSuite } from '../testing/database-suite.ts';
import { RemoteAgent } from '../testing/remote-agent.ts';
import { TestSite } from '../testing/test-site.ts';
import { PollSessions } from './poll-sessions.ts';
import { provenDoor } from './remote-doors.ts';

const path = '/agent-link/poll';
interface Polled {
  readonly session: string;
  readonly frames: OrchestratorFrame[];
  readonly code: string;
}

databaseSuite('the link by long polls', (open) => {
  const begin = async (agent: RemoteAgent, changes: object = {}) =>
    agent.ask<Polled>('POST', path, { session: null, frames: [{ v: 1, seq: 1, ...agent.hello(), ...changes }], acked: 0 });

  it('carries the same conversation, and repeats what was not acknowledged', async () => {
    await using site = await TestSite.open(await open());
    const agent = await RemoteAgent.enrolled(site);
    const { status, body } = await begin(agent);
    expect(status).toBe(200);
    expect(body.frames.slice(0, 2).map(({ type }) => type)).toEqual(['welcome', 'plans']);
    const last = body.frames.at(-1)?.seq ?? 0;
    const again = await agent.ask<Polled>('POST', path, { session: body.session, frames: [], acked: 0 });
    expect(again.body.frames).toEqual(body.frames);
    const held = agent.ask<Polled>('POST', path, { session: body.session, frames: [], acked: last });
    await site.local('POST', '/repositories', { name: 'main', path: '/repositories/x', agentId: agent.agentId });
    const leased = await held;
    expect(leased.body.frames.map(({ type }) => type)).toContain('lease');
    expect((await site.local('GET', `/agents/${agent.agentId}`)).body).toMatchObject({ connected: true });
  });

  it('takes repeated frames once', async () => {
    await using site = await TestSite.open(await open());
    const agent = await RemoteAgent.enrolled(site);
    const { body } = await begin(agent);
    const acked = body.frames.at(-1)?.seq ?? 0;
    const letter = {
      v: 1,
      seq: 2,
      type: 'alarm',
      outboxId: 'one',
      kind: 'order-refused',
      at: site.clock.now().toISOString(),
      sentence: 'no',
      jobId: null,
    };
    const first = await agent.ask<Polled>('POST', path, { session: body.session, frames: [letter], acked });
    expect(first.body.frames).toMatchObject([{ type: 'ack', outboxId: 'one' }]);
    const repeated = await agent.ask<Polled>('POST', path, { session: body.session, frames: [letter], acked });
    expect(repeated.body.frames).toEqual(first.body.frames);
  });

  it('answers a poll without news after 55 seconds, and one whose caller went away at once', async () => {
    await using site = await TestSite.open(await open());
    const agent = await RemoteAgent.enrolled(site);
    const { hub, clock } = site.services;
    const polls = new PollSessions({
      clock,
      begin: (wire, agentId) => hub.accept(wire, provenDoor({ ...site.services, agentId, refused: async () => undefined })),
    });
    const ask = (request: object, signal = new AbortController().signal) =>
      polls.exchange({ agentId: agent.agentId, session: null, frames: [], acked: 0, ...request }, signal);
    const frame = { v: 1, seq: 1, ...agent.hello() };
    const { session, frames } = await ask({ frames: [{ seq: 1, text: JSON.stringify(frame) }] });
    const acked = (frames.at(-1) as { seq: number }).seq;
    let isAnswered = false;
    const empty = ask({ session, acked }).finally(() => {
      isAnswered = true;
    });
    // It waits from here on.
    await new Promise((resolve) => setImmediate(resolve));
    await site.clock.advance(54_000);
    expect(isAnswered).toBe(false);
    await site.clock.advance(1000);
    expect(await empty).toEqual({ session, frames: [] });
    const gone = new AbortController();
    const left = ask({ session, acked }, gone.signal);
    gone.abort();
    expect((await left).frames).toEqual([]);
    polls.stop();
  });

  it('is of one agent: nobody else goes on with it, and it ends with what its agent is', async () => {
    await using site = await TestSite.open(await open());
    const [agent, other] = [await RemoteAgent.enrolled(site), await RemoteAgent.enrolled(site, 'web2')];
    const { body } = await begin(agent);
    const stolen = await other.ask<Polled>('POST', path, { session: body.session, frames: [], acked: 0 });
    expect([stolen.status, stolen.body.code]).toEqual([404, 'no-such-session']);
    expect((await begin(other, { agentId: agent.agentId })).body.code).toBe('agent-unknown');
    const broken = await agent.ask<Polled>('POST', path, { session: null, frames: [{ v: 1, seq: 1, type: 'surprise' }], acked: 0 });
    expect([broken.status, broken.body.code]).toEqual([400, 'frame-refused']);
    await site.local('POST', `/agents/${agent.agentId}/decision`, { decision: 'revoke' });
    expect((await agent.ask<Polled>('POST', path, { session: body.session, frames: [], acked: 0 })).body.code).toBe('agent-revoked');
    expect((await agent.ask<Polled>('POST', path, { session: 3, frames: [], acked: 0 })).status).toBe(403);
  });

  it('forgets a conversation that nobody polls for', async () => {
    await using site = await TestSite.open(await open());
    const agent = await RemoteAgent.enrolled(site);
    const { body } = await begin(agent);
    await site.clock.advance(76_000);
    const over = await agent.ask<Polled>('POST', path, { session: body.session, frames: [], acked: 0 });
    expect([over.status, over.body.code]).toEqual([404, 'no-such-session']);
    expect((await site.local('GET', `/agents/${agent.agentId}`)).body).toMatchObject({ connected: false });
  });
});

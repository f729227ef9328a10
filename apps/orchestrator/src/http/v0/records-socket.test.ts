import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { FirstApiSite } from '../../testing/first-api-site.ts';

interface Frame {
  readonly event: string;
  readonly [field: string]: unknown;
}

/** A client that keeps what it gets. */
class Listener {
  readonly frames: Frame[] = [];
  readonly socket: WebSocket;
  readonly closed: Promise<{ code: number; reason: string }>;
  #wake: () => void = () => undefined;

  constructor(port: number, query: string, headers: Record<string, string> = {}) {
    this.socket = new WebSocket(`ws://127.0.0.1:${port}/ws${query}`, { headers: { host: 'localhost:8000', ...headers } });
    this.socket.on('message', (data) => {
      this.frames.push(JSON.parse(String(data)) as Frame);
      this.#wake();
    });
    this.closed = new Promise((resolve, reject) => {
      this.socket.on('close', (code, reason) => resolve({ code, reason: String(reason) }));
      this.socket.on('error', reject);
    });
  }

  /** The next frame of that name, which then is taken. */
  async next(event: string): Promise<Frame> {
    for (;;) {
      const index = this.frames.findIndex((frame) => frame.event === event);
      const [frame] = index < 0 ? [] : this.frames.splice(index, 1);
      if (frame !== undefined) return frame;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

describe('live events of the first API', () => {
  let api: FirstApiSite;
  let port: number;
  let ann: string;
  let pool: string;
  const open: Listener[] = [];
  const listen = (query: string, headers: Record<string, string> = {}): Listener => {
    const listener = new Listener(port, query, headers);
    open.push(listener);
    return listener;
  };

  beforeAll(async () => {
    api = await FirstApiSite.open();
    await api.site.app.listen({ port: 0, host: '127.0.0.1' });
    const address = api.site.app.server.address();
    port = typeof address === 'object' && address !== null ? address.port : 0;
    ann = await api.token('ann');
    pool = await api.token();
  });
  afterAll(async () => {
    for (const { socket } of open) socket.terminate();
    await api[Symbol.asyncDispose]();
  });

  it('begin with a welcome, bring each record as it is written, and send text back', async () => {
    const listener = listen('', { authorization: `Bearer ${pool}` });
    expect(Object.keys(await listener.next('connected'))).toEqual(['event', 'message']);
    const bytes = await api.snapshot(ann, 's1', 'ann');
    expect(await listener.next('snapshot_created')).toMatchObject({ snapshot_id: 's1', agent_id: 'ann', timestamp: expect.any(String) });
    expect(await listener.next('snapshot_uploaded')).toMatchObject({ snapshot_id: 's1', size: bytes.length });
    const job = (await api.restore(ann, 's1', 'ann')).body.id;
    expect(await listener.next('restore_job_created')).toMatchObject({ job_id: job, target_agent_id: 'ann' });
    await api.event(ann, 'ann', job, 'restore_started', { metadata: { a: 1 } });
    expect(await listener.next('agent_event')).toMatchObject({ event_type: 'restore_started', job_id: job, metadata: { a: 1 } });
    listener.socket.send('hello there');
    expect(await listener.next('echo')).toEqual({ event: 'echo', data: 'hello there' });
  });

  it('show nothing at all to whoever has no good token', async () => {
    const expired = 'eyJhbGciOiJIUzI1NiJ9.e30.x';
    for (const [query, headers] of [
      ['', {}],
      ['?token=', {}],
      [`?token=${expired}`, {}],
      ['?token=fft_000000000000_0000000000000000000000000000000000000000000000000', {}],
      ['?token=ffp_000000000000_x', {}],
      ['', { authorization: 'Bearer nothing' }],
      // Behind a proxy of this machine a token in the address ends up in its log.
      [`?token=${ann}`, { 'x-forwarded-for': '192.0.2.1' }],
    ] as const) {
      const listener = listen(query, headers);
      const { code, reason } = await listener.closed;
      expect([query, code, listener.frames]).toEqual([query, 1008, []]);
      expect(reason).not.toBe('');
    }
    const plain = await api.call('GET', '/ws');
    expect([plain.status, plain.body.detail]).toEqual([426, 'This path speaks WebSocket']);
  });

  it('take a ticket once and for half a minute, and a token in the address from this machine only', async () => {
    const ticket = async () => (await api.call<{ ticket: string }>('POST', '/auth/ws-ticket', { token: ann, body: {} })).body.ticket;
    const one = await ticket();
    expect(one).toMatch(/^fft_/);
    await listen(`?token=${one}`).next('connected');
    expect((await listen(`?token=${one}`).closed).code).toBe(1008);
    const late = await ticket();
    await api.site.clock.advance(31_000);
    expect((await listen(`?token=${late}`).closed).code).toBe(1008);
    await listen(`?token=${ann}`).next('connected');
    expect((await api.call('POST', '/auth/ws-ticket', { body: {} })).status).toBe(403);
  });

  it('bring an agent its own records only', async () => {
    const bob = await api.token('bob');
    const listener = listen('', { authorization: `Bearer ${bob}` });
    await listener.next('connected');
    await api.snapshot(ann, 's2', 'ann');
    await api.event(ann, 'ann', null, 'secret plans', { message: 'of ann' });
    await api.event(bob, 'bob', null, 'mine');
    expect(await listener.next('agent_event')).toMatchObject({ agent_id: 'bob' });
    expect(listener.frames).toEqual([]);
  });

  const stop = (hostname: string, status: string) =>
    api.site.services.changes.run({ actor: { id: 't', kind: 'system', via: 't' }, request: 'none' }, async (change) => {
      await change.tx.updateTable('agent').set({ status }).where('hostname', '=', hostname).execute();
      change.audit({ action: 'agent.revoke', object: { kind: 'agent', id: hostname } });
    });

  it('end when the token does, and with text that is too long', async () => {
    const carol = await api.token('carol');
    const listener = listen('', { authorization: `Bearer ${carol}` });
    await listener.next('connected');
    await api.site.services.changes.run({ actor: { id: 't', kind: 'system', via: 't' }, request: 'none' }, async (change) => {
      await change.tx.updateTable('legacy_token').set({ revoked_at: change.now }).where('legacy_id', '=', 'carol').execute();
      change.audit({ action: 'token_revoked', object: { kind: 'token', id: 'carol' } });
    });
    await api.site.clock.advance(10_000);
    expect(await listener.closed).toEqual({ code: 1008, reason: 'Invalid token' });
    const dave = await api.token('dave');
    const made = await api.call<{ ticket: string }>('POST', '/auth/ws-ticket', { token: dave, body: {} });
    const byTicket = listen(`?token=${made.body.ticket}`);
    await byTicket.next('connected');
    await stop('dave', 'revoked');
    await api.site.clock.advance(10_000);
    expect(await byTicket.closed).toEqual({ code: 1008, reason: 'Invalid token' });
    const long = listen('', { authorization: `Bearer ${ann}` });
    await long.next('connected');
    long.socket.send('x'.repeat(70_000));
    expect((await long.closed).code).toBe(1009);
  });
});

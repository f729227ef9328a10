import type { EventFrame } from '@fortfail/protocol';
import { expect, it } from 'vitest';
import type { WebSocket } from 'ws';
import { localSocket } from '../access/principal.ts';
import { databaseSuite } from '../testing/database-suite.ts';
import { readySite, type TestSite } from '../testing/test-site.ts';
import { type EventSocket, EventStream } from './events-socket.ts';

class Listener {
  readonly frames: EventFrame[] = [];
  readonly socket: WebSocket;

  private constructor(socket: WebSocket) {
    this.socket = socket;
  }

  static async open(site: TestSite, path: string, headers: Record<string, string>): Promise<Listener> {
    const frames: EventFrame[] = [];
    const socket = await site.app.injectWS(
      path,
      { headers: { host: 'localhost:8000', ...headers } },
      { onInit: (ws) => ws.on('message', (data: Buffer) => void frames.push(JSON.parse(data.toString()) as EventFrame)) },
    );
    const listener = new Listener(socket);
    listener.frames.push(...frames.splice(0));
    socket.on('message', () => listener.frames.push(...frames.splice(0)));
    return listener;
  }

  async until(isThere: (frames: readonly EventFrame[]) => boolean): Promise<void> {
    while (!isThere(this.frames)) await new Promise((resolve) => setImmediate(resolve));
  }
}

databaseSuite('live events', (open) => {
  const own = { origin: 'http://localhost:8000' };

  it('says hello, replays what was missed in order and goes on live', async () => {
    const { site, planId } = await readySite(await open());
    await using _site = site;
    const { cookie } = await site.person('ann', [{ role: 'viewer', scope: 'site' }]);
    const listener = await Listener.open(site, '/api/v1/events?after=0', { ...own, cookie });
    const head = await site.services.feed.head();
    await listener.until((frames) => frames.some((frame) => frame.type === 'changed' && frame.seq === head));
    expect(listener.frames[0]).toMatchObject({ type: 'hello', seq: head });
    const sequence = () => listener.frames.flatMap((frame) => (frame.type === 'changed' ? [frame.seq] : []));
    expect(sequence()).toEqual(Array.from({ length: head }, (_, index) => index + 1));
    await site.local('POST', `/plans/${planId}/backup`);
    await listener.until((frames) => frames.some((frame) => frame.type === 'changed' && frame.object === 'job' && frame.seq > head));
    expect(sequence()).toEqual(sequence().toSorted((a, b) => a - b));
    listener.socket.terminate();
  });

  it('beats every five seconds and ends with its session', async () => {
    const { site } = await readySite(await open());
    await using _site = site;
    const { cookie } = await site.person('ann', [{ role: 'viewer', scope: 'site' }]);
    const listener = await Listener.open(site, '/api/v1/events', { ...own, cookie });
    await listener.until((frames) => frames.length > 0);
    await settle();
    await site.clock.advance(5000);
    await listener.until((frames) => frames.some((frame) => frame.type === 'beat'));
    await site.browser('POST', '/me/sign-out', { cookie, body: {} });
    const closed = new Promise<number>((resolve) => listener.socket.on('close', resolve));
    await settle();
    await site.clock.advance(5000);
    expect(await closed).toBe(4401);
  });

  it('tells a client to read anew when its number is unknown', async () => {
    const { site } = await readySite(await open());
    await using _site = site;
    const listener = await Listener.open(site, '/api/v1/events?after=99999', { 'x-test-local': '1' });
    await listener.until((frames) => frames.some((frame) => frame.type === 'reset'));
    expect(listener.frames.find((frame) => frame.type === 'reset')).toEqual({ type: 'reset', seq: await site.services.feed.head() });
    listener.socket.terminate();
  });

  it('opens for nobody, no foreign page and no bad number', async () => {
    const { site } = await readySite(await open());
    await using _site = site;
    const { cookie } = await site.person('ann', [{ role: 'viewer', scope: 'site' }]);
    await expect(Listener.open(site, '/api/v1/events', own)).rejects.toThrow('401');
    await expect(Listener.open(site, '/api/v1/events', { cookie, origin: 'http://evil.example' })).rejects.toThrow('403');
    await expect(Listener.open(site, '/api/v1/events', { cookie })).rejects.toThrow('403');
    await expect(Listener.open(site, '/api/v1/events?after=x', { ...own, cookie })).rejects.toThrow('400');
  });

  it('cuts off a listener that does not read, and no other', async () => {
    const { site, planId } = await readySite(await open());
    await using _site = site;
    const make = () => {
      const socket = {
        OPEN: 1,
        readyState: 1,
        bufferedAmount: 0,
        sent: 0,
        on: () => socket,
        close: () => undefined,
        send: () => {
          socket.sent += 1;
        },
        terminate: () => {
          socket.readyState = 3;
        },
      };
      return socket;
    };
    const [stuck, lively] = [make(), make()];
    for (const socket of [stuck, lively]) void new EventStream(site.services, socket as unknown as EventSocket, localSocket).begin(0);
    while (stuck.sent < 2 || lively.sent < 2) await site.clock.advance(0);
    stuck.bufferedAmount = 5 << 20;
    const before = lively.sent;
    await site.local('POST', `/plans/${planId}/backup`);
    while (stuck.readyState === 1 || lively.sent === before) await site.clock.advance(0);
    expect(lively.readyState).toBe(1);
  });

  it('shows somebody with one plan the events of that plan only', async () => {
    const { site, planId } = await readySite(await open());
    await using _site = site;
    const { cookie } = await site.person('ann', [{ role: 'viewer', scope: `plan:${planId}` }]);
    const listener = await Listener.open(site, '/api/v1/events?after=0', { ...own, cookie });
    await site.local('POST', `/plans/${planId}/backup`);
    await listener.until((frames) => frames.some((frame) => frame.type === 'changed' && frame.object === 'job'));
    const changed = listener.frames.filter((frame) => frame.type === 'changed');
    expect(changed.every((frame) => frame.planId === planId)).toBe(true);
    listener.socket.terminate();
  });
});

/** Lets what is under way without timers come to rest. */
async function settle(): Promise<void> {
  for (let turns = 0; turns < 50; turns += 1) await new Promise((resolve) => setImmediate(resolve));
}

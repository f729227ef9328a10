import { FakeClock } from '@fortfail/base/testing';
import { expect, it } from 'vitest';
import { fromPayload, Outgoing, type SiteMessage, toPayloads } from './site-bus.ts';
import { SiteClock } from './site-clock.ts';

const log = (messages: readonly string[]): SiteMessage => {
  const at = '2026-11-21T09:00:00.000Z';
  const lines = messages.map((message) => ({ at, level: 'info' as const, message }));
  return { type: 'live', event: { type: 'job.log', seq: null, at, id: 'job_0000000000000001', lines } };
};

it('spreads log lines over as many notifications as they need, in order, and drops a line that fits in none', () => {
  const messages = Array.from({ length: 30 }, (_, n) => `${n} ${'ä'.repeat(500)}`);
  const payloads = toPayloads('rpl_1', log(messages));
  expect(payloads.every((payload) => Buffer.byteLength(payload) < 8000)).toBe(true);
  const read = payloads.flatMap((payload) => {
    const message = fromPayload(payload)?.message;
    return message?.type === 'live' && message.event.type === 'job.log' ? message.event.lines.map((line) => line.message) : [];
  });
  expect(read).toEqual(messages);
  expect(toPayloads('rpl_1', log(['short', 'ä'.repeat(5000)]))).toHaveLength(1);
});

it('passes over what it does not know', () => {
  for (const payload of ['', '{', '[]', 'null', '{"from":1}', '{"from":"x","message":{"type":"newer"}}']) {
    expect(fromPayload(payload)).toBeUndefined();
  }
  expect(fromPayload('{"from":"x","message":{"type":"stored"}}')).toEqual({ from: 'x', message: { type: 'stored' } });
});

it('says the same thing once and keeps no more than its bound', () => {
  const outgoing = new Outgoing();
  for (let n = 0; n < 10; n += 1) {
    outgoing.add({ type: 'stored' });
    outgoing.add({ type: 'queued', agentId: 'agt_1' });
  }
  expect(outgoing.take()).toEqual([{ type: 'stored' }, { type: 'queued', agentId: 'agt_1' }]);
  expect(outgoing.add({ type: 'stored' })).toBe(true);
  for (let n = 0; n < 5000; n += 1) outgoing.add(log([`${n}`]));
  expect(outgoing.add(log(['one more']))).toBe(false);
  let kept = 0;
  for (let batch = outgoing.take(); batch.length > 0; batch = outgoing.take()) kept += batch.length;
  expect(kept).toBe(2000);
});

it('goes by the clock of the database when its own is off, and does not step for what it cannot measure', () => {
  const own = new FakeClock(new Date('2026-11-21T09:10:00Z'));
  const clock = new SiteClock(own);
  const database = Date.parse('2026-11-21T09:00:00Z');
  expect(clock.compare(database, 4)).toBeCloseTo(-600_000, -1);
  expect(Math.abs(clock.now().getTime() - database)).toBeLessThan(10);
  clock.compare(database + 100, 4);
  expect(Math.abs(clock.now().getTime() - database)).toBeLessThan(10);
  own.jump(new Date(database));
  clock.compare(database, 4);
  expect(clock.now()).toEqual(own.now());
});

import { FortFailError } from '@fortfail/base';
import type { Event, EventFrame } from '@fortfail/protocol';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { WebSocket } from 'ws';
import { may } from '../access/may.ts';
import type { Principal } from '../access/principal.ts';
import { asOfNow } from '../access/standing.ts';
import type { Services } from '../services.ts';
import { HttpRefusal } from './problems.ts';

const beatEveryMs = 5000;
/** A listener that reads no faster than this much waits for it is cut off: it comes back and asks from where it was. */
const maxBuffered = 4 << 20;

type LiveEvent = Exclude<Event, { type: 'changed' }>;

/** Live events for browsers: what was stored after `?after=`, then everything as it comes, and a beat every five seconds. */
export function registerEvents(app: FastifyInstance, services: Services): void {
  app.route({
    method: 'GET',
    url: '/api/v1/events',
    preValidation: async (request) => {
      if (may(request.principal, 'see', { kind: 'event' }) !== 'yes') {
        throw new HttpRefusal(401, { kind: 'denied', code: 'not-signed-in', message: 'unable to answer before sign-in' });
      }
      afterOf(request);
      if (!services.streams.hasRoom(request.principal, request.ip)) throw tooMany();
    },
    handler: (_request, reply) => reply.code(426).send({ detail: 'this path speaks WebSocket' }),
    wsHandler: (socket, request) => {
      const end = () => socket.close(4401, 'the rights changed');
      const entered = services.streams.enter(request.principal, request.ip, end);
      socket.on('close', () => entered[Symbol.dispose]());
      void new EventStream(services, socket, request.principal).begin(afterOf(request));
    },
  });
}

function tooMany(): HttpRefusal {
  const message = 'unable to open one more event stream, too many are open';
  return new HttpRefusal(429, { kind: 'denied', code: 'too-many-streams', message, hint: 'Close some tabs or programs first.' }, 30);
}

function afterOf(request: FastifyRequest): number | undefined {
  const { after } = request.query as { after?: string };
  if (after === undefined) return undefined;
  if (typeof after === 'string' && /^\d{1,15}$/.test(after)) return Number(after);
  throw new FortFailError({
    kind: 'invalid-input',
    code: 'bad-after',
    message: 'unable to accept the query: after must be a sequence number',
  });
}

/** The part of a WebSocket that is needed here. */
export type EventSocket = Pick<WebSocket, 'on' | 'send' | 'close' | 'terminate' | 'bufferedAmount' | 'readyState' | 'OPEN'>;

/** One listener. Stored events are read from the database in order, so none is lost, doubled or out of turn. */
export class EventStream {
  readonly #services: Services;
  readonly #socket: EventSocket;
  #principal: Principal;
  readonly #stop = new AbortController();
  #seen = 0;
  #reading: Promise<void> | undefined;
  #isWanted = false;

  constructor(services: Services, socket: EventSocket, principal: Principal) {
    this.#services = services;
    this.#socket = socket;
    this.#principal = principal;
  }

  async begin(after: number | undefined): Promise<void> {
    const { feed, logger } = this.#services;
    this.#socket.on('close', () => this.#stop.abort());
    try {
      const head = await feed.head();
      this.#seen = after ?? head;
      this.#send({ type: 'hello', now: this.#now(), seq: head });
      if (after !== undefined && (after > head || (await feed.after(after, 1)).lost)) {
        this.#seen = head;
        this.#send({ type: 'reset', seq: head });
      }
      using _listening = feed.listen({ stored: () => this.#wake(), live: (event) => this.#live(event) });
      this.#wake();
      await this.#beat();
    } catch (error) {
      logger.error({ component: 'events', err: error }, 'event stream failed');
      this.#socket.close(1011, 'try again');
    }
  }

  async #beat(): Promise<void> {
    const { clock } = this.#services;
    while (!this.#stop.signal.aborted) {
      await clock.sleep(beatEveryMs, this.#stop.signal).catch(() => undefined);
      if (this.#stop.signal.aborted) return;
      if (!(await this.#isStillWelcome())) return this.#socket.close(4401, 'the session ended');
      // Another orchestrator on the same database may have stored events that nobody told us of.
      this.#wake();
      await this.#reading;
      this.#send({ type: 'beat', now: this.#now(), seq: this.#seen });
    }
  }

  async #isStillWelcome(): Promise<boolean> {
    const now = await asOfNow(this.#services, this.#principal);
    // From here on by today's rights.
    if (now !== undefined) this.#principal = now;
    return now !== undefined && may(now, 'see', { kind: 'event' }) === 'yes';
  }

  #wake(): void {
    this.#isWanted = true;
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
    });
  }

  async #read(): Promise<void> {
    try {
      while (this.#isWanted && !this.#stop.signal.aborted) {
        this.#isWanted = false;
        for (let more = true; more; ) {
          const { items } = await this.#services.feed.after(this.#seen);
          for (const event of items) if (this.#sees(event.planId)) this.#send(event);
          this.#seen = items.at(-1)?.seq ?? this.#seen;
          more = items.length > 0;
        }
      }
    } catch (error) {
      this.#services.logger.error({ component: 'events', err: error }, 'reading events failed');
      this.#socket.close(1011, 'try again');
    }
  }

  /** Progress and log lines name a job only; they go to those who may see the whole site. */
  #live(event: LiveEvent): void {
    if (this.#sees(null) && this.#socket.bufferedAmount < maxBuffered) this.#send(event);
  }

  #sees(planId: string | null): boolean {
    return may(this.#principal, 'see', { kind: 'event', planId }) === 'yes';
  }

  #send(frame: EventFrame): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    if (this.#socket.bufferedAmount > maxBuffered) this.#socket.terminate();
    else this.#socket.send(JSON.stringify(frame));
  }

  #now(): string {
    return this.#services.clock.now().toISOString();
  }
}

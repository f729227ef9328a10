import { type Clock, FortFailError, type Logger } from '@fortfail/base';
import {
  type AgentFrame,
  type AgentQuestion,
  type AuditHead,
  linkVersion,
  type OrchestratorFrame,
  orchestratorFrame,
  type SignedText,
} from '@fortfail/protocol';
import type { Outbox } from '../outbox/outbox.ts';
import { BackOff } from './back-off.ts';
import type { CarrierChoice } from './carrier-choice.ts';
import type { Wire, WireEnd } from './wire.ts';

/** Which attempt of which job. */
export interface JobHold {
  readonly jobId: string;
  readonly fence: number;
}

export type LeaseFrame = Extract<OrchestratorFrame, { type: 'lease' }>;
export type Welcome = Extract<OrchestratorFrame, { type: 'welcome' }>;
type Challenge = Extract<OrchestratorFrame, { type: 'challenge' }>;
type Ask = Extract<OrchestratorFrame, { type: 'ask' }>;
/** A frame before the link numbers it. */
export type OutgoingFrame = AgentFrame extends infer F ? (F extends AgentFrame ? Omit<F, 'v' | 'seq'> : never) : never;
export type Hello = Omit<Extract<AgentFrame, { type: 'hello' }>, 'v' | 'seq' | 'type' | 'jobs'>;
type Answer = Omit<Extract<AgentFrame, { type: 'answer' }>, 'v' | 'seq' | 'type' | 'id'>;

/** What the link tells the rest of the agent. None of these throws. */
export interface LinkListener {
  /** Jobs in hand, without those whose outcome waits in the outbox. */
  holds(): readonly JobHold[];
  /** Handled to its end before the next frame. */
  welcomed(welcome: Welcome): Promise<void>;
  /** Handled to its end before the next frame, so that orders count in the order they were numbered. */
  leased(lease: LeaseFrame): Promise<void>;
  revoked(hold: JobHold): void;
  cancelled(hold: JobHold, reason: string): void;
  planned(order: string): Promise<void>;
  rostered(roster: SignedText): Promise<void>;
  headed(head: AuditHead): Promise<void>;
  answer(question: AgentQuestion): Promise<Answer>;
  /** How the link is, for whoever asks on this host. */
  stands(state: LinkState): void;
}

export interface LinkState {
  readonly state: 'connected' | 'waiting';
  readonly carrier: string;
  readonly site: string | undefined;
  /** Why it is not connected; null while it is. */
  readonly reason: string | null;
  readonly standing: WireEnd['standing'];
}

export interface AgentLinkParts {
  readonly carriers: CarrierChoice;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly outbox: Outbox;
  readonly hello: () => Hello;
  /** The proof that a challenge wants; undefined where none does. */
  readonly prove?: ((nonce: string) => Promise<string>) | undefined;
  readonly listener: LinkListener;
}

export const heartbeatMs = 5000;
const welcomeTimeoutMs = 30_000;
/** Live words are dropped rather than piled up when the other side does not read. */
const mostBufferedBytes = 1024 * 1024;

/**
 * The conversation with the orchestrator, by whatever carrier gets through: comes back by itself whenever it breaks. After
 * each welcome what waits in the outbox goes first, in order, then a heartbeat. A broken link stops no job; only a
 * revocation does.
 */
export class AgentLink {
  readonly #parts: AgentLinkParts;
  #wire: Wire | undefined;
  #isWelcomed = false;
  #sequence = 0;

  constructor(parts: AgentLinkParts) {
    this.#parts = parts;
  }

  get isConnected(): boolean {
    return this.#isWelcomed;
  }

  /** Sends a live word; it is lost without a welcomed connection, which is fine for progress and logs. */
  send(frame: OutgoingFrame): boolean {
    const wire = this.#wire;
    if (!this.#isWelcomed || wire === undefined) return false;
    if ((frame.type === 'progress' || frame.type === 'log') && wire.bufferedBytes > mostBufferedBytes) return false;
    this.#write(wire, frame);
    return true;
  }

  /** Stays connected until the signal. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, logger, carriers, listener } = this.#parts;
    const backOff = new BackOff();
    while (!signal.aborted) {
      const carrier = carriers.current;
      const { reason, standing } = await this.#converse(signal, backOff);
      if (signal.aborted) return;
      const pauseMs = backOff.next(standing);
      logger.info(
        { component: 'link', carrier: carrier.name, reason, standing, pauseMs },
        'not connected to the orchestrator, trying again',
      );
      listener.stands({ state: 'waiting', carrier: carrier.name, site: undefined, reason, standing });
      await clock.sleep(pauseMs, signal).catch(() => undefined);
    }
  }

  /** One connection, from its opening to its end; answers why it ended. */
  async #converse(signal: AbortSignal, backOff: BackOff): Promise<WireEnd> {
    const { logger, carriers } = this.#parts;
    const ended = new AbortController();
    let handling = Promise.resolve();
    let wasWelcomed = false;
    const end = await new Promise<WireEnd>((resolve) => {
      const wire = carriers.current.connect({
        opened: () => {
          this.#sequence = 0;
          if (wire.greets === 'at-once') this.#hello(wire, undefined);
        },
        received: (text) => {
          handling = handling
            .then(async () => {
              await this.#receive(wire, text, backOff);
              wasWelcomed ||= this.#isWelcomed;
            })
            .catch((error: unknown) => {
              logger.error({ component: 'link', err: error }, 'frame not handled');
              wire.close(1011, 'frame not handled');
            });
        },
        ended: resolve,
      });
      const stop = (): void => wire.close(1001, 'the agent stops');
      signal.addEventListener('abort', stop, { once: true, signal: ended.signal });
      void this.#supervise(wire, ended.signal);
    });
    ended.abort();
    this.#isWelcomed = false;
    this.#wire = undefined;
    await handling;
    this.#isWelcomed = false;
    // What the site said of this agent has nothing to do with the way there.
    carriers.ended(wasWelcomed || end.standing !== undefined);
    return end;
  }

  #hello(wire: Wire, proof: string | undefined): void {
    const hello = { type: 'hello', ...this.#parts.hello(), jobs: this.#holds(), ...(proof === undefined ? {} : { proof }) } as const;
    this.#write(wire, hello);
  }

  /** Gives up on a connection that is not welcomed in time, and keeps the leases of one that is. */
  async #supervise(wire: Wire, signal: AbortSignal): Promise<void> {
    const { clock } = this.#parts;
    const beganMs = clock.monotonicMs();
    while (!signal.aborted) {
      await clock.sleep(heartbeatMs, signal).catch(() => undefined);
      if (signal.aborted) return;
      if (this.#isWelcomed) this.#beat();
      else if (clock.monotonicMs() - beganMs >= welcomeTimeoutMs) wire.terminate();
    }
  }

  #beat(): void {
    this.send({ type: 'heartbeat', jobs: this.#holds() });
  }

  /** Jobs in hand, and those whose outcome is still on its way: neither may be given to somebody else. */
  #holds(): JobHold[] {
    const { outbox, listener } = this.#parts;
    return [...listener.holds(), ...outbox.outcomes].map(({ jobId, fence }) => ({ jobId, fence }));
  }

  async #receive(wire: Wire, text: string, backOff: BackOff): Promise<void> {
    const frame = this.#parse(text);
    if (frame === undefined) return;
    const { listener, outbox, logger } = this.#parts;
    switch (frame.type) {
      case 'challenge':
        return await this.#challenged(wire, frame);
      case 'welcome':
        return await this.#welcome(wire, frame, backOff);
      case 'lease':
        return await listener.leased(frame);
      case 'plans':
        return await listener.planned(frame.order);
      case 'roster':
        return await listener.rostered(frame.roster);
      case 'head':
        return await listener.headed(frame.head);
      case 'revoked':
        return listener.revoked(frame);
      case 'cancel':
        return listener.cancelled(frame, frame.reason);
      case 'ack':
        return await outbox.acknowledge(frame.outboxId);
      case 'ask':
        // Not awaited: a folder that takes long to list must not hold up the leases behind it.
        void this.#answer(wire, frame).catch((error: unknown) => logger.error({ component: 'link', err: error }, 'question not answered'));
        return;
    }
  }

  /** What arrives is checked; a frame of a newer orchestrator that this agent does not know is passed over. */
  #parse(text: string): OrchestratorFrame | undefined {
    const { logger } = this.#parts;
    try {
      const frame = orchestratorFrame.safeParse(JSON.parse(text));
      if (frame.success) return frame.data;
      logger.warn(
        { component: 'link', issues: frame.error.issues.slice(0, 5).map(({ path, message }) => `${path.join('.')}: ${message}`) },
        'frame ignored',
      );
    } catch {
      logger.warn({ component: 'link', sizeBytes: text.length }, 'frame ignored, it is not JSON');
    }
    return undefined;
  }

  /** A site that wants a proof where none is due, or twice, is not answered. */
  async #challenged(wire: Wire, { nonce }: Challenge): Promise<void> {
    const { prove } = this.#parts;
    if (prove === undefined || wire.greets !== 'challenged' || this.#sequence > 0) return;
    this.#hello(wire, await prove(nonce));
  }

  async #welcome(wire: Wire, welcome: Welcome, backOff: BackOff): Promise<void> {
    if (welcome.v !== linkVersion)
      throw new FortFailError({ kind: 'bug', code: 'link-version', message: `unable to speak link version ${welcome.v}` });
    if (this.#isWelcomed) return;
    const { listener, outbox, logger, carriers } = this.#parts;
    await listener.welcomed(welcome);
    backOff.reset();
    carriers.welcomed();
    this.#wire = wire;
    this.#isWelcomed = true;
    for (const letter of outbox.waiting) this.#write(wire, letter);
    for (const hold of welcome.revoked) listener.revoked(hold);
    this.#beat();
    const carrier = carriers.current.name;
    listener.stands({ state: 'connected', carrier, site: welcome.site, reason: null, standing: undefined });
    logger.info({ component: 'link', agentId: welcome.agentId, carrier, waiting: outbox.waiting.length }, 'connected to the orchestrator');
  }

  async #answer(wire: Wire, ask: Ask): Promise<void> {
    const answer = await this.#parts.listener.answer(ask.question);
    if (this.#wire === wire) this.#write(wire, { type: 'answer', id: ask.id, ...answer });
  }

  #write(wire: Wire, frame: OutgoingFrame): void {
    this.#sequence += 1;
    wire.send(JSON.stringify({ v: linkVersion, seq: this.#sequence, ...frame }));
  }
}

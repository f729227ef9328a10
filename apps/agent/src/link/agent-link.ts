import { connect } from 'node:net';
import { type Clock, FortFailError, type Logger } from '@fortfail/base';
import { type AgentFrame, type AgentQuestion, linkVersion, type OrchestratorFrame, orchestratorFrame } from '@fortfail/protocol';
import WebSocket from 'ws';
import type { Outbox } from '../outbox/outbox.ts';
import { BackOff } from './back-off.ts';

/** Which attempt of which job. */
export interface JobHold {
  readonly jobId: string;
  readonly fence: number;
}

export type Lease = Extract<OrchestratorFrame, { type: 'lease' }>;
type Welcome = Extract<OrchestratorFrame, { type: 'welcome' }>;
type Ask = Extract<OrchestratorFrame, { type: 'ask' }>;
/** A frame before the link numbers it. */
export type OutgoingFrame = AgentFrame extends infer F ? (F extends AgentFrame ? Omit<F, 'v' | 'seq'> : never) : never;
type Hello = Omit<Extract<AgentFrame, { type: 'hello' }>, 'v' | 'seq' | 'type' | 'jobs'>;

/** What the link tells the rest of the agent. None of these throws. */
export interface LinkListener {
  /** Jobs in hand, without those whose outcome waits in the outbox. */
  holds(): readonly JobHold[];
  welcomed(welcome: Welcome): Promise<void>;
  leased(lease: Lease): void;
  revoked(hold: JobHold): void;
  cancelled(hold: JobHold, reason: string): void;
  answer(question: AgentQuestion): Promise<Omit<Extract<AgentFrame, { type: 'answer' }>, 'v' | 'seq' | 'type' | 'id'>>;
}

export interface AgentLinkParts {
  readonly socketPath: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly outbox: Outbox;
  readonly hello: () => Hello;
  readonly listener: LinkListener;
}

export const heartbeatMs = 5000;
const welcomeTimeoutMs = 10_000;
/** Live words are dropped rather than piled up when the other side does not read. */
const mostBufferedBytes = 1024 * 1024;
const mostFrameBytes = 16 * 1024 * 1024;

/**
 * The conversation with the orchestrator: comes back by itself whenever it breaks. After each welcome what waits in the
 * outbox goes first, in order, then a heartbeat. A broken link stops no job; only a revocation does.
 */
export class AgentLink {
  readonly #parts: AgentLinkParts;
  #socket: WebSocket | undefined;
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
    const socket = this.#socket;
    if (!this.#isWelcomed || socket === undefined) return false;
    if ((frame.type === 'progress' || frame.type === 'log') && socket.bufferedAmount > mostBufferedBytes) return false;
    this.#write(socket, frame);
    return true;
  }

  /** Stays connected until the signal. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#parts;
    const backOff = new BackOff();
    while (!signal.aborted) {
      const reason = await this.#converse(signal, backOff);
      if (signal.aborted) return;
      const pauseMs = backOff.next();
      logger.info({ component: 'link', reason, pauseMs }, 'not connected to the orchestrator, trying again');
      await clock.sleep(pauseMs, signal).catch(() => undefined);
    }
  }

  /** One connection, from its opening to its end; answers why it ended. */
  async #converse(signal: AbortSignal, backOff: BackOff): Promise<string> {
    const { socketPath, logger } = this.#parts;
    // The path goes to the system as it is: in a `ws+unix:` address a colon or a percent sign would split it.
    const socket = new WebSocket('ws://localhost/agent-link', {
      createConnection: () => connect(socketPath),
      perMessageDeflate: false,
      maxPayload: mostFrameBytes,
    });
    const ended = new AbortController();
    const end = new Promise<string>((resolve) => {
      socket.on('error', (error) => resolve(error.message));
      socket.on('close', (code, reason) => resolve(`closed with ${code} ${reason.toString()}`.trim()));
    });
    socket.on('open', () => {
      this.#sequence = 0;
      this.#socket = socket;
      this.#write(socket, { type: 'hello', ...this.#parts.hello(), jobs: this.#holds() });
    });
    let handling = Promise.resolve();
    socket.on('message', (data: WebSocket.RawData, isBinary: boolean) => {
      const text = isBinary ? '' : data.toString();
      handling = handling
        .then(() => this.#receive(socket, text, backOff))
        .catch((error: unknown) => {
          logger.error({ component: 'link', err: error }, 'frame not handled');
          socket.close(1011, 'frame not handled');
        });
    });
    const stop = (): void => socket.close(1001, 'the agent stops');
    signal.addEventListener('abort', stop, { once: true });
    void this.#supervise(socket, ended.signal);
    const reason = await end;
    signal.removeEventListener('abort', stop);
    ended.abort();
    this.#isWelcomed = false;
    this.#socket = undefined;
    socket.terminate();
    await handling;
    return reason;
  }

  /** Gives up on a connection that is not welcomed in time, and keeps the leases of one that is. */
  async #supervise(socket: WebSocket, signal: AbortSignal): Promise<void> {
    const { clock } = this.#parts;
    const beganMs = clock.monotonicMs();
    while (!signal.aborted) {
      await clock.sleep(heartbeatMs, signal).catch(() => undefined);
      if (signal.aborted) return;
      if (this.#isWelcomed) this.#beat();
      else if (clock.monotonicMs() - beganMs >= welcomeTimeoutMs) socket.terminate();
    }
  }

  #beat(): void {
    this.send({ type: 'heartbeat', jobs: this.#holds() });
  }

  /** Jobs in hand, and those whose outcome is still on its way: neither may be given to somebody else. */
  #holds(): JobHold[] {
    const { outbox, listener } = this.#parts;
    const waiting = outbox.waiting.map(({ jobId, fence }) => ({ jobId, fence }));
    return [...listener.holds().map(({ jobId, fence }) => ({ jobId, fence })), ...waiting];
  }

  async #receive(socket: WebSocket, text: string, backOff: BackOff): Promise<void> {
    const frame = this.#parse(text);
    if (frame === undefined) return;
    const { listener, outbox, logger } = this.#parts;
    switch (frame.type) {
      case 'welcome':
        return await this.#welcome(socket, frame, backOff);
      case 'lease':
        return listener.leased(frame);
      case 'revoked':
        return listener.revoked(frame);
      case 'cancel':
        return listener.cancelled(frame, frame.reason);
      case 'ack':
        return await outbox.acknowledge(frame.outboxId);
      case 'ask':
        // Not awaited: a folder that takes long to list must not hold up the leases behind it.
        void this.#answer(socket, frame).catch((error: unknown) =>
          logger.error({ component: 'link', err: error }, 'question not answered'),
        );
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

  async #welcome(socket: WebSocket, welcome: Welcome, backOff: BackOff): Promise<void> {
    if (welcome.v !== linkVersion)
      throw new FortFailError({ kind: 'bug', code: 'link-version', message: `unable to speak link version ${welcome.v}` });
    await this.#parts.listener.welcomed(welcome);
    backOff.reset();
    this.#isWelcomed = true;
    for (const outcome of this.#parts.outbox.waiting) this.#write(socket, { type: 'outcome', ...outcome });
    for (const hold of welcome.revoked) this.#parts.listener.revoked(hold);
    this.#beat();
    this.#parts.logger.info(
      { component: 'link', agentId: welcome.agentId, waiting: this.#parts.outbox.waiting.length },
      'connected to the orchestrator',
    );
  }

  async #answer(socket: WebSocket, ask: Ask): Promise<void> {
    const answer = await this.#parts.listener.answer(ask.question);
    if (socket.readyState === WebSocket.OPEN) this.#write(socket, { type: 'answer', id: ask.id, ...answer });
  }

  #write(socket: WebSocket, frame: OutgoingFrame): void {
    this.#sequence += 1;
    socket.send(JSON.stringify({ v: linkVersion, seq: this.#sequence, ...frame }));
  }
}

import type { Clock } from '@fortfail/base';
import { HttpRefusal } from '../http/problems.ts';
import { randomHex } from '../ids.ts';
import type { AgentSession, Wire } from './agent-session.ts';
import { refusalOfClose } from './standing.ts';

const holdMs = 55_000;
/** A conversation that nobody asks for any more is over. */
const forgottenMs = 75_000;
const maxSessions = 10_000;
const maxWaitingBytes = 16 << 20;

export interface PollRequest {
  readonly agentId: string;
  readonly session: string | null;
  readonly frames: readonly { readonly seq: number; readonly text: string }[];
  readonly acked: number;
}
export interface PollAnswer {
  readonly session: string;
  readonly frames: readonly unknown[];
}

export interface PollSessionsParts {
  readonly clock: Clock;
  /** Begins a conversation over this wire, with the agent whose request was proven. */
  readonly begin: (wire: Wire, agentId: string) => AgentSession;
}

/**
 * The link by ordinary requests, for networks that let no WebSocket through: the same frames and the same conversation. What
 * was sent is kept until the agent acknowledges it, so a lost answer loses nothing.
 */
export class PollSessions {
  readonly #parts: PollSessionsParts;
  readonly #open = new Map<string, PollConversation>();

  constructor(parts: PollSessionsParts) {
    this.#parts = parts;
  }

  /**
   * Takes in the agent's frames and answers with the site's, waiting up to 55 s for some when the agent sends none. Throws
   * 404 `no-such-session` for a conversation that is over, and the refusal of an agent that is not let in.
   */
  async exchange(request: PollRequest, signal: AbortSignal): Promise<PollAnswer> {
    this.#forget();
    const conversation = request.session === null ? this.#begin(request.agentId) : this.#open.get(request.session);
    if (conversation === undefined || conversation.agentId !== request.agentId) throw noSuchSession();
    try {
      await conversation.receive(request.frames, request.acked);
      const isHolding = request.frames.length === 0 && request.session !== null;
      const frames = await conversation.take(isHolding ? holdMs : 0, signal);
      return { session: conversation.id, frames };
    } finally {
      if (conversation.isOver) this.#open.delete(conversation.id);
    }
  }

  /** Ends all conversations. */
  stop(): void {
    for (const conversation of this.#open.values()) conversation.end(1001, 'the orchestrator stops');
    this.#open.clear();
  }

  #begin(agentId: string): PollConversation {
    if (this.#open.size >= maxSessions)
      throw new HttpRefusal(503, { kind: 'unavailable', code: 'too-many-sessions', message: 'unable to take one more agent by long poll' });
    const conversation = new PollConversation(agentId, this.#parts.clock);
    conversation.session = this.#parts.begin(conversation, agentId);
    this.#open.set(conversation.id, conversation);
    return conversation;
  }

  #forget(): void {
    const now = this.#parts.clock.monotonicMs();
    for (const conversation of this.#open.values()) {
      if (conversation.isHeld || now - conversation.askedAtMs < forgottenMs) continue;
      conversation.end(4408, 'nobody polls any more');
      this.#open.delete(conversation.id);
    }
  }
}

interface Sent {
  readonly seq: number;
  readonly frame: unknown;
  readonly bytes: number;
}

class PollConversation implements Wire {
  readonly id = randomHex(16);
  readonly agentId: string;
  session: AgentSession | undefined;
  askedAtMs: number;
  readonly #clock: Clock;
  readonly #sent: Sent[] = [];
  #bytes = 0;
  #received = 0;
  #held = 0;
  #closed: { readonly code: number; readonly reason: string } | undefined;
  #wake: () => void = () => undefined;
  #news = this.#nextNews();

  constructor(agentId: string, clock: Clock) {
    this.agentId = agentId;
    this.#clock = clock;
    this.askedAtMs = clock.monotonicMs();
  }

  get isHeld(): boolean {
    return this.#held > 0;
  }

  get isOver(): boolean {
    return this.#closed !== undefined;
  }

  send(text: string): void {
    if (this.#closed !== undefined) return;
    const frame = JSON.parse(text) as { seq: number };
    this.#sent.push({ seq: frame.seq, frame, bytes: text.length });
    this.#bytes += text.length;
    if (this.#bytes > maxWaitingBytes) this.end(4408, 'the agent does not take what is sent');
    this.#tell();
  }

  close(code: number, reason: string): void {
    this.#closed ??= { code, reason };
    this.#tell();
  }

  end(code: number, reason: string): void {
    this.close(code, reason);
    this.session?.closed();
  }

  async receive(frames: PollRequest['frames'], acked: number): Promise<void> {
    this.askedAtMs = this.#clock.monotonicMs();
    for (let first = this.#sent[0]; first !== undefined && first.seq <= acked; first = this.#sent[0]) {
      this.#bytes -= first.bytes;
      this.#sent.shift();
    }
    for (const { seq, text } of frames) {
      // A repeated request brings what was taken in already.
      if (seq <= this.#received || this.#closed !== undefined) continue;
      this.#received = seq;
      await this.session?.receive(text);
    }
    if (this.#closed !== undefined) this.session?.closed();
  }

  /** What was sent and not acknowledged. Waits for some when there is none. Throws why the conversation is over. */
  async take(waitMs: number, signal: AbortSignal): Promise<unknown[]> {
    if (this.#sent.length === 0 && this.#closed === undefined && waitMs > 0) await this.#wait(waitMs, signal);
    if (this.#closed !== undefined && this.#sent.length === 0) throw refusalOf(this.#closed);
    return this.#sent.map(({ frame }) => frame);
  }

  async #wait(waitMs: number, signal: AbortSignal): Promise<void> {
    this.#held += 1;
    const timer = new AbortController();
    try {
      const patience = this.#clock.sleep(waitMs, AbortSignal.any([signal, timer.signal])).catch(() => undefined);
      await Promise.race([this.#news, patience]);
    } finally {
      timer.abort();
      this.#held -= 1;
      this.askedAtMs = this.#clock.monotonicMs();
    }
  }

  #tell(): void {
    this.#wake();
    this.#news = this.#nextNews();
  }

  #nextNews(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}

function refusalOf({ code, reason }: { readonly code: number; readonly reason: string }): HttpRefusal {
  const found = refusalOfClose(code);
  return new HttpRefusal(found.http, {
    kind: found.http === 503 ? 'unavailable' : 'denied',
    code: found.code,
    message: `unable to go on with this conversation: ${reason}`,
  });
}

function noSuchSession(): HttpRefusal {
  return new HttpRefusal(404, {
    kind: 'not-found',
    code: 'no-such-session',
    message: 'unable to find this conversation, it is over',
    hint: 'Begin another one with a hello.',
  });
}

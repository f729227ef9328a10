import type { Event, EventFrame, JobLogLine, JobProgress } from '@fortfail/protocol';
import { after, browserNow, every } from '../render/clock.ts';
import { serverClock } from './server-clock.ts';

/** How fresh the page is. `asOf` is the server's time of the last word heard, in milliseconds; null before the first. */
export interface Freshness {
  readonly state: 'connecting' | 'live' | 'stale';
  readonly asOf: number | null;
}

/** What the stream tells those who keep data. Calls come merged, at most four times a second. */
export interface LiveListener {
  /** These objects should be read again. */
  changed(events: readonly ChangedEvent[]): void;
  /** Anything may have changed: events were lost in between. */
  reset(): void;
  /** The stream could not be opened: perhaps the session has ended. */
  refused(): void;
}

export type ChangedEvent = Extract<Event, { type: 'changed' }>;

const MERGE_MS = 250;
const STALE_MS = 10_000;
const RETRY_SECONDS = [1, 2, 5, 10, 30];
const LOG_LINES_KEPT = 2000;
/** How the server closes the stream of a session that has ended. */
const SESSION_ENDED = 4401;
const NO_LINES: readonly JobLogLine[] = [];

/** The one stream of live events: opens it, opens it again after a loss, notices silence, merges storms. */
export class LiveEvents {
  readonly #listener: LiveListener;
  #socket: WebSocket | undefined;
  #seq = 0;
  #tries = 0;
  #heardAt = 0;
  #opened = false;
  #stopped = true;
  #cancelRetry: (() => void) | undefined;
  #cancelWatch: (() => void) | undefined;
  #cancelFlush: (() => void) | undefined;
  #pending = new Map<string, ChangedEvent>();
  #freshness: Freshness = { state: 'connecting', asOf: null };
  readonly #progress = new Map<string, JobProgress>();
  readonly #lines = new Map<string, readonly JobLogLine[]>();
  readonly #subscribers = new Set<() => void>();

  constructor(listener: LiveListener) {
    this.#listener = listener;
  }

  readonly subscribe = (subscriber: () => void): (() => void) => {
    this.#subscribers.add(subscriber);
    return () => this.#subscribers.delete(subscriber);
  };
  readonly freshness = (): Freshness => this.#freshness;
  readonly progressOf = (jobId: string): JobProgress | undefined => this.#progress.get(jobId);
  readonly linesOf = (jobId: string): readonly JobLogLine[] => this.#lines.get(jobId) ?? NO_LINES;

  start(): void {
    if (!this.#stopped) return;
    this.#stopped = false;
    this.#heardAt = browserNow();
    this.#cancelWatch = every(1000, () => this.#watch());
    this.#open();
  }

  stop(): void {
    this.#stopped = true;
    for (const cancel of [this.#cancelRetry, this.#cancelWatch, this.#cancelFlush]) cancel?.();
    this.#cancelRetry = this.#cancelWatch = this.#cancelFlush = undefined;
    this.#socket?.close();
    this.#socket = undefined;
    this.#seq = 0;
    this.#set({ state: 'connecting', asOf: null });
  }

  /** Tries at once, whatever the next try was set to. */
  retryNow(): void {
    if (this.#stopped) return;
    this.#tries = 0;
    this.#socket?.close();
    this.#open();
  }

  #open(): void {
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
    this.#opened = false;
    const scheme = location.protocol === 'https:' ? 'wss:' : 'ws:';
    const socket = new WebSocket(`${scheme}//${location.host}/api/v1/events${this.#seq > 0 ? `?after=${this.#seq}` : ''}`);
    this.#socket = socket;
    socket.addEventListener('message', (message) => {
      if (this.#socket === socket) this.#hear(JSON.parse(String(message.data)) as EventFrame);
    });
    socket.addEventListener('close', ({ code }) => {
      if (this.#socket !== socket || this.#stopped) return;
      this.#socket = undefined;
      if (!this.#opened || code === SESSION_ENDED) this.#listener.refused();
      const seconds = RETRY_SECONDS[Math.min(this.#tries, RETRY_SECONDS.length - 1)] ?? 30;
      this.#tries += 1;
      this.#cancelRetry = after(seconds * 1000, () => this.#open());
    });
  }

  #hear(frame: EventFrame): void {
    this.#heardAt = browserNow();
    const cameBack = this.#freshness.state === 'stale';
    if (frame.type === 'hello' || frame.type === 'beat') serverClock.heard(frame.now);
    if (frame.type === 'hello') {
      this.#opened = true;
      this.#tries = 0;
      // A server that starts over counts from the beginning: nothing we hold can be trusted then.
      if (frame.seq < this.#seq) this.#listener.reset();
      if (this.#seq === 0) this.#seq = frame.seq;
    }
    if (frame.type === 'reset') {
      this.#seq = frame.seq;
      this.#listener.reset();
    }
    if (frame.type === 'beat') this.#seq = Math.max(this.#seq, frame.seq);
    if (frame.type === 'changed') {
      this.#seq = Math.max(this.#seq, frame.seq);
      this.#pending.set(`${frame.object} ${frame.id}`, frame);
    }
    if (frame.type === 'job.progress') this.#progress.set(frame.id, frame.progress);
    if (frame.type === 'job.log') this.#lines.set(frame.id, [...this.linesOf(frame.id), ...frame.lines].slice(-LOG_LINES_KEPT));
    if (cameBack || this.#freshness.state !== 'live') this.#set({ state: 'live', asOf: serverClock.now() });
    this.#cancelFlush ??= after(MERGE_MS, () => this.#flush());
  }

  #flush(): void {
    this.#cancelFlush = undefined;
    const events = [...this.#pending.values()];
    this.#pending = new Map();
    if (events.length > 0) this.#listener.changed(events);
    this.#set({ state: this.#freshness.state, asOf: this.#asOf() });
  }

  #watch(): void {
    if (this.#freshness.state === 'stale' || browserNow() - this.#heardAt <= STALE_MS) return;
    this.#set({ state: 'stale', asOf: this.#asOf() });
    // A socket that looks open but is silent is half dead: only a new one will do.
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.close();
  }

  #asOf(): number {
    return this.#heardAt + serverClock.aheadMs;
  }

  #set(freshness: Freshness): void {
    this.#freshness = freshness;
    for (const subscriber of this.#subscribers) subscriber();
  }
}

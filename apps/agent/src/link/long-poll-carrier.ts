import { asFortFailError, type Clock } from '@fortfail/base';
import { z } from 'zod';
import { webSocketAgainMs } from './carrier-choice.ts';
import { answerError, linkPath, type RemoteSite, type SiteAnswer } from './remote-site.ts';
import { type Carrier, standingOfProblem, type Wire, type WireEnd, type WireListener } from './wire.ts';

const pollPath = `${linkPath}/poll`;
/** What one request carries at most; the rest goes with the next. */
const mostFrames = 200;
const mostBytes = 4 * 1024 * 1024;
/** The site holds a request for 55 s; whoever is silent for longer is not there. */
const silentMs = 75_000;

const pollAnswer = z.object({ session: z.string(), frames: z.array(z.looseObject({ seq: z.int() })) });

/** The same frames by ordinary requests, for networks where no WebSocket gets through. */
export function longPollCarrier(site: RemoteSite, clock: Clock): Carrier {
  return { name: 'long poll', connect: (listener) => new LongPollWire(site, clock, listener) };
}

/**
 * Two requests at a time: one that waits for the site's frames, and one that carries ours. Frames of the site are numbered
 * and come again until they were acknowledged, so each counts once by whichever request it came.
 */
class LongPollWire implements Wire {
  readonly greets = 'at-once';
  readonly #site: RemoteSite;
  readonly #clock: Clock;
  readonly #listener: WireListener;
  readonly #stop = new AbortController();
  readonly #queue: string[] = [];
  #session: string | null = null;
  #acked = 0;
  #isSending = false;
  #isHolding = false;
  #isClosing = false;
  #hasEnded = false;

  constructor(site: RemoteSite, clock: Clock, listener: WireListener) {
    this.#site = site;
    this.#clock = clock;
    this.#listener = listener;
    // As with every carrier, whoever opened it has it in hand before it speaks.
    queueMicrotask(() => listener.opened());
    clock.sleep(webSocketAgainMs, this.#stop.signal).then(
      () => this.#end({ reason: 'trying a WebSocket again', standing: undefined }),
      () => undefined,
    );
  }

  get bufferedBytes(): number {
    return this.#queue.reduce((sum, text) => sum + text.length, 0);
  }

  send(text: string): void {
    if (this.#hasEnded) return;
    this.#queue.push(text);
    if (!this.#isSending) void this.#send();
  }

  close(_code: number, reason: string): void {
    this.#isClosing = true;
    if (!this.#isSending) this.#end({ reason, standing: undefined });
  }

  terminate(): void {
    this.#end({ reason: 'given up', standing: undefined });
  }

  async #send(): Promise<void> {
    this.#isSending = true;
    try {
      while (this.#queue.length > 0 && !this.#hasEnded) {
        await this.#exchange(this.#take());
        if (!this.#isHolding && this.#session !== null && !this.#isClosing) void this.#hold();
      }
    } finally {
      this.#isSending = false;
    }
    if (this.#isClosing) this.#end({ reason: 'the agent stops', standing: undefined });
  }

  async #hold(): Promise<void> {
    this.#isHolding = true;
    while (!this.#hasEnded) await this.#exchange([]);
    this.#isHolding = false;
  }

  #take(): string[] {
    let bytes = 0;
    const count = this.#queue.findIndex((text, position) => {
      bytes += text.length;
      return position > 0 && (position >= mostFrames || bytes > mostBytes);
    });
    return this.#queue.splice(0, count === -1 ? this.#queue.length : count);
  }

  async #exchange(texts: readonly string[]): Promise<void> {
    const timer = new AbortController();
    const patience = this.#clock.sleep(silentMs, AbortSignal.any([timer.signal, this.#stop.signal])).then(
      () => timer.abort(new Error('the site does not answer')),
      () => undefined,
    );
    try {
      const content = { session: this.#session, frames: texts.map((text): unknown => JSON.parse(text)), acked: this.#acked };
      this.#hear(await this.#site.ask('POST', pollPath, content, AbortSignal.any([timer.signal, this.#stop.signal])));
    } catch (error) {
      this.#end({ reason: asFortFailError(error).message, standing: undefined });
    } finally {
      timer.abort();
      await patience;
    }
  }

  #hear(answer: SiteAnswer): void {
    if (this.#hasEnded) return;
    const read = pollAnswer.safeParse(answer.body);
    if (answer.status !== 200 || !read.success) {
      const { message, code } = answerError(answer, 'poll for orders');
      this.#end({ reason: message, standing: standingOfProblem(code) });
      return;
    }
    this.#session = read.data.session;
    for (const frame of read.data.frames) {
      if (frame.seq <= this.#acked) continue;
      this.#acked = frame.seq;
      this.#listener.received(JSON.stringify(frame));
    }
  }

  #end(end: WireEnd): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#stop.abort(new Error(end.reason));
    this.#listener.ended(end);
  }
}

import type { Event } from '@fortfail/protocol';
import { randomHex } from '../ids.ts';
import type { JobHold } from '../jobs/job-queue.ts';

export type LiveEvent = Exclude<Event, { type: 'changed' }>;

/**
 * What the orchestrator processes of a site tell each other. Every one of these may get lost and then only delays: whoever
 * hears them also looks into the database every second.
 */
export type SiteMessage =
  /** Events or audit records were committed. */
  | { readonly type: 'stored' }
  /** Progress and log lines: never stored as events. */
  | { readonly type: 'live'; readonly event: LiveEvent }
  /** A job of this agent waits. */
  | { readonly type: 'queued'; readonly agentId: string }
  | { readonly type: 'cancel'; readonly agentId: string; readonly hold: JobHold; readonly reason: string }
  /** A second process of an agent that is connected elsewhere wanted in. */
  | { readonly type: 'clash'; readonly agentId: string; readonly instance: string }
  /** A process or an agent came, went or moved. */
  | { readonly type: 'presence' }
  /** Letters lie ready for this process. */
  | { readonly type: 'relay'; readonly to: string };

export interface SiteBus {
  /** Tells all other processes, soon. Never throws and never waits. */
  publish(message: SiteMessage): void;
  /** Hears what other processes published; never one's own. */
  subscribe(hear: (message: SiteMessage) => void): Disposable;
}

/** Where there is one process only, there is nobody to tell and nobody to hear. */
export const silentBus: SiteBus = {
  publish: () => undefined,
  subscribe: () => ({ [Symbol.dispose]: () => undefined }),
};

/** PostgreSQL refuses 8000 bytes and more. */
const maxPayloadBytes = 7900;
const types: ReadonlySet<string> = new Set<SiteMessage['type']>(['stored', 'live', 'queued', 'cancel', 'clash', 'presence', 'relay']);

/**
 * A message as payloads of notifications: log lines are spread over several, what fits in none is left out. No two payloads
 * are alike, or PostgreSQL would deliver one for both.
 */
export function toPayloads(from: string, message: SiteMessage): string[] {
  const payload = JSON.stringify({ from, n: randomHex(4), message });
  if (Buffer.byteLength(payload) <= maxPayloadBytes) return [payload];
  if (message.type !== 'live' || message.event.type !== 'job.log' || message.event.lines.length < 2) return [];
  const { event } = message;
  const half = Math.ceil(event.lines.length / 2);
  return [event.lines.slice(0, half), event.lines.slice(half)].flatMap((lines) =>
    toPayloads(from, { type: 'live', event: { ...event, lines } }),
  );
}

/** Undefined for what this version does not know, such as the word of a newer one. */
export function fromPayload(payload: string): { readonly from: string; readonly message: SiteMessage } | undefined {
  try {
    const read = JSON.parse(payload) as { from?: unknown; message?: { type?: unknown } } | null;
    if (typeof read?.from !== 'string' || typeof read.message?.type !== 'string' || !types.has(read.message.type)) return undefined;
    return { from: read.from, message: read.message as SiteMessage };
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Messages of the same key say the same: one of them waiting is enough. */
function keyOf(message: SiteMessage): string | undefined {
  if (message.type === 'stored' || message.type === 'presence') return message.type;
  if (message.type === 'queued') return `queued ${message.agentId}`;
  return message.type === 'relay' ? `relay ${message.to}` : undefined;
}

const maxWaiting = 2000;
const maxBatch = 200;

/** Messages on their way out, in order. Bounded: while nobody takes them away, the newest are left out. */
export class Outgoing {
  #waiting: SiteMessage[] = [];
  readonly #keys = new Set<string>();

  /** False when it was left out. */
  add(message: SiteMessage): boolean {
    const key = keyOf(message);
    if (key !== undefined && this.#keys.has(key)) return true;
    if (this.#waiting.length >= maxWaiting) return false;
    if (key !== undefined) this.#keys.add(key);
    this.#waiting.push(message);
    return true;
  }

  take(): SiteMessage[] {
    const taken = this.#waiting.slice(0, maxBatch);
    this.#waiting = this.#waiting.slice(maxBatch);
    for (const message of taken) this.#keys.delete(keyOf(message) ?? '');
    return taken;
  }

  clear(): void {
    this.#waiting = [];
    this.#keys.clear();
  }
}

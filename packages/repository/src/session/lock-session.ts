import { randomBytes } from 'node:crypto';
import { asFortFailError, type Clock, type Logger } from '@fortfail/base';
import type { DocumentStore } from '../document-store.ts';
import type { SessionField } from '../format/lock-document.ts';
import { acquireLock } from '../lock/acquire-lock.ts';
import { fenced, type HeldLock, isFenced } from '../lock/held-lock.ts';
import { readHostIdentity } from '../lock/host-identity.ts';

/** A client's stay in the repository, shown to others by a lock until it is closed. */
export interface Session extends AsyncDisposable {
  /** 32 hexadecimal digits. */
  readonly id: string;
  readonly kind: 'reader' | 'writer' | 'keeper';
  /** Aborted when the caller's own signal is, and with `conflict`/`fenced` when the lock was taken away. */
  readonly signal: AbortSignal;
  /** Looks whether the lock still stands, and throws `conflict`/`fenced` when it does not. */
  requireHeld(): Promise<void>;
  /** Removes the lock. Harmless when called again. */
  close(): Promise<void>;
}

const refreshEveryMs = 5 * 60_000;
const retryRefreshMs = 60_000;
/** restic's: nobody may believe in a lock that could not be refreshed for so long. */
const tooLateMs = 22.5 * 60_000;
/** The machine slept, or its clock was set: look before anything else. */
const jumpMs = 15 * 60_000;

export interface SessionOptions {
  readonly documents: DocumentStore;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly kind: SessionField['kind'];
  readonly holds: readonly string[];
  readonly retryLockMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** Takes the lock for a session and keeps it fresh. Throws `repository-locked`. */
export async function beginSession(options: SessionOptions): Promise<LockSession> {
  const { documents, clock, kind, holds } = options;
  const id = randomBytes(16).toString('hex');
  const content = {
    exclusive: kind === 'keeper',
    identity: readHostIdentity(),
    session: { v: 1, kind, session: id, lease: '', holds } as const,
  };
  const held = await acquireLock({ documents, clock, content, retryLockMs: options.retryLockMs, signal: options.signal });
  return new LockSession(id, held, options);
}

/** A session over a lock; refreshes it every five minutes. */
export class LockSession implements Session {
  readonly id: string;
  readonly kind: SessionField['kind'];
  readonly signal: AbortSignal;
  readonly #held: HeldLock;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #fence = new AbortController();
  readonly #end = new AbortController();
  readonly #refreshing: Promise<void>;
  #freshSince: { readonly wallMs: number; readonly monotonicMs: number };
  #closing: Promise<void> | undefined;

  constructor(id: string, held: HeldLock, options: SessionOptions) {
    this.id = id;
    this.kind = options.kind;
    this.#held = held;
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.signal = options.signal === undefined ? this.#fence.signal : AbortSignal.any([options.signal, this.#fence.signal]);
    this.#freshSince = this.#times();
    this.#refreshing = this.#keepFresh();
  }

  async requireHeld(): Promise<void> {
    this.signal.throwIfAborted();
    try {
      if (this.#staleMs() > jumpMs) await this.#refresh();
      else if (!(await this.#held.isThere())) throw fenced('its lock was removed');
    } catch (error) {
      if (isFenced(error)) this.#fence.abort(error);
      throw error;
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#end.abort();
    await this.#refreshing;
    try {
      await this.#held.remove();
    } catch (error) {
      // What the session did is done; a lock left behind is visible, and `unlock` removes it.
      this.#logger.warn({ lock: this.#held.name, errCode: asFortFailError(error).code }, 'lock could not be removed');
    }
  }

  async #keepFresh(): Promise<void> {
    let waitMs = refreshEveryMs;
    while (await this.#wait(waitMs)) {
      try {
        await this.#refresh();
        waitMs = refreshEveryMs;
      } catch (error) {
        waitMs = retryRefreshMs;
        if (isFenced(error)) return this.#fence.abort(error);
        this.#logger.warn({ lock: this.#held.name, errCode: asFortFailError(error).code }, 'lock could not be refreshed');
        if (this.#staleMs() > tooLateMs) return this.#fence.abort(fenced('its lock could not be refreshed'));
      }
    }
  }

  /** False when the session ends meanwhile. */
  async #wait(ms: number): Promise<boolean> {
    try {
      await this.#clock.sleep(ms, this.#end.signal);
    } catch (error) {
      if (!this.#end.signal.aborted) throw error;
    }
    return !this.#end.signal.aborted;
  }

  async #refresh(): Promise<void> {
    const times = this.#times();
    await this.#held.refresh();
    this.#freshSince = times;
  }

  #times(): { readonly wallMs: number; readonly monotonicMs: number } {
    return { wallMs: this.#clock.now().getTime(), monotonicMs: this.#clock.monotonicMs() };
  }

  /** By whichever clock moved more: standby stops one of them, a person sets the other. */
  #staleMs(): number {
    const now = this.#times();
    return Math.max(Math.abs(now.wallMs - this.#freshSince.wallMs), now.monotonicMs - this.#freshSince.monotonicMs);
  }
}

/** A session that shows nothing: for reading with `--no-lock`. */
export function unlockedSession(kind: SessionField['kind'], signal: AbortSignal | undefined): Session {
  return {
    id: randomBytes(16).toString('hex'),
    kind,
    signal: signal ?? new AbortController().signal,
    requireHeld: () => Promise.resolve(),
    close: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

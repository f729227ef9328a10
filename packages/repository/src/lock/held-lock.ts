import { type Clock, FortFailError, isFortFailError } from '@fortfail/base';
import type { DocumentStore } from '../document-store.ts';
import { createLocalZone, formatGoTime } from '../format/go-time.ts';
import { encodeLock, type SessionField } from '../format/lock-document.ts';
import type { HostIdentity } from './host-identity.ts';

/** What a lock says; the time is added when it is put. */
export interface LockContent {
  readonly exclusive: boolean;
  readonly identity: HostIdentity;
  readonly session: SessionField;
}

/** The error of a client whose lock somebody took away: what it did not publish yet must be started over. */
export function fenced(reason: string): FortFailError {
  return new FortFailError({
    kind: 'conflict',
    code: 'fenced',
    message: `unable to go on, ${reason}`,
    hint: 'Somebody unlocked the repository or removed what this client relied on. Start again; what is stored already will be found.',
  });
}

/** True for the failure after which a writer begins a new session and starts over. */
export function isFenced(error: unknown): boolean {
  return isFortFailError(error, 'conflict') && error.code === 'fenced';
}

/**
 * Waits until everybody's listings show what we have put: they may be as old as the storage says, and whoever shows
 * something must wait so long before looking for the others. Nothing to wait for where listings are always current.
 */
export async function settle(documents: DocumentStore, clock: Clock, signal?: AbortSignal, leastMs = 0): Promise<void> {
  const ms = Math.max(leastMs, 2 * documents.backend.properties.listDelayMs);
  if (ms > 0) await clock.sleep(ms, signal);
}

/** A lock of ours in `locks/`, from `put` to `remove`. */
export class HeldLock {
  readonly #documents: DocumentStore;
  readonly #clock: Clock;
  readonly #content: LockContent;
  #name: string;

  private constructor(documents: DocumentStore, clock: Clock, content: LockContent, name: string) {
    this.#documents = documents;
    this.#clock = clock;
    this.#content = content;
    this.#name = name;
  }

  static async put(documents: DocumentStore, clock: Clock, content: LockContent, signal?: AbortSignal): Promise<HeldLock> {
    return new HeldLock(documents, clock, content, await putLock(documents, clock, content, signal));
  }

  /** Changes with every refresh. */
  get name(): string {
    return this.#name;
  }

  /** False when somebody removed it: we are fenced then, whatever we believe. */
  async isThere(): Promise<boolean> {
    try {
      await this.#documents.backend.stat({ type: 'lock', name: this.#name });
      return true;
    } catch (error) {
      if (isFortFailError(error, 'not-found')) return false;
      throw error;
    }
  }

  /** New lock first, then the old one goes: at no moment is there none. Throws `conflict`/`fenced` when the old one is gone. */
  async refresh(signal?: AbortSignal): Promise<void> {
    if (!(await this.isThere())) throw fenced('its lock was removed');
    const next = await putLock(this.#documents, this.#clock, this.#content, signal);
    await settle(this.#documents, this.#clock, signal);
    if (await this.isThere()) {
      const old = this.#name;
      this.#name = next;
      await removeLock(this.#documents, old);
      return;
    }
    await removeLock(this.#documents, next);
    throw fenced('its lock was removed');
  }

  /** Harmless when it is gone already. */
  remove(): Promise<void> {
    return removeLock(this.#documents, this.#name);
  }
}

async function putLock(documents: DocumentStore, clock: Clock, content: LockContent, signal: AbortSignal | undefined): Promise<string> {
  const time = formatGoTime(BigInt(clock.now().getTime()) * 1_000_000n, createLocalZone());
  const { exclusive, identity, session } = content;
  return documents.save('lock', encodeLock({ time, exclusive, ...identity, fortfail: session }), { signal });
}

/** Removes a file of `locks/`; one that is gone is fine. */
export async function removeLock(documents: DocumentStore, name: string): Promise<void> {
  try {
    await documents.backend.remove({ type: 'lock', name });
  } catch (error) {
    if (!isFortFailError(error, 'not-found')) throw error;
  }
}

import type { StorageBackend } from '@fortfail/storage';
import type { SealedPack } from './open-pack.ts';
import type { PackRecord } from './packed-blob.ts';

/** A pack to store. */
export interface QueuedPack {
  readonly pack: SealedPack;
  /** Throws when the pack must not be stored. Called when no other pack is on its way. */
  readonly prove: () => void;
  readonly onSettled: () => void;
}

/** Stores packs one after the other. After a failure nothing more is stored, and everybody who asks hears of it. */
export class PackQueue {
  readonly #backend: StorageBackend;
  readonly #onPack: (record: PackRecord) => void;
  readonly #signal: AbortSignal | undefined;
  readonly #waiting: QueuedPack[] = [];
  #current: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;

  constructor(backend: StorageBackend, onPack: (record: PackRecord) => void, signal: AbortSignal | undefined) {
    this.#backend = backend;
    this.#onPack = onPack;
    this.#signal = signal;
  }

  /** True while a pack waits behind the one being stored, and after a failure. */
  get isBusy(): boolean {
    return this.#waiting.length > 0 || this.#failure !== undefined;
  }

  throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  /** Takes a pack, whose bytes must not change until `onSettled`. */
  add(queued: QueuedPack): void {
    this.#waiting.push(queued);
    this.#start();
  }

  /** Waits for the pack being stored; false when there is none. */
  async next(): Promise<boolean> {
    if (this.#current === undefined) return false;
    await this.#current;
    return true;
  }

  #start(): void {
    if (this.#current !== undefined || this.#failure !== undefined) return;
    const queued = this.#waiting.shift();
    if (queued === undefined) return;
    this.#current = this.#store(queued).then(() => {
      this.#current = undefined;
      this.#start();
    });
  }

  async #store({ pack, prove, onSettled }: QueuedPack): Promise<void> {
    try {
      prove();
      await this.#backend.put({ type: 'pack', name: pack.id }, pack.bytes, { signal: this.#signal });
      this.#onPack({ id: pack.id, sizeBytes: pack.bytes.length, blobs: pack.blobs });
    } catch (error) {
      this.#failure ??= { error };
    }
    onSettled();
  }
}

import { FortFailError } from '@fortfail/base';
import type { IoOptions } from '../backend.ts';

/** What somebody said in advance that an object's bytes will be. Nothing counts as stored before they are exactly that. */
export interface ObjectClaim {
  readonly sizeBytes: number;
  /** Lower-case hexadecimal. */
  readonly sha256: string;
}

export interface StoredObject {
  readonly sizeBytes: number;
  /** The bytes, once and in order. Ending the iteration early gives the file or connection back. */
  readonly body: AsyncIterable<Uint8Array>;
}

/**
 * A place for opaque, immutable objects under keys that we chose ourselves (never a text that somebody sent). Every kind
 * promises:
 * - an object is under its key whole and as claimed, or not at all, also after a crash at any moment;
 * - memory stays bounded, however large an object is;
 * - failures carry a kind: `not-found`, `no-space`, `unavailable`, `denied`, and `invalid-input` with the code
 *   `object-too-long`, `object-too-short` or `object-sum` when bytes and claim differ.
 */
export interface ObjectStore extends AsyncDisposable {
  readonly kind: 'local' | 's3';
  /** Makes the folder or bucket when it is missing, and removes what writers that died left behind. */
  prepare(options?: IoOptions): Promise<void>;
  /** Throws `no-space` when so many bytes cannot be taken in now; a kind that cannot know says nothing. */
  reserve(sizeBytes: number): Promise<void>;
  /** Stores what `body` gives, checking it on the way. Resolves only when it is durable. */
  put(key: string, body: AsyncIterable<Uint8Array>, claim: ObjectClaim, options?: IoOptions): Promise<void>;
  get(key: string, options?: IoOptions): Promise<StoredObject>;
  /** Its size, or undefined when there is none. */
  head(key: string, options?: IoOptions): Promise<{ readonly sizeBytes: number } | undefined>;
  /** Harmless when there is none. */
  remove(key: string, options?: IoOptions): Promise<void>;
  /**
   * A URL under which somebody without credentials may PUT exactly what is claimed, for so long. Only keys below
   * `incoming/` are ever given away: what lies there is not trusted before `promote`. Absent where nobody but us can write.
   */
  presignPut?(key: string, claim: ObjectClaim, seconds: number): Promise<string>;
}

const keyPattern = /^[a-z0-9][a-z0-9-]*(\/[a-z0-9][a-z0-9-]*){0,3}$/;

/** Throws `bug` for a key that is not one of ours: user text must never get here. */
export function checkKey(key: string): string {
  if (keyPattern.test(key) && key.length <= 200) return key;
  throw new FortFailError({ kind: 'bug', code: 'object-key', message: 'unable to use an object key that is not of our making' });
}

/**
 * Moves what somebody put under `from` to its final key, checking it against the claim on the way: the bytes that were
 * checked are the bytes that are stored, whatever happens to `from` meanwhile. Throws `not-found` when nothing is there.
 */
export async function promote(store: ObjectStore, from: string, to: string, claim: ObjectClaim, options: IoOptions = {}): Promise<void> {
  const incoming = await store.get(from, options);
  await store.put(to, incoming.body, claim, options);
  await store.remove(from, options);
}

import { FortFailError } from '@fortfail/base';

/**
 * The keys everything in a repository is sealed with. To another thread they go as `workerData` only, never in a message,
 * an environment or an argument.
 */
export interface MasterKey {
  /** 32 bytes: AES-256-CTR. */
  readonly encrypt: Uint8Array;
  /** 16 bytes: AES-128, which makes the one-time half of the authenticator's key. */
  readonly macK: Uint8Array;
  /** 16 bytes: Poly1305's r; clamped in use, stored as it is. */
  readonly macR: Uint8Array;
}

const lengths = { encrypt: 32, macK: 16, macR: 16 } as const;

/** Throws `damaged` when a part has the wrong length or is all zero. */
export function requireSoundKey(key: MasterKey): void {
  for (const part of ['encrypt', 'macK', 'macR'] as const) {
    const bytes = key[part];
    if (bytes.length === lengths[part] && bytes.some((byte) => byte !== 0)) continue;
    throw new FortFailError({ kind: 'damaged', code: 'bad-key', message: `unable to use key, its part '${part}' is not valid` });
  }
}

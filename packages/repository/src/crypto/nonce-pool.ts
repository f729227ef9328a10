import { randomFillSync } from 'node:crypto';

const poolBytes = 16 * 1024;
const nonceBytes = 16;

/** Fresh random nonces. The system is asked for many at once, which makes one cost next to nothing; none is given twice. */
export class NoncePool {
  readonly #pool = Buffer.alloc(poolBytes);
  #used = poolBytes;

  /** 16 random bytes, never all zero. Valid until the next call. */
  next(): Buffer {
    for (;;) {
      if (this.#used + nonceBytes > poolBytes) {
        randomFillSync(this.#pool);
        this.#used = 0;
      }
      const nonce = this.#pool.subarray(this.#used, this.#used + nonceBytes);
      this.#used += nonceBytes;
      if (!isAllZero(nonce)) return nonce;
    }
  }
}

/** True for an initialisation vector that restic and we refuse. */
export function isAllZero(bytes: Uint8Array): boolean {
  for (const byte of bytes) if (byte !== 0) return false;
  return true;
}

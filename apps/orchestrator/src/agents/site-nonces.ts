import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { Clock } from '@fortfail/base';
import type { SigningKey } from '@fortfail/trust';

const lifeSeconds = 120;
const form = /^(\d{1,12})\.([A-Za-z0-9_-]{43})$/;

/**
 * Nonces for agents whose clocks are wrong: a proof that carries one is judged by our clock instead of by theirs. They are
 * not stored, so nobody can fill anything by asking for them; all processes with one link key know each other's.
 */
export class SiteNonces {
  readonly #key: Buffer;
  readonly #clock: Clock;

  constructor(linkKey: SigningKey, clock: Clock) {
    // Ed25519 signatures of one text are the same each time and known to nobody without the key.
    this.#key = createHash('sha256').update(linkKey.sign('fortfail request nonces', 'fortfail-nonce@v1')).digest();
    this.#clock = clock;
  }

  make(): string {
    const at = String(Math.floor(this.#clock.now().getTime() / 1000));
    return `${at}.${this.#mac(at).toString('base64url')}`;
  }

  /** True for one of ours that is at most two minutes old. */
  isGood(nonce: string): boolean {
    const [, at = '', mac = ''] = form.exec(nonce) ?? [];
    const given = Buffer.from(mac, 'base64url');
    const own = this.#mac(at);
    if (given.length !== own.length || !timingSafeEqual(given, own)) return false;
    const age = this.#clock.now().getTime() / 1000 - Number(at);
    return age >= -lifeSeconds && age <= lifeSeconds;
  }

  #mac(at: string): Buffer {
    return createHmac('sha256', this.#key).update(at).digest();
  }
}

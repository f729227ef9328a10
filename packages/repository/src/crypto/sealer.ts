import { type Cipheriv, createCipheriv, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';
import { FortFailError } from '@fortfail/base';
import { loadKernelModule } from '../kernels/kernel-module.ts';
import { WorkerMemory } from '../kernels/worker-memory.ts';
import { type MasterKey, requireSoundKey } from './master-key.ts';
import { isAllZero, NoncePool } from './nonce-pool.ts';

const ivBytes = 16;
const macBytes = 16;
/** What sealing adds to a plaintext. */
export const sealOverheadBytes = ivBytes + macBytes;

/** The cipher makes a fresh buffer of each piece: small enough to stay in the processor's cache and out of the heap's way. */
const pieceBytes = 64 * 1024;
/** From this size on a cipher's output is given back at once instead of waiting for the garbage collection. */
const releaseFromBytes = 32 * 1024;

// Where the kernels expect the parts of an authenticator's state (assembly/poly1305.ts).
const macKeyOffset = 48;
const macAddOffset = 64;
const macTagOffset = 80;

/** Gives the memory of a cipher's output back early: it is external to the heap, so the collector does not hurry. */
function release(output: Buffer): void {
  const { buffer } = output;
  if (output.length >= releaseFromBytes && buffer instanceof ArrayBuffer && buffer.byteLength === output.length) buffer.transfer(0);
}

function damaged(code: string, reason: string): FortFailError {
  return new FortFailError({ kind: 'damaged', code, message: `unable to open sealed data, ${reason}` });
}

/**
 * Encryption and authentication of restic's format (section 2): `IV || AES-256-CTR || Poly1305-AES`, every IV fresh and
 * random. Opening checks the authenticator, in constant time, before anything is decrypted, and throws `damaged` with code
 * `mac` (or `too-short`, `zero-iv`). Synchronous; one instance belongs to one thread.
 */
export class Sealer {
  readonly #memory: WorkerMemory;
  readonly #encryptKey: KeyObject;
  readonly #oneTimeCipher: Cipheriv;
  readonly #macR: Buffer;
  readonly #nonces = new NoncePool();
  readonly #tag = Buffer.alloc(macBytes);
  readonly #wantedTag = Buffer.alloc(macBytes);

  /** Works over a thread's memory when one is given, else over a small one of its own. */
  constructor(key: MasterKey, home: WebAssembly.Module | WorkerMemory = loadKernelModule()) {
    requireSoundKey(key);
    this.#memory = home instanceof WorkerMemory ? home : new WorkerMemory(home);
    // A KeyObject spares each cipher the import of the key, which costs more than encrypting a small blob.
    this.#encryptKey = createSecretKey(Buffer.from(key.encrypt));
    this.#oneTimeCipher = createCipheriv('aes-128-ecb', Buffer.from(key.macK), null);
    this.#oneTimeCipher.setAutoPadding(false);
    this.#macR = Buffer.from(key.macR);
  }

  /** A sealed copy of `plain`, of any length. */
  seal(plain: Uint8Array): Buffer {
    const sealed = Buffer.allocUnsafeSlow(plain.length + sealOverheadBytes);
    const nonce = this.#nonces.next();
    sealed.set(nonce, 0);
    this.#crypt(nonce, plain, sealed.subarray(ivBytes, ivBytes + plain.length));
    this.#authenticate(nonce, sealed.subarray(ivBytes, ivBytes + plain.length));
    sealed.set(this.#tag, ivBytes + plain.length);
    return sealed;
  }

  /** The plaintext of `sealed`, which stays as it is. */
  open(sealed: Uint8Array): Buffer {
    this.verify(sealed);
    const plain = Buffer.allocUnsafeSlow(sealed.length - sealOverheadBytes);
    this.#crypt(sealed.subarray(0, ivBytes), sealed.subarray(ivBytes, sealed.length - macBytes), plain);
    return plain;
  }

  /** Checks the authenticator without decrypting. */
  verify(sealed: Uint8Array): void {
    if (sealed.length < sealOverheadBytes) throw damaged('too-short', `${sealed.length} bytes are too few`);
    const iv = sealed.subarray(0, ivBytes);
    if (isAllZero(iv)) throw damaged('zero-iv', 'its initialisation vector is zero');
    this.#authenticate(iv, sealed.subarray(ivBytes, sealed.length - macBytes));
    this.#wantedTag.set(sealed.subarray(sealed.length - macBytes));
    if (!timingSafeEqual(this.#tag, this.#wantedTag)) throw damaged('mac', 'its authentication code does not match');
  }

  /**
   * Seals where the plaintext lies: `room` begins 16 bytes before it and ends at least 16 behind it. Answers with how many
   * bytes of `room` are now sealed. Fastest when `room` lies in the memory this sealer works over.
   */
  sealInPlace(room: Uint8Array, plainLength: number): number {
    const nonce = this.#nonces.next();
    room.set(nonce, 0);
    const body = room.subarray(ivBytes, ivBytes + plainLength);
    this.#crypt(nonce, body, body);
    this.#authenticate(nonce, body);
    room.set(this.#tag, ivBytes + plainLength);
    return plainLength + sealOverheadBytes;
  }

  /** Copies `plain` into `room` and seals it there; answers with the sealed length. */
  sealInto(plain: Uint8Array, room: Uint8Array): number {
    room.set(plain, ivBytes);
    return this.sealInPlace(room, plain.length);
  }

  /** Opens `sealed` where it lies and answers with the part of it that is now plaintext. Untouched when it is damaged. */
  openInPlace<T extends ArrayBufferLike>(sealed: Uint8Array<T>): Uint8Array<T> {
    this.verify(sealed);
    const body = sealed.subarray(ivBytes, sealed.length - macBytes);
    this.#crypt(sealed.subarray(0, ivBytes), body, body);
    return body;
  }

  /** Opens `sealed` into `target` (at least 32 bytes shorter suffices) and answers with the part that was written. */
  openFrom<T extends ArrayBufferLike>(sealed: Uint8Array, target: Uint8Array<T>): Uint8Array<T> {
    this.verify(sealed);
    const plain = target.subarray(0, sealed.length - sealOverheadBytes);
    this.#crypt(sealed.subarray(0, ivBytes), sealed.subarray(ivBytes, sealed.length - macBytes), plain);
    return plain;
  }

  /** Counter mode is its own inverse. `target` may be `source`. */
  #crypt(iv: Uint8Array, source: Uint8Array, target: Uint8Array): void {
    if (source.length === 0) return;
    const cipher = createCipheriv('aes-256-ctr', this.#encryptKey, iv);
    for (let at = 0; at < source.length; at += pieceBytes) {
      const output = cipher.update(source.subarray(at, at + pieceBytes));
      target.set(output, at);
      release(output);
    }
  }

  /** Leaves the authenticator of `body` in `#tag`. */
  #authenticate(iv: Uint8Array, body: Uint8Array): void {
    const { bytes, kernels, mac, staging } = this.#memory;
    bytes.set(this.#macR, mac.offset + macKeyOffset);
    bytes.set(this.#oneTimeCipher.update(iv), mac.offset + macAddOffset);
    kernels.polyStart(mac.offset);
    const home = this.#memory.offsetOf(body);
    if (home !== undefined) {
      kernels.polyUpdate(mac.offset, home, body.length);
    } else {
      for (let at = 0; at < body.length; at += staging.length) {
        const piece = body.subarray(at, at + staging.length);
        bytes.set(piece, staging.offset);
        kernels.polyUpdate(mac.offset, staging.offset, piece.length);
      }
    }
    kernels.polyFinish(mac.offset);
    bytes.copy(this.#tag, 0, mac.offset + macTagOffset, mac.offset + macTagOffset + macBytes);
  }
}

import { ed25519 } from '@noble/curves/ed25519.js';
import { bytesOf, toBase64Url } from '../encoding.ts';
import { invalid } from '../refusal.ts';
import { ed25519Blob, formatPrivateKey, parsePrivateKey } from './private-key-file.ts';
import { formatSshPublicKey, type SshPublicKey, sshFingerprint } from './public-key.ts';
import { armourSignature, signedData } from './signature.ts';
import { wireStrings } from './wire.ts';

function randomBytes(length: number): Uint8Array {
  return globalThis.crypto.getRandomValues(new Uint8Array(length));
}

/** An Ed25519 key that signs kept things as SSH signatures. Its secret half is shown by `toOpenSsh` and `toJwk` only. */
export class SigningKey {
  readonly publicKey: SshPublicKey;
  /** `ssh-ed25519 AAAA...`, without a comment. */
  readonly publicLine: string;
  /** `SHA256:...` */
  readonly fingerprint: string;
  readonly #seed: Uint8Array;
  readonly #point: Uint8Array;

  private constructor(seed: Uint8Array) {
    this.#seed = seed;
    this.#point = ed25519.getPublicKey(seed);
    this.publicKey = { type: 'ssh-ed25519', blob: ed25519Blob(this.#point) };
    this.publicLine = formatSshPublicKey(this.publicKey);
    this.fingerprint = sshFingerprint(this.publicKey);
  }

  static generate(): SigningKey {
    return new SigningKey(randomBytes(32));
  }

  /** The key of 32 secret bytes; the same bytes always give the same key. Kind `invalid-input` for another length. */
  static fromSeed(seed: Uint8Array): SigningKey {
    if (seed.length !== 32) throw invalid('seed-length', 'unable to make a signing key from a seed that is not 32 bytes long');
    return new SigningKey(Uint8Array.from(seed));
  }

  /** The key in an OpenSSH private key file without a passphrase. Kind `invalid-input`. */
  static fromOpenSsh(pem: string): SigningKey {
    return new SigningKey(parsePrivateKey(pem));
  }

  /** Armoured SSHSIG (SHA-512) over exactly these bytes, as `ssh-keygen -Y verify -n NAMESPACE` accepts. */
  sign(bytes: Uint8Array | string, namespace: string): string {
    if (namespace === '') throw invalid('namespace-empty', 'unable to sign without a namespace');
    const value = ed25519.sign(signedData(bytesOf(bytes), namespace, 'sha512'), this.#seed);
    return armourSignature(this.publicKey.blob, namespace, 'sha512', wireStrings('ssh-ed25519', value));
  }

  /** The secret key as a file for `ssh-keygen`. Keep it with mode 0600. */
  toOpenSsh(comment = ''): string {
    return formatPrivateKey(this.#seed, randomBytes(4), comment);
  }

  /** The secret key as a JWK (RFC 8037), for signing orders. */
  toJwk(): { readonly kty: 'OKP'; readonly crv: 'Ed25519'; readonly x: string; readonly d: string } {
    return { kty: 'OKP', crv: 'Ed25519', x: toBase64Url(this.#point), d: toBase64Url(this.#seed) };
  }

  toJSON(): string {
    return '[secret]';
  }
}
